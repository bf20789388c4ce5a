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
        let changes = |alignment| changes(old, new, place, alignment, predictor);
        let words = changes(alignment);
        let x86 = cost_of_x86(old, new, place);
        if let Some(pages) = self.pages(old, new, place, predictor.pages)
            && cost_of_arm64(old, new, place, pages) <= x86.min(words.cost)
        {
            return View::Arm64 { pages };
        }
        if x86 <= words.cost {
            return View::X86;
        }
        if !words.are_doubtful() {
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
    while at < place.length {
        if old_bytes[at] == new_bytes[at] {
            at += 1;
            continue;
        }
        // An operand begins at most three bytes before a byte of it.
        let back = (0..4.min(at + 1)).find(|back| x86::is_operand(&old[..place.old + at - back]));
        if let Some(back) = back {
            cost += OPERAND;
            at += 4 - back;
            continue;
        }
        cost += BYTE;
        if at >= end {
            cost += WORD;
            end = at / 4 * 4 + 4;
        }
        at += 1;
    }
    cost
}

fn cost_of_arm64(old: &[u8], new: &[u8], place: &Place, pages: Pages) -> usize {
    let head = pages.to_instruction(place).min(place.length);
    let (old, _) = old[place.old + head..place.old + place.length].as_chunks();
    let (new, _) = place.of(new)[head..].as_chunks();
    let changed = old.iter().zip(new).filter(|(old, new)| old != new);
    let cost = changed.map(|(old, new)| {
        let [old, new] = [*old, *new].map(u32::from_le_bytes);
        let form = Form::of(old).or_else(|| Form::low(old, old >> 5 & 31));
        let is_operand = form.is_some_and(|form| form.is_same(old, new));
        if is_operand { OPERAND } else { WORD + BYTE * pattern(old, new).count_ones() as usize }
    });
    cost.sum()
}

/// What changed in words of some alignment.
struct Changes {
    cost: usize,
    words: usize,
    /// The words among these that look as if words began elsewhere: they are no addresses, or round ones.
    doubtful: usize,
}

impl Changes {
    fn are_doubtful(&self) -> bool {
        4 * self.doubtful > self.words
    }
}

fn changes(old: &[u8], new: &[u8], place: &Place, alignment: usize, predictor: &Predictor) -> Changes {
    let head = place.to_word(alignment).min(place.length);
    let (old, _) = old[place.old + head..place.old + place.length].as_chunks();
    let (new, _) = place.of(new)[head..].as_chunks();
    let (mut changes, mut last) = (Changes { cost: 0, words: 0, doubtful: 0 }, 0);
    for (old, new) in old.iter().zip(new).filter(|(old, new)| old != new) {
        let [old, new] = [*old, *new].map(u32::from_le_bytes);
        let shift = new.wrapping_sub(old) as i32;
        changes.words += 1;
        changes.doubtful += usize::from(!is_address(old) || old.is_multiple_of(256));
        changes.cost += match () {
            () if !is_address(old) => WORD + BYTE * pattern(old, new).count_ones() as usize,
            () if predictor.word_shift(old).0 == shift => PREDICTED,
            () if shift == last => AS_BEFORE,
            () => MISSED,
        };
        last = shift;
    }
    changes
}
