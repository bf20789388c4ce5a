//! The bytes of a new window that no copy covers, in frames.

use super::copies::Copy;
use crate::Error;
use crate::compress::{MAX_COMPRESSED_FRAME, MAX_FRAME, compress, decompress};

/// The weakest level that is used: of most windows a few bytes in a hundred are literal.
const MIN_LEVEL: i32 = 7;

/// The places in a window of `size` bytes that no copy covers.
fn gaps(copies: &[Copy], size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let ends = copies.iter().map(|copy| copy.new + copy.length);
    let starts = copies.iter().map(|copy| copy.new).chain([size]);
    std::iter::once(0).chain(ends).zip(starts).map(|(start, end)| start..end)
}

/// Appends the literal bytes of `new` to `output`: frames of [`MAX_FRAME`] bytes, each after its length, u32 LE.
///
/// # Errors
/// As [`compress`].
pub fn encode(new: &[u8], copies: &[Copy], level: i32, output: &mut Vec<u8>) -> Result<(), Error> {
    let mut literals = Vec::new();
    for gap in gaps(copies, new.len()) {
        literals.extend_from_slice(&new[gap]);
    }
    let mut frame = vec![0; MAX_COMPRESSED_FRAME];
    for part in literals.chunks(MAX_FRAME) {
        let length = compress(part, level.max(MIN_LEVEL), &mut frame)?;
        output.extend_from_slice(&(length as u32).to_le_bytes());
        output.extend_from_slice(&frame[..length]);
    }
    Ok(())
}

/// Puts the literal bytes that `input` consists of at their places in `new`.
///
/// # Errors
/// [`Error::Corrupt`] if `input` is anything but the frames of as many bytes as the copies leave.
pub fn decode(mut input: &[u8], copies: &[Copy], new: &mut [u8]) -> Result<(), Error> {
    let mut literals = vec![0; gaps(copies, new.len()).map(|gap| gap.len()).sum()];
    for part in literals.chunks_mut(MAX_FRAME) {
        let (length, rest) = input.split_first_chunk().ok_or(Error::Corrupt)?;
        let (frame, rest) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Error::Corrupt)?;
        decompress(frame, part)?;
        input = rest;
    }
    if !input.is_empty() {
        return Err(Error::Corrupt);
    }
    let mut rest = &literals[..];
    for gap in gaps(copies, new.len()) {
        let bytes;
        (bytes, rest) = rest.split_at(gap.len());
        new[gap].copy_from_slice(bytes);
    }
    Ok(())
}
