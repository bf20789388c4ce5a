//! Deflate streams (RFC 1951) as known programs write them, byte for byte.
//!
//! An [`Encoder`] is one program's way to compress, frozen: it makes the same bytes of the same raw bytes for ever. So what
//! is inside of a gzip file can be kept instead of the file, if one of the encoders makes that very file again. What a
//! number of an encoder and a level mean never changes.
//!
//! A stream is made in pieces. What goes on from one piece to the next is a *state*: bytes that the caller keeps, which
//! are as they are in memory. The routines themselves keep nothing. How raw bytes are divided into pieces makes no
//! difference to the stream.

#![forbid(unsafe_code)]

mod go;
mod klauspost;
mod links;
mod sink;
mod zlib;

use bytemuck::{Pod, Zeroable};

use crate::error::Error;
use crate::zstd;
pub(crate) use sink::Sink;
use zlib::{Gzip, Pigz, Zlib};

/// Go's `compress/flate` up to Go 1.26, at its levels 0 to 9 (its default is 6), or 10 for `HuffmanOnly`.
pub const GO: u32 = 1;

/// The `Writer` of github.com/klauspost/compress v1.18.2 to v1.20.3, packages `flate` and `gzip`, and of Go 1.27 at all
/// levels but 9, for which there is [`GO_1_27`].
pub const KLAUSPOST: u32 = 2;

/// The `Writer` of github.com/klauspost/pgzip v1.2.5 to v1.3.0 that is made with those versions; at levels 7 to 9, v1.20.0
/// to v1.20.3.
pub const PGZIP: u32 = 3;

/// zlib 1.2.11 to 1.3.1, never flushed: Python, Java's `GZIPOutputStream`.
pub const ZLIB: u32 = 4;

/// GNU gzip 1.12.
pub const GZIP: u32 = 5;

/// pigz 2.4 to 2.8 with several threads.
pub const PIGZ: u32 = 6;

/// As [`KLAUSPOST`], v1.15.11 (levels 7 to 9: v1.15.15; level 4: v1.18.0) to v1.18.0: from 2022-09 to 2025-11.
pub const KLAUSPOST_2022: u32 = 7;

/// As [`PGZIP`], with those versions.
pub const PGZIP_2022: u32 = 8;

/// As [`KLAUSPOST`], v1.15.0 to v1.15.9, of 2022-03 to 2022-08, at levels 1, 5 and 6 only, as all of the older ones below.
pub const KLAUSPOST_1_15: u32 = 9;

/// As [`PGZIP`], with those versions and levels.
pub const PGZIP_1_15: u32 = 10;

/// Go's `compress/flate` of Go 1.27 at level 9, the one at which it is not [`KLAUSPOST`].
pub const GO_1_27: u32 = 11;

/// As [`KLAUSPOST`], v1.20.4, of 2026-11.
pub const KLAUSPOST_1_20_4: u32 = 12;
/// As [`PGZIP`], with that.
pub const PGZIP_1_20_4: u32 = 13;

/// As [`KLAUSPOST`], v1.14.3 and v1.14.4, of 2022-02.
pub const KLAUSPOST_1_14_3: u32 = 14;
/// As [`PGZIP`], with that.
pub const PGZIP_1_14_3: u32 = 15;

/// As [`KLAUSPOST`], v1.14.0 to v1.14.2, of 2022-01.
pub const KLAUSPOST_1_14: u32 = 16;
/// As [`PGZIP`], with that.
pub const PGZIP_1_14: u32 = 17;

/// As [`KLAUSPOST`], v1.12.3 to v1.13.6, of 2021-05 to 2021-12.
pub const KLAUSPOST_1_12_3: u32 = 18;
/// As [`PGZIP`], with that.
pub const PGZIP_1_12_3: u32 = 19;

/// As [`KLAUSPOST`], v1.12.2, of 2021-04.
pub const KLAUSPOST_1_12_2: u32 = 20;
/// As [`PGZIP`], with that.
pub const PGZIP_1_12_2: u32 = 21;

/// As [`KLAUSPOST`], v1.11.13 to v1.12.1, of 2021-03 to 2021-04.
pub const KLAUSPOST_1_11_13: u32 = 22;
/// As [`PGZIP`], with that.
pub const PGZIP_1_11_13: u32 = 23;

/// As [`KLAUSPOST`], v1.10.3 to v1.11.12, of 2020-03 to 2021-03.
pub const KLAUSPOST_1_10_3: u32 = 24;
/// As [`PGZIP`], with that.
pub const PGZIP_1_10_3: u32 = 25;

/// github.com/klauspost/compress/zstd v1.17.8 to v1.20.2, at `SpeedDefault`, which is level 3 here.
pub const KLAUSPOST_ZSTD: u32 = 32;

/// As [`KLAUSPOST_ZSTD`], v1.17.0 to v1.17.7.
pub const KLAUSPOST_ZSTD_1_17_0: u32 = 33;

/// As [`KLAUSPOST_ZSTD`], v1.20.3 and v1.20.4.
pub const KLAUSPOST_ZSTD_1_20: u32 = 34;

/// The length of a state, at most.
pub const MAX_STATE: usize = 2 << 20;

/// The length of a state of an encoder of zstd, at most.
pub const MAX_ZSTD_STATE: usize = 27 << 19;

/// The most raw bytes that [`write()`] takes at once.
pub const MAX_PIECE: usize = 4 << 20;

/// The most bytes that [`write()`] makes of `length` raw ones: all of them stored, and as many as an encoder holds back.
pub const fn bound(length: usize) -> usize {
    length + length / 64 + (1 << 20)
}

/// The beginning of a state: which encoder it is of, and the bits that do not make up a byte yet.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(16))]
struct Header {
    encoder: u32,
    level: u32,
    bits: u64,
    count: u32,
    unused: [u32; 3],
}

/// The state of an encoder. It begins as zeros.
pub(crate) trait Encoder: Pod {
    /// How many bytes of it must be zeros at first; the others may be any.
    const CLEARED: usize = size_of::<Self>();

    /// Prepares a state of zeros.
    ///
    /// # Errors
    /// [`Error::Argument`] if the program has no such level.
    fn open(&mut self, encoder: u32, level: u32) -> Result<(), Error>;

    /// Compresses raw bytes, the last ones if `last`, and writes what becomes of them to `output`, as far as that does not
    /// depend on what follows.
    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>);
}

/// Begins a stream: writes its state to the beginning of `state`, whose address is a multiple of 16, and returns the length
/// of it.
///
/// # Errors
/// [`Error::Argument`] if there is no such encoder or level, [`Error::Space`] if the state does not fit.
pub fn open(encoder: u32, level: u32, state: &mut [u8]) -> Result<usize, Error> {
    match encoder {
        GO => go::open(level, state),
        ZLIB => open_as::<Zlib>(encoder, level, state),
        GZIP => open_as::<Gzip>(encoder, level, state),
        PIGZ => open_as::<Pigz>(encoder, level, state),
        KLAUSPOST_ZSTD..=KLAUSPOST_ZSTD_1_20 => zstd::open(encoder, level, state),
        _ => klauspost::open(encoder, level, state),
    }
}

/// Goes on with a stream: compresses `input`, the last of the stream if `last`, changes `state`, writes what becomes of it
/// to the beginning of `output`, and returns the length of that.
///
/// # Errors
/// [`Error::Argument`] if `state` is not one that [`open`] made, or `input` is longer than [`MAX_PIECE`]; [`Error::Space`]
/// if `output` is not as long as [`bound`] says. The state is as it was before.
pub fn write(state: &mut [u8], input: &[u8], last: bool, output: &mut [u8]) -> Result<usize, Error> {
    if input.len() > MAX_PIECE {
        return Err(Error::Argument);
    }
    if output.len() < bound(input.len()) {
        return Err(Error::Space);
    }
    let header = state.first_chunk::<{ size_of::<Header>() }>().ok_or(Error::Argument)?;
    let header: Header = bytemuck::pod_read_unaligned(header);
    match header.encoder {
        GO => go::write(header.level, state, input, last, output),
        ZLIB => write_as::<Zlib>(state, input, last, output),
        GZIP => write_as::<Gzip>(state, input, last, output),
        PIGZ => write_as::<Pigz>(state, input, last, output),
        KLAUSPOST_ZSTD..=KLAUSPOST_ZSTD_1_20 => zstd::write(header.encoder, state, input, last, output),
        _ => klauspost::write(header.encoder, header.level, state, input, last, output),
    }
}

/// [`open`] for one kind of encoder.
pub(crate) fn open_as<E: Encoder>(encoder: u32, level: u32, state: &mut [u8]) -> Result<usize, Error> {
    let length = size_of::<Header>() + size_of::<E>();
    let state = state.get_mut(..length).ok_or(Error::Space)?;
    state[..size_of::<Header>() + E::CLEARED].fill(0);
    let (header, rest) = parts::<E>(state)?;
    rest.open(encoder, level)?;
    *header = Header { encoder, level, ..Header::zeroed() };
    Ok(length)
}

/// [`write()`] for one kind of encoder.
pub(crate) fn write_as<E: Encoder>(
    state: &mut [u8],
    input: &[u8],
    last: bool,
    output: &mut [u8],
) -> Result<usize, Error> {
    let (header, encoder) = parts::<E>(state)?;
    let mut sink = Sink::new(output, header.bits, header.count);
    encoder.write(input, last, &mut sink);
    if last {
        sink.align();
    }
    (header.bits, header.count) = sink.pending();
    sink.length().ok_or(Error::Internal)
}

/// A state's header and what is the encoder's.
fn parts<E: Encoder>(state: &mut [u8]) -> Result<(&mut Header, &mut E), Error> {
    let (header, rest) = state.split_at_mut_checked(size_of::<Header>()).ok_or(Error::Argument)?;
    let header = bytemuck::try_from_bytes_mut(header).map_err(|_| Error::Argument)?;
    let rest = bytemuck::try_from_bytes_mut(rest).map_err(|_| Error::Argument)?;
    Ok((header, rest))
}
