//! What sections are best taken for, by what that probably costs. Only the encoder chooses.

use super::arm64::Form;
use super::block::Place;
use super::numbers::pattern;
use super::pages::Pages;
use super::predict::Predictor;
use super::starts::Starts;
use super::view::{View, is_address};
use super::x86;

/// What it costs, in bits or so, that an operand changes, or an address in words: as predicted, as the one before it, or
/// otherwise.
const OPERAND: usize = 2;
const PREDICTED: usize = 2;
const AS_BEFORE: usize = 4;
const MISSED: usize = 10;
/// What it costs that bytes of something else change, for the word and for each byte.
const WORD: usize = 2;
const BYTE: usize = 7;

/// What was learnt from the sections chosen so far.
#[derive(Default)]
pub struct Choice {
    old: Starts,
    new: Starts,
    /// Whether there was arm64 code in both windows.
    has_arm64: bool,
}

impl Choice {
    /// What the bytes at `place` are best taken for; `alignment` is the last one of words.
    pub fn choose(
        &mut self,
        old: &[u8],
        new: &[u8],
        place: &Place,
        predictor: &Predictor,
        alignment: usize,
    ) -> View {
        if old[place.old..place.old + place.length] == *place.of(new) {
            return View::Still;
        }
        let x86 = cost_of_x86(old, new, place);
        let words = cost_of_words(old, new, place, alignment, predictor, x86);
        if let Some(pages) = self.pages(old, new, place, predictor.pages)
            && cost_of_arm64(old, new, place, pages) <= x86.min(words)
        {
            return View::Arm64 { pages };
        }
        if x86 <= words {
            return View::X86;
        }
        let changes = |alignment| Changes::of(old, new, place, alignment);
        if !changes(alignment).are_doubtful() {
            return View::Words { alignment };
        }
        let all = [alignment, alignment ^ 1, alignment ^ 2, alignment ^ 3];
        let best = all.into_iter().min_by_key(|&alignment| changes(alignment).doubtful);
        View::Words { alignment: best.unwrap_or(alignment) }
    }

    /// Where pages begin, if there may be instructions at `place`.
    fn pages(&mut self, old: &[u8], new: &[u8], place: &Place, last: Pages) -> Option<Pages> {
        let starts = [self.old.near(old, place.old, last.old), self.new.near(new, place.new, last.new)];
        self.has_arm64 |= starts.iter().all(Option::is_some);
        let pages = Pages { old: starts[0].unwrap_or(last.old), new: starts[1].unwrap_or(last.new) };
        (self.has_arm64 && pages.fit(place)).then_some(pages)
    }
}

fn cost_of_x86(old: &[u8], new: &[u8], place: &Place) -> usize {
    let old_bytes = &old[place.old..place.old + place.length];
    let new_bytes = place.of(new);
    let (mut cost, mut at, mut end) = (0, 0, 0);
    loop {
        at += equal(&old_bytes[at..], &new_bytes[at..]);
        if at >= place.length {
            return cost;
        }
        // An operand begins at most three bytes before a byte of it.
        let back = (0..4.min(at + 1)).find(|back| x86::is_operand(&old[..place.old + at - back]));
        if let Some(back) = back {
            cost += OPERAND;
            at = place.length.min(at + 4 - back);
            continue;
        }
        cost += BYTE;
        if at >= end {
            cost += WORD;
            end = at / 4 * 4 + 4;
        }
        at += 1;
    }
}

/// How many bytes both begin with are equal.
fn equal(old: &[u8], new: &[u8]) -> usize {
    let (mut at, length) = (0, old.len().min(new.len()));
    while let (Some(old), Some(new)) = (old[at..length].first_chunk(), new[at..length].first_chunk()) {
        let differ = u64::from_le_bytes(*old) ^ u64::from_le_bytes(*new);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + old[at..length].iter().zip(&new[at..length]).take_while(|(old, new)| old == new).count()
}

fn cost_of_arm64(old: &[u8], new: &[u8], place: &Place, pages: Pages) -> usize {
    let cost = changed_words(old, new, place, pages.to_instruction(place)).map(|[old, new]| {
        let form = Form::of(old).or_else(|| Form::low(old, old >> 5 & 31));
        let is_operand = form.is_some_and(|form| form.is_same(old, new));
        if is_operand { OPERAND } else { cost_of_bytes(old, new) }
    });
    cost.sum()
}

/// The cost of words of some alignment, if it is less than `limit`; otherwise any that is not.
fn cost_of_words(
    old: &[u8],
    new: &[u8],
    place: &Place,
    alignment: usize,
    predictor: &Predictor,
    limit: usize,
) -> usize {
    let (mut cost, mut last) = (0, 0);
    for [old, new] in changed_words(old, new, place, place.to_word(alignment)) {
        let shift = new.wrapping_sub(old) as i32;
        cost += match () {
            () if !is_address(old) => cost_of_bytes(old, new),
            () if predictor.word_shift(old).0 == shift => PREDICTED,
            () if shift == last => AS_BEFORE,
            () => MISSED,
        };
        if cost >= limit {
            break;
        }
        last = shift;
    }
    cost
}

/// The cost of a word of no address.
fn cost_of_bytes(old: u32, new: u32) -> usize {
    WORD + BYTE * pattern(old, new).count_ones() as usize
}

/// What changed in words of some alignment.
#[derive(Default)]
struct Changes {
    words: usize,
    /// The words among these that look as if words began elsewhere: they are no addresses, or round ones.
    doubtful: usize,
}

impl Changes {
    fn of(old: &[u8], new: &[u8], place: &Place, alignment: usize) -> Self {
        let mut changes = Self::default();
        for [old, _] in changed_words(old, new, place, place.to_word(alignment)) {
            changes.words += 1;
            changes.doubtful += usize::from(!is_address(old) || old.is_multiple_of(256));
        }
        changes
    }

    fn are_doubtful(&self) -> bool {
        4 * self.doubtful > self.words
    }
}

/// The words at `place` that have changed, in both windows: the first one begins behind `head` bytes.
fn changed_words<'a>(
    old: &'a [u8],
    new: &'a [u8],
    place: &Place,
    head: usize,
) -> impl Iterator<Item = [u32; 2]> + use<'a> {
    let head = head.min(place.length);
    let (old, _) = old[place.old + head..place.old + place.length].as_chunks();
    let (new, _) = place.of(new)[head..].as_chunks();
    let changed = old.iter().zip(new).filter(|(old, new)| old != new);
    changed.map(|(old, new)| [*old, *new].map(u32::from_le_bytes))
}
