//! The streams of Go's `compress/flate` up to Go 1.26, and so of its `compress/gzip`, `compress/zlib` and
//! `archive/zip`.
//!
//! Levels are Go's: 0 to 9, of which 6 is the default; 10 stands for `HuffmanOnly`. A stream is that of one `Write`
//! and a `Close`. Other calls of `Write` make the same stream, with one exception at levels 2 to 9: if one ends in the
//! last 262 bytes of the window, and a match then reaches far into these, Go's window moves earlier.
//!
//! After BSD-licensed `compress/flate` of the Go authors: deflate.go, deflatefast.go, huffman_bit_writer.go,
//! huffman_code.go.

mod block;
mod chains;
mod codes;
mod fast;
mod plain;
mod prefix;

use super::sink::Sink;
use super::{open_as, write_as};
use crate::error::Error;
use chains::Chains;
use fast::Fast;
use plain::Plain;

/// The level that stands for `HuffmanOnly`.
const HUFFMAN_ONLY: u32 = 10;

/// [`super::open`] for these encoders.
pub fn open(level: u32, state: &mut [u8]) -> Result<usize, Error> {
    match level {
        0 | HUFFMAN_ONLY => open_as::<Plain>(super::GO, level, state),
        1 => open_as::<Fast>(super::GO, level, state),
        2..=9 => open_as::<Chains>(super::GO, level, state),
        _ => Err(Error::Argument),
    }
}

/// [`super::write()`] for these encoders.
pub fn write(
    level: u32,
    state: &mut [u8],
    input: &[u8],
    last: bool,
    output: &mut [u8],
) -> Result<usize, Error> {
    match level {
        0 | HUFFMAN_ONLY => write_as::<Plain>(state, input, last, output),
        1 => write_as::<Fast>(state, input, last, output),
        2..=9 => write_as::<Chains>(state, input, last, output),
        _ => Err(Error::Argument),
    }
}

/// Ends a stream, as `Close` does: with an empty stored block.
fn close(sink: &mut Sink<'_>) {
    block::store(&[], true, sink);
}
