//! What a stretch of copied bytes is taken for.

use super::predict::Place;
use super::side::Side;
use super::streams::Stream;
use super::x86;

/// The bytes that are taken for the same.
pub const SECTION: usize = 1 << 11;

/// What bytes are taken for, and so where in them addresses are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Nothing: they are as in the base.
    Still,
    /// x86-64 code, or anything else that has no addresses.
    Code,
    /// Words of four bytes that may be addresses or offsets.
    Words {
        /// Where in the base window they begin, modulo 4.
        alignment: usize,
    },
}

impl View {
    /// Codes a view.
    pub fn code(side: &mut impl Side, view: Self) -> Self {
        let told = match view {
            Self::Still => 0,
            Self::Code => 1,
            Self::Words { alignment } => 2 + alignment,
        };
        match side.symbol(Stream::View, 6, told) {
            0 => Self::Still,
            1 => Self::Code,
            words => Self::Words { alignment: words - 2 },
        }
    }
}

/// What it costs, in bits or so, that a word or an operand changes.
const WORD: usize = 5;
const OPERAND: usize = 3;
/// What it costs that any other byte of code changes.
const BYTE: usize = 8;

/// Words that are as far as this from zero, as those of text, are no addresses or offsets.
const MAX_OFFSET: u32 = 1 << 28;

/// Whether a word may be an address or an offset.
pub fn is_address(word: u32) -> bool {
    word != 0 && word.wrapping_add(MAX_OFFSET) < 2 * MAX_OFFSET
}

/// What the bytes at `place` are best taken for; `last` is the last alignment of words.
pub fn choose(old: &[u8], new: &[u8], place: &Place, last: usize) -> View {
    if old[place.old..place.old + place.length] == *place.of(new) {
        return View::Still;
    }
    let code = cost_of_code(old, new, place);
    let words = changes(old, new, place, last);
    if code <= words.cost() {
        return View::Code;
    }
    if !words.are_doubtful() {
        return View::Words { alignment: last };
    }
    let all = [last, last ^ 1, last ^ 2, last ^ 3];
    let best = all.into_iter().min_by_key(|&alignment| changes(old, new, place, alignment).doubtful);
    View::Words { alignment: best.unwrap_or(last) }
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
        let back = (0..4.min(at + 1)).find(|back| x86::operand(&old[..place.old + at - back]).is_some());
        cost += if back.is_some() { OPERAND } else { BYTE };
        at += back.map_or(1, |back| 4 - back);
    }
    cost
}

/// What changed in words of some alignment.
struct Changes {
    words: usize,
    /// The words among these that look as if words began elsewhere: they are no addresses, or round ones.
    doubtful: usize,
}

impl Changes {
    fn cost(&self) -> usize {
        WORD * self.words
    }

    fn are_doubtful(&self) -> bool {
        4 * self.doubtful > self.words
    }
}

fn changes(old: &[u8], new: &[u8], place: &Place, alignment: usize) -> Changes {
    let (old, new) = (&old[place.old..place.old + place.length], &new[place.new..place.new + place.length]);
    let head = place.to_word(alignment).min(place.length);
    let (old_head, old_words) = old.split_at(head);
    let (new_head, new_words) = new.split_at(head);
    let mut changes = Changes { words: usize::from(old_head != new_head), doubtful: 0 };
    let ((old_words, old_tail), (new_words, new_tail)) = (old_words.as_chunks(), new_words.as_chunks());
    for (&old, &new) in old_words.iter().zip(new_words) {
        if old != new {
            let word = u32::from_le_bytes(old);
            changes.words += 1;
            changes.doubtful += usize::from(!is_address(word) || word.is_multiple_of(256));
        }
    }
    changes.words += usize::from(old_tail != new_tail);
    changes
}
