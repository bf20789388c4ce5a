//! Bytes in zstd frames.

use crate::Error;
use crate::compress::{compress, decompress};

/// Writes `bytes` to the beginning of `output` and returns the length of that: frames of `size` bytes at most, each after
/// its length, u32 LE.
///
/// # Errors
/// As [`compress`].
pub fn encode(bytes: &[u8], size: usize, level: i32, output: &mut [u8]) -> Result<usize, Error> {
    let mut length = 0;
    for part in bytes.chunks(size) {
        let (head, rest) = output[length..].split_first_chunk_mut().ok_or(Error::Space)?;
        let frame = compress(part, level, rest)?;
        *head = (frame as u32).to_le_bytes();
        length += head.len() + frame;
    }
    Ok(length)
}

/// Fills `output` from the frames that `input` begins with, which were made with the same `size`, and returns the rest of
/// `input`.
///
/// # Errors
/// [`Error::Corrupt`] if `input` does not begin with frames of that many bytes.
pub fn decode<'a>(mut input: &'a [u8], size: usize, output: &mut [u8]) -> Result<&'a [u8], Error> {
    for part in output.chunks_mut(size) {
        let (length, rest) = number(input)?;
        let (frame, rest) = rest.split_at_checked(length).ok_or(Error::Corrupt)?;
        decompress(frame, part)?;
        input = rest;
    }
    Ok(input)
}

/// The number, u32 LE, that `input` begins with, and the rest.
///
/// # Errors
/// [`Error::Corrupt`] if `input` is too short.
pub fn number(input: &[u8]) -> Result<(usize, &[u8]), Error> {
    let (number, rest) = input.split_first_chunk().ok_or(Error::Corrupt)?;
    Ok((u32::from_le_bytes(*number) as usize, rest))
}
