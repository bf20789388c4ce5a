//! What a stretch of copied bytes is taken for.

use super::predict::Place;
use super::x86;

/// The bytes that are taken for the same.
pub const SECTION: usize = 1 << 11;

/// What bytes are taken for, and so where in them addresses are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// x86-64 code, or anything else that has no addresses.
    Code,
    /// Words of four bytes that may be addresses or offsets.
    Words,
}

/// What it costs, in bits or so, that a word or an operand changes.
const WORD: usize = 5;
const OPERAND: usize = 3;
/// What it costs that any other byte of code changes.
const BYTE: usize = 8;

/// What the bytes at `place` are best taken for; `last` if they did not change.
pub fn choose(old: &[u8], new: &[u8], place: &Place, last: View) -> View {
    let (code, words) = (cost_of_code(old, new, place), cost_of_words(old, new, place));
    match code.cmp(&words) {
        _ if words == 0 => last,
        std::cmp::Ordering::Greater => View::Words,
        _ => View::Code,
    }
}

fn cost_of_code(old: &[u8], new: &[u8], place: &Place) -> usize {
    let old_bytes = &old[place.old..place.old + place.length];
    let new_bytes = &new[place.new..place.new + place.length];
    let (mut cost, mut at) = (0, 0);
    while at < place.length {
        if old_bytes[at] == new_bytes[at] {
            at += 1;
            continue;
        }
        // An operand begins at most three bytes before a byte of it.
        let back = (0..4.min(at + 1)).find(|back| x86::operand(before(old, place.old + at - back)).is_some());
        cost += if back.is_some() { OPERAND } else { BYTE };
        at += back.map_or(1, |back| 4 - back);
    }
    cost
}

fn cost_of_words(old: &[u8], new: &[u8], place: &Place) -> usize {
    let (old, new) = (&old[place.old..place.old + place.length], &new[place.new..place.new + place.length]);
    let head = place.to_word();
    let (old_head, old_words) = old.split_at(head.min(old.len()));
    let (new_head, new_words) = new.split_at(head.min(new.len()));
    let changed = old_words.chunks(4).zip(new_words.chunks(4)).filter(|(old, new)| old != new).count();
    WORD * (changed + usize::from(old_head != new_head))
}

/// The four bytes before a place, the last one the lowest.
pub fn before(old: &[u8], at: usize) -> u32 {
    at.checked_sub(4)
        .and_then(|start| old[start..].first_chunk())
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}
