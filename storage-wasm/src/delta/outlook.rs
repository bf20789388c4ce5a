//! Whether a window is like enough to its base for a short delta, told from samples before much work is done.

use super::copies::{self, Copy, MIN_COPY};
use super::literals::{TRIAL_LEVEL, gaps};
use super::seeds::Seeds;
use crate::compress::compress;

/// The bytes of a sample, and of what it stands for.
const SAMPLE: usize = 1 << 11;
const PART: usize = 1 << 16;
/// Fewer samples tell nothing.
const MIN_PARTS: usize = 16;

/// Whether the literals of `new` will most probably take far more than `room`.
///
/// Of a window with fewer than [`MIN_PARTS`] parts that is not said.
pub fn is_hopeless(base: &[u8], seeds: &Seeds, new: &[u8], room: usize) -> bool {
    let (parts, _) = new.as_chunks::<PART>();
    if parts.len() < MIN_PARTS {
        return false;
    }
    let mut literals = Vec::with_capacity(parts.len() * SAMPLE);
    let mut copies: Vec<Copy> = Vec::with_capacity(SAMPLE / MIN_COPY);
    for part in parts {
        let sample = &part[..SAMPLE];
        copies.clear();
        copies::extend(&mut copies, base, seeds, sample);
        for gap in gaps(&copies, SAMPLE) {
            literals.extend_from_slice(&sample[gap]);
        }
    }
    let mut frame = vec![0; literals.len()];
    let size = compress(&literals, TRIAL_LEVEL, &mut frame).unwrap_or(literals.len());
    // A sample is compressed less well than all of it would be, and may mislead.
    size * (PART / SAMPLE) > room + room / 2
}
