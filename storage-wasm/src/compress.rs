//! Compressing bytes into one zstd frame (RFC 8878), and getting them back.
//!
//! Each call works in a context of its own, so that a frame cannot depend on what was compressed before it:
//! packs are found by their digest. For frames of 1 MiB a context that is kept is not measurably faster.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;
use zstd_safe::{ErrorCode, is_error_kind};
use zstd_sys::ZSTD_ErrorCode;

use crate::Error;

/// The most raw bytes that a frame may hold.
pub const MAX_FRAME: usize = 2 << 20;
/// The most bytes that a frame may be compressed to; [`compress`] never needs as much.
pub const MAX_COMPRESSED_FRAME: usize = MAX_FRAME + (64 << 10);
/// The compression levels, from the fastest to the strongest.
pub const LEVELS: RangeInclusive<i32> = 1..=19;

/// Compresses `input` into one frame at the beginning of `output` and returns the frame's length.
///
/// The frame states its content size, has no checksum and names no dictionary.
///
/// # Errors
/// [`Error::Argument`] if `input` is not between 1 and [`MAX_FRAME`] bytes or `level` is not in [`LEVELS`],
/// [`Error::Space`] if the frame does not fit `output`, [`Error::Internal`] if memory ran out.
pub fn compress(input: &[u8], level: i32, output: &mut [u8]) -> Result<usize, Error> {
    if input.is_empty() || input.len() > MAX_FRAME || !LEVELS.contains(&level) {
        return Err(Error::Argument);
    }
    zstd_safe::compress(output, input, level).map_err(|code| {
        if is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall) {
            Error::Space
        } else {
            Error::Internal
        }
    })
}

/// Decompresses `frame`, which must be exactly one frame, into `output`, which it must fill exactly.
///
/// What `output` holds after an error is undefined.
///
/// # Errors
/// [`Error::Argument`] if `output` is not between 1 and [`MAX_FRAME`] bytes, [`Error::Corrupt`] if `frame` is
/// anything but one intact frame with a stated content size of `output`'s length, [`Error::Internal`] if
/// memory ran out.
pub fn decompress(frame: &[u8], output: &mut [u8]) -> Result<(), Error> {
    if output.is_empty() || output.len() > MAX_FRAME {
        return Err(Error::Argument);
    }
    if zstd_safe::find_frame_compressed_size(frame) != Ok(frame.len()) {
        return Err(Error::Corrupt);
    }
    match zstd_safe::get_frame_content_size(frame) {
        Ok(Some(size)) if size == output.len() as u64 => {}
        _ => return Err(Error::Corrupt),
    }
    let written = zstd_safe::decompress(output, frame).map_err(decompress_error)?;
    if written == output.len() { Ok(()) } else { Err(Error::Corrupt) }
}

/// Tells an input that no decoder accepts from a decoder that could not work.
fn decompress_error(code: ErrorCode) -> Error {
    if is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_memory_allocation) {
        Error::Internal
    } else {
        Error::Corrupt
    }
}
