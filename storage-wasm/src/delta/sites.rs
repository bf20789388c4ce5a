//! Where in copied code addresses seem to stand. The old bytes alone decide that.

use super::predict::Place;
use super::view::SECTION;
use super::x86::{self, Kind};

/// An address of four bytes.
#[derive(Clone, Copy)]
pub struct Site {
    /// Where in the section it begins.
    pub at: usize,
    /// What refers by it.
    pub kind: Kind,
}

/// An operand that begins before this place in a base has too little before it to tell.
const FIRST: usize = 3;

/// Sets `sites` to the addresses in the section at `place`, in their order, none of which overlap.
pub fn find(sites: &mut Vec<Site>, old: &[u8], place: &Place) {
    sites.clear();
    let (start, end) = (place.old.max(FIRST), place.old + place.length);
    if end < start + 4 {
        return;
    }
    let mut marks = [0; SECTION];
    let marks = &mut marks[..end - 3 - start];
    x86::mark(marks, &old[start - 2..end - 4]);
    let mut next = start;
    for (group, marks) in marks.chunks(8).enumerate() {
        let mut marked = marks.first_chunk().map_or_else(|| tail(marks), |marks| u64::from_le_bytes(*marks));
        while marked != 0 {
            let at = start + 8 * group + marked.trailing_zeros() as usize / 8;
            marked &= marked - 1;
            if at >= next
                && let Some(kind) = x86::operand(&old[..at])
            {
                sites.push(Site { at: at - place.old, kind });
                next = at + 4;
            }
        }
    }
}

/// The number that has these bytes, less than eight, and zeros above.
fn tail(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
