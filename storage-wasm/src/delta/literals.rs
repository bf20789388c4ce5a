//! The bytes of a new window that no copy covers, in frames.

use super::copies::Copy;
use super::frames;
use crate::Error;
use crate::compress::LEVELS;

/// The most bytes of a frame: it takes half of the memory that [`crate::compress::MAX_FRAME`] bytes would.
const FRAME: usize = 1 << 20;
/// The level at which it is found out soon that literals are too many.
pub const TRIAL_LEVEL: i32 = *LEVELS.start();

/// The places in a window of `size` bytes that no copy covers.
pub fn gaps(copies: &[Copy], size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let ends = copies.iter().map(|copy| copy.new + copy.length);
    let starts = copies.iter().map(|copy| copy.new).chain([size]);
    std::iter::once(0).chain(ends).zip(starts).map(|(start, end)| start..end)
}

/// Writes the literal bytes of `new` to the beginning of `output` and returns the length of that.
///
/// # Errors
/// As [`frames::encode`], [`Error::Space`] also if the output might just do, but would be full of literals.
pub fn encode(new: &[u8], copies: &[Copy], level: i32, output: &mut [u8]) -> Result<usize, Error> {
    let mut literals = Vec::with_capacity(gaps(copies, new.len()).map(|gap| gap.len()).sum());
    for gap in gaps(copies, new.len()) {
        literals.extend_from_slice(&new[gap]);
    }
    if literals.len() > output.len() {
        frames::encode(&literals, FRAME, TRIAL_LEVEL, output)?;
    }
    frames::encode(&literals, FRAME, level, output)
}

/// Puts the literal bytes that `input` consists of at their places in `new`.
///
/// # Errors
/// [`Error::Corrupt`] if `input` is anything but the frames of as many bytes as the copies leave.
pub fn decode(input: &[u8], copies: &[Copy], new: &mut [u8]) -> Result<(), Error> {
    let mut literals = vec![0; gaps(copies, new.len()).map(|gap| gap.len()).sum()];
    if !frames::decode(input, FRAME, &mut literals)?.is_empty() {
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
