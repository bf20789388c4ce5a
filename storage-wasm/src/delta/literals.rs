//! The bytes of a new window that no copy covers, in frames.

use super::copies::Copy;
use crate::Error;
use crate::compress::{LEVELS, compress, decompress};

/// The most bytes of a frame: it takes half of the memory that [`crate::compress::MAX_FRAME`] bytes would.
const FRAME: usize = 1 << 20;
/// The weakest level that is used: of most windows a few bytes in a hundred are literal.
const MIN_LEVEL: i32 = 7;
/// The level at which it is found out soon that literals are too many.
const TRIAL_LEVEL: i32 = *LEVELS.start();

/// The places in a window of `size` bytes that no copy covers.
fn gaps(copies: &[Copy], size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let ends = copies.iter().map(|copy| copy.new + copy.length);
    let starts = copies.iter().map(|copy| copy.new).chain([size]);
    std::iter::once(0).chain(ends).zip(starts).map(|(start, end)| start..end)
}

/// Writes the literal bytes of `new` to the beginning of `output` and returns the length of that: frames of [`FRAME`]
/// bytes, each after its length, u32 LE.
///
/// # Errors
/// As [`compress`], [`Error::Space`] also if the output might just do, but would be full of literals.
pub fn encode(new: &[u8], copies: &[Copy], level: i32, output: &mut [u8]) -> Result<usize, Error> {
    let mut literals = Vec::with_capacity(gaps(copies, new.len()).map(|gap| gap.len()).sum());
    for gap in gaps(copies, new.len()) {
        literals.extend_from_slice(&new[gap]);
    }
    if literals.len() > output.len() {
        frames(&literals, TRIAL_LEVEL, output)?;
    }
    frames(&literals, level.max(MIN_LEVEL), output)
}

fn frames(literals: &[u8], level: i32, output: &mut [u8]) -> Result<usize, Error> {
    let mut length = 0;
    for part in literals.chunks(FRAME) {
        let (head, rest) = output[length..].split_first_chunk_mut().ok_or(Error::Space)?;
        let frame = compress(part, level, rest)?;
        *head = (frame as u32).to_le_bytes();
        length += head.len() + frame;
    }
    Ok(length)
}

/// Puts the literal bytes that `input` consists of at their places in `new`.
///
/// # Errors
/// [`Error::Corrupt`] if `input` is anything but the frames of as many bytes as the copies leave.
pub fn decode(mut input: &[u8], copies: &[Copy], new: &mut [u8]) -> Result<(), Error> {
    let mut literals = vec![0; gaps(copies, new.len()).map(|gap| gap.len()).sum()];
    for part in literals.chunks_mut(FRAME) {
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
