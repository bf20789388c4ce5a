//! What github.com/klauspost/compress writes, github.com/klauspost/pgzip with it, and Go since 1.27, into whose
//! `compress/flate` it was taken.

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
mod literals;
mod pair;
mod plain;
mod tokens;
mod window;
mod writer;

use bytemuck::{Pod, Zeroable};

use super::sink::Sink;
use super::{
    Encoder, GO_1_27, KLAUSPOST, KLAUSPOST_1_10_3, KLAUSPOST_1_11_13, KLAUSPOST_1_12_2, KLAUSPOST_1_12_3,
    KLAUSPOST_1_14, KLAUSPOST_1_14_3, KLAUSPOST_1_15, KLAUSPOST_1_20_4, KLAUSPOST_2022, PGZIP, PGZIP_1_10_3,
    PGZIP_1_11_13, PGZIP_1_12_2, PGZIP_1_12_3, PGZIP_1_14, PGZIP_1_14_3, PGZIP_1_15, PGZIP_1_20_4,
    PGZIP_2022, open_as, write_as,
};
use crate::error::Error;
use fast::Fast;
use lazy::Lazy;
use level1::{Level1, OldLevel1};
use level2::Level2;
use level3::Level3;
use level4::Level4;
use level5::Level5;
use level6::Level6;
use plain::Plain;
use writer::{Following, Version, Writer};

/// What pgzip compresses by itself, and how much of what is before may be referred to.
const BLOCK: usize = 1 << 20;
const DICTIONARY: usize = 1 << 14;

/// The level that is `HuffmanOnly` in Go.
const LITERALS_ONLY: u32 = -2i32 as u32;

/// Calls `$function` for the type of an encoder and a level.
macro_rules! by_encoder {
    ($function:ident, $encoder:expr, $level:expr, $arguments:tt) => {
        match Program::of($encoder, $level)? {
            Program { version, blocks: false } => by_level!($function, Whole, version, $level, $arguments),
            Program { version, blocks: true } => by_level!($function, Blocks, version, $level, $arguments),
        }
    };
}

macro_rules! by_level {
    ($function:ident, $stream:ident, $version:expr, $level:expr, $arguments:tt) => {
        match $level {
            1 if $version < Version::V1_15_11 => $function::<$stream<Fast<OldLevel1>>> $arguments,
            1 => $function::<$stream<Fast<Level1>>> $arguments,
            2 => $function::<$stream<Fast<Level2>>> $arguments,
            3 => $function::<$stream<Fast<Level3>>> $arguments,
            4 => $function::<$stream<Fast<Level4>>> $arguments,
            5 => $function::<$stream<Fast<Level5>>> $arguments,
            6 => $function::<$stream<Fast<Level6>>> $arguments,
            7..=9 => $function::<$stream<Lazy>> $arguments,
            0 | LITERALS_ONLY => $function::<$stream<Plain>> $arguments,
            _ => Err(Error::Argument),
        }
    };
}

/// Which program an encoder is.
struct Program {
    version: Version,
    blocks: bool, // it is pgzip
}

impl Program {
    /// The program of an encoder that knows a level. Of old versions, the levels are known that differ in little from those
    /// of now.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none.
    fn of(encoder: u32, level: u32) -> Result<Self, Error> {
        let (version, blocks) = match encoder {
            KLAUSPOST | PGZIP => (Version::V1_18_2, encoder == PGZIP),
            KLAUSPOST_2022 | PGZIP_2022 => (Version::V1_15_11, encoder == PGZIP_2022),
            KLAUSPOST_1_15 | PGZIP_1_15 => (Version::V1_15_0, encoder == PGZIP_1_15),
            GO_1_27 => (Version::Go1_27, false),
            KLAUSPOST_1_20_4 | PGZIP_1_20_4 => (Version::V1_20_4, encoder == PGZIP_1_20_4),
            KLAUSPOST_1_14_3 | PGZIP_1_14_3 => (Version::V1_14_3, encoder == PGZIP_1_14_3),
            KLAUSPOST_1_14 | PGZIP_1_14 => (Version::V1_14_0, encoder == PGZIP_1_14),
            KLAUSPOST_1_12_3 | PGZIP_1_12_3 => (Version::V1_12_3, encoder == PGZIP_1_12_3),
            KLAUSPOST_1_12_2 | PGZIP_1_12_2 => (Version::V1_12_2, encoder == PGZIP_1_12_2),
            KLAUSPOST_1_11_13 | PGZIP_1_11_13 => (Version::V1_11_13, encoder == PGZIP_1_11_13),
            KLAUSPOST_1_10_3 | PGZIP_1_10_3 => (Version::V1_10_3, encoder == PGZIP_1_10_3),
            _ => return Err(Error::Argument),
        };
        let known = match version {
            Version::Go1_27 => level == 9,
            _ => version >= Version::V1_15_11 || matches!(level, 1 | 5 | 6),
        };
        if known { Ok(Program { version, blocks }) } else { Err(Error::Argument) }
    }
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

    /// Compresses what it has, behind which is no block.
    fn flush(&mut self, following: Following, output: &mut Sink<'_>);

    /// Where the blocks go through.
    fn writer(&mut self) -> &mut Writer;

    /// How many raw bytes there were since it began.
    fn filled(&mut self) -> &mut u32;
}

/// A stream made by one flate `Writer`. Its output does not depend on the sizes of `Write` calls.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
struct Whole<M>(M);

impl<M: Method> Encoder for Whole<M> {
    fn open(&mut self, encoder: u32, level: u32) -> Result<(), Error> {
        self.0.open(Program::of(encoder, level)?.version, level);
        Ok(())
    }

    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.writer().check();
        self.0.write(input, output);
        if last {
            self.0.flush(Following::End, output);
            self.0.writer().finish(output);
        }
    }
}

/// A stream made by pgzip: its blocks of 1 MiB, each ended by a flush, and compressed with the end of the one before as
/// a dictionary. The last one may be empty.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
struct Blocks<M>(M);

impl<M: Method> Blocks<M> {
    fn flush(&mut self, output: &mut Sink<'_>) {
        self.0.flush(Following::Flush, output);
        self.0.writer().stored(&[], output);
    }
}

impl<M: Method> Encoder for Blocks<M> {
    fn open(&mut self, encoder: u32, level: u32) -> Result<(), Error> {
        self.0.open(Program::of(encoder, level)?.version, level);
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
