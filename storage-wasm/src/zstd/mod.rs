//! Frames of zstd (RFC 8878) as github.com/klauspost/compress/zstd writes them at `SpeedDefault`, byte for byte.
//!
//! A frame's checksum, which is its last four bytes, is left out: whoever keeps the frame keeps that.
//!
//! The output does not depend on the writer's concurrency, on its low memory mode, or on the sizes of `Write` calls.

mod bits;
mod block;
mod codes;
mod fse;
mod huffman;
mod search;

use bytemuck::{Pod, Zeroable};

use crate::deflate::{
    Encoder, KLAUSPOST_ZSTD, KLAUSPOST_ZSTD_1_17_0, KLAUSPOST_ZSTD_1_20, Sink, open_as, write_as,
};
use crate::error::Error;
use block::Codes;
use search::{BLOCK, Parts, Search};

/// The level: what `EncoderLevelFromZstd` makes `SpeedDefault` of, and the default of the programs that write layers.
const LEVEL: u32 = 3;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The descriptor of a frame with a checksum, and of a window of 8 MiB.
const DESCRIPTOR: u8 = 1 << 2;
const WINDOW: u8 = 13 << 3;

/// What versions of the program do differently from each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first one.
    V1_17_0,
    /// Writes blocks of one byte, repeated, as such.
    V1_17_8,
    /// Knows better what it costs to describe a code again.
    V1_20_3,
}

impl Version {
    const ALL: [Self; 3] = [Self::V1_17_0, Self::V1_17_8, Self::V1_20_3];

    /// The version of a number, which one became by `as u32`; the first one for any other.
    fn of(number: u32) -> Self {
        Self::ALL.into_iter().find(|&version| version as u32 == number).unwrap_or(Self::V1_17_0)
    }
}

/// Calls `$function` for the type of an encoder.
macro_rules! by_encoder {
    ($function:ident, $encoder:expr, $arguments:tt) => {
        match $encoder {
            KLAUSPOST_ZSTD => $function::<Versioned<{ Version::V1_17_8 as u32 }>> $arguments,
            KLAUSPOST_ZSTD_1_17_0 => $function::<Versioned<{ Version::V1_17_0 as u32 }>> $arguments,
            KLAUSPOST_ZSTD_1_20 => $function::<Versioned<{ Version::V1_20_3 as u32 }>> $arguments,
            _ => Err(Error::Argument),
        }
    };
}

/// [`crate::deflate::open`] for an encoder of this family.
pub fn open(encoder: u32, level: u32, state: &mut [u8]) -> Result<usize, Error> {
    by_encoder!(open_as, encoder, (encoder, level, state))
}

/// [`crate::deflate::write()`] for an encoder of this family.
pub fn write(
    encoder: u32,
    state: &mut [u8],
    input: &[u8],
    last: bool,
    output: &mut [u8],
) -> Result<usize, Error> {
    by_encoder!(write_as, encoder, (state, input, last, output))
}

/// A frame as a version writes it.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct Versioned<const VERSION: u32>(Frame);

impl<const VERSION: u32> Encoder for Versioned<VERSION> {
    /// The bytes that may be any are those of the window, which is the last of it.
    const CLEARED: usize = std::mem::offset_of!(Frame, search) + search::CLEARED;

    fn open(&mut self, _: u32, level: u32) -> Result<(), Error> {
        if level == LEVEL { Ok(()) } else { Err(Error::Argument) }
    }

    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.write(Version::of(VERSION), input, last, output);
    }
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Frame {
    codes: Codes,
    begun: u64, // whether the header is written
    search: Search,
}

impl Frame {
    /// As [`Encoder::write`].
    fn write(&mut self, version: Version, mut input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.search.check();
        self.codes.check();
        output.align(); // a damaged state may hold bits of a byte
        let mut parts = Parts::new();
        let mut out = Vec::with_capacity(2 * BLOCK);
        loop {
            let count = self.search.fill(input);
            input = &input[count..];
            let full = self.search.block().len() == BLOCK;
            if full {
                self.block(version, false, &mut parts, &mut out);
            } else if last {
                self.end(version, &mut parts, &mut out);
            }
            output.bytes(&out);
            out.clear();
            if !full {
                return;
            }
        }
    }

    /// Writes the block, one of several.
    fn block(&mut self, version: Version, last: bool, parts: &mut Parts, out: &mut Vec<u8>) {
        if self.begun == 0 {
            out.extend_from_slice(&MAGIC);
            out.extend_from_slice(&[DESCRIPTOR, WINDOW]);
            self.begun = 1;
        }
        self.search.find::<false>(parts);
        self.codes.write(self.search.block(), parts, last, version, out);
        self.search.next();
    }

    /// Writes the last block, which is not a full one.
    fn end(&mut self, version: Version, parts: &mut Parts, out: &mut Vec<u8>) {
        match (self.begun, self.search.block()) {
            (0, []) => {}
            (0, block) => {
                header(block.len(), out);
                self.search.find::<true>(parts);
                self.codes.write(self.search.block(), parts, true, version, out);
            }
            (_, []) => block::raw(&[], true, out),
            _ => self.block(version, true, parts, out),
        }
    }
}

/// Appends the header of a frame of one block.
fn header(length: usize, out: &mut Vec<u8>) {
    /// Up to this length, the window is not that of the content.
    const LEAST: usize = 1 << 10;
    let size = match length {
        0..256 => 0,
        256..65_792 => 1,
        _ => 2u8,
    };
    out.extend_from_slice(&MAGIC);
    if length > LEAST {
        out.push(size << 6 | 1 << 5 | DESCRIPTOR);
    } else {
        let window = u8::from(length == LEAST);
        out.extend_from_slice(&[size << 6 | DESCRIPTOR, window << 3]);
    }
    match size {
        0 => {}
        1 => out.extend_from_slice(&((length - 256) as u16).to_le_bytes()),
        _ => out.extend_from_slice(&(length as u32).to_le_bytes()),
    }
}
