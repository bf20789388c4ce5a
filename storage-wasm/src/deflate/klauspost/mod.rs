//! What github.com/klauspost/compress writes, and github.com/klauspost/pgzip with it.

mod chains;
mod fast;
mod found;
mod header;
mod huffman;
mod lazy;
mod level1;
mod level2;
mod level3;
mod level4;
mod level5;
mod level6;
mod pair;
mod plain;
mod tokens;
mod window;
mod writer;

use bytemuck::{Pod, Zeroable};

use super::sink::Sink;
use super::{
    Encoder, KLAUSPOST, KLAUSPOST_1_15, KLAUSPOST_2022, PGZIP, PGZIP_1_15, PGZIP_2022, open_as, write_as,
};
use crate::error::Error;
use fast::Fast;
use lazy::Lazy;
use level1::Level1;
use level2::Level2;
use level3::Level3;
use level4::Level4;
use level5::Level5;
use level6::Level6;
use plain::Plain;
use writer::{Version, Writer};

/// What pgzip compresses by itself, and how much of what is before may be referred to.
const BLOCK: usize = 1 << 20;
const DICTIONARY: usize = 1 << 14;

/// The level that is `HuffmanOnly` in Go.
const LITERALS_ONLY: u32 = -2i32 as u32;

/// Calls `$function` for the type of an encoder and a level.
macro_rules! by_encoder {
    ($function:ident, $encoder:expr, $level:expr, $arguments:tt) => {
        match $encoder {
            KLAUSPOST => by_level!($function, Whole, V1_18_2, $level, $arguments),
            PGZIP => by_level!($function, Blocks, V1_18_2, $level, $arguments),
            KLAUSPOST_2022 => by_level!($function, Whole, V1_15_11, $level, $arguments),
            PGZIP_2022 => by_level!($function, Blocks, V1_15_11, $level, $arguments),
            KLAUSPOST_1_15 => by_old_level!($function, Whole, $level, $arguments),
            PGZIP_1_15 => by_old_level!($function, Blocks, $level, $arguments),
            _ => Err(Error::Argument),
        }
    };
}

macro_rules! by_level {
    ($function:ident, $stream:ident, $version:ident, $level:expr, $arguments:tt) => {
        match $level {
            1 => $function::<$stream<Fast<Level1>, { Version::$version as u32 }>> $arguments,
            2 => $function::<$stream<Fast<Level2>, { Version::$version as u32 }>> $arguments,
            3 => $function::<$stream<Fast<Level3>, { Version::$version as u32 }>> $arguments,
            4 => $function::<$stream<Fast<Level4>, { Version::$version as u32 }>> $arguments,
            5 => $function::<$stream<Fast<Level5>, { Version::$version as u32 }>> $arguments,
            6 => $function::<$stream<Fast<Level6>, { Version::$version as u32 }>> $arguments,
            7..=9 => $function::<$stream<Lazy, { Version::$version as u32 }>> $arguments,
            0 | LITERALS_ONLY => $function::<$stream<Plain, { Version::$version as u32 }>> $arguments,
            _ => Err(Error::Argument),
        }
    };
}

macro_rules! by_old_level {
    ($function:ident, $stream:ident, $level:expr, $arguments:tt) => {
        match $level {
            5 => $function::<$stream<Fast<Level5>, { Version::V1_15_1 as u32 }>> $arguments,
            6 => $function::<$stream<Fast<Level6>, { Version::V1_15_1 as u32 }>> $arguments,
            _ => Err(Error::Argument),
        }
    };
}

/// [`super::open`] for an encoder of this family.
pub fn open(encoder: u32, level: u32, state: &mut [u8]) -> Result<usize, Error> {
    by_encoder!(open_as, encoder, level, (encoder, level, state))
}

/// [`super::write()`] for an encoder of this family.
pub fn write(
    encoder: u32,
    level: u32,
    state: &mut [u8],
    input: &[u8],
    last: bool,
    output: &mut [u8],
) -> Result<usize, Error> {
    by_encoder!(write_as, encoder, level, (state, input, last, output))
}

/// How a level makes blocks.
trait Method: Pod {
    /// Prepares a state of zeros.
    fn open(&mut self, version: Version, level: u32);

    /// Begins anew after at least [`DICTIONARY`] bytes, the last of which matches may refer to.
    fn restart(&mut self);

    /// Compresses raw bytes, as far as that does not depend on whether more follows.
    fn write(&mut self, input: &[u8], output: &mut Sink<'_>);

    /// Compresses what it has.
    fn flush(&mut self, output: &mut Sink<'_>);

    /// Where the blocks go through.
    fn writer(&mut self) -> &mut Writer;

    /// How many raw bytes there were since it began.
    fn filled(&mut self) -> &mut u32;
}

/// A stream made by one flate `Writer`. Its output does not depend on the sizes of `Write` calls.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
struct Whole<M, const VERSION: u32>(M);

impl<M: Method, const VERSION: u32> Encoder for Whole<M, VERSION> {
    fn open(&mut self, level: u32) -> Result<(), Error> {
        self.0.open(Version::of(VERSION), level);
        Ok(())
    }

    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.writer().check();
        self.0.write(input, output);
        if last {
            self.0.flush(output);
            self.0.writer().finish(output);
        }
    }
}

/// A stream made by pgzip: its blocks of 1 MiB, each ended by a flush, and compressed with the end of the one before as
/// a dictionary. The last one may be empty.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
struct Blocks<M, const VERSION: u32>(M);

impl<M: Method, const VERSION: u32> Blocks<M, VERSION> {
    fn flush(&mut self, output: &mut Sink<'_>) {
        self.0.flush(output);
        self.0.writer().stored(&[], output);
    }
}

impl<M: Method, const VERSION: u32> Encoder for Blocks<M, VERSION> {
    fn open(&mut self, level: u32) -> Result<(), Error> {
        self.0.open(Version::of(VERSION), level);
        Ok(())
    }

    fn write(&mut self, mut input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.writer().check();
        while !input.is_empty() {
            let filled = *self.0.filled() as usize;
            let (now, rest) = input.split_at(input.len().min(BLOCK.saturating_sub(filled)));
            self.0.write(now, output);
            *self.0.filled() += now.len() as u32;
            if filled + now.len() >= BLOCK {
                self.flush(output);
                self.0.restart();
                *self.0.filled() = 0;
            }
            input = rest;
        }
        if last {
            self.flush(output);
            self.0.writer().finish(output);
        }
    }
}
