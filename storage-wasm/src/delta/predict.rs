//! What copied bytes probably are in the new window: the old bytes, with the addresses in them moved.
//!
//! What an address refers to is told from the old bytes alone. How far that has moved is known from the last
//! reference to it, from the list of copies, or from a reference to something near it. Places in the windows stand for
//! addresses: within a segment they differ by a constant, and across segments shifts are learnt all the same.

use super::arm64::Form;
use super::block::{Block, Operand, Place, WORDS};
use super::map::Map;
use super::pages::Pages;
use super::shifts::Shifts;
use super::sites::Site;
use super::view::{SECTION, is_address};

/// The shifts that are expected after two others, by the hash of these, as a power of two.
const SUCCESSOR_BITS: u32 = 12;

/// What was learnt from the addresses coded so far.
pub struct Predictor {
    /// Where pages begin.
    pub pages: Pages,
    code: Shifts,
    words: Shifts,
    /// The last shift of a word that moved.
    moved: i32,
    /// The last two shifts that were learnt of words, and what came after such two.
    last: [i32; 2],
    successors: Vec<i32>,
    /// The addresses of the section of which the lowest bits are told apart, and how far they have moved.
    split: Vec<(u32, i32)>,
}

impl Predictor {
    /// A predictor that has learnt nothing.
    pub fn new() -> Self {
        Self {
            pages: Pages::default(),
            code: Shifts::new(),
            words: Shifts::new(),
            moved: 0,
            last: [0; 2],
            successors: vec![0; 1 << SUCCESSOR_BITS],
            split: vec![(0, 0); SECTION / 4],
        }
    }

    /// Predicts the code at `place`, at most [`BLOCK`](super::block::BLOCK) bytes and 3, with addresses at `sites`, told
    /// from `start`.
    pub fn code(
        &mut self,
        block: &mut Block,
        old: &[u8],
        map: &Map,
        place: &Place,
        sites: &[Site],
        start: usize,
    ) {
        block.begin(old, place);
        for site in sites {
            let at = site.at - start;
            block.push(self.code_operand(site, at, block.word(at), map, place));
        }
    }

    /// Predicts the words at `place`, at most [`BLOCK`](super::block::BLOCK) bytes.
    pub fn words(&self, block: &mut Block, old: &[u8], place: &Place) {
        block.begin(old, place);
        for at in (0..place.length & !3).step_by(4) {
            let value = block.word(at);
            if is_address(value) {
                block.push(self.word_operand(at, value));
            }
        }
    }

    fn code_operand(&mut self, site: &Site, at: usize, word: u32, map: &Map, place: &Place) -> Operand {
        let &Site { form, low, page, .. } = site;
        let mut operand = Operand { at, form, low, page, old: word, ..Operand::NONE };
        let [old, new] = [place.old, place.new].map(|start| (start + at) as u32);
        let offset = form.offset(word);
        let (from, to) = match form {
            // It is relative to what is behind it.
            Form::Word => (old.wrapping_add(4), new.wrapping_add(4)),
            Form::Page => (self.pages.old_page(old), self.pages.new_page(new)),
            Form::Low(_) => return self.low_operand(operand, offset),
            _ => (old, new),
        };
        operand.key = from.wrapping_add(offset).wrapping_add(site.in_page.into());
        operand.unmoved = operand.key.wrapping_sub(to);
        let shift;
        (shift, operand.class) = self.code_shift(operand.key, map, place);
        operand.expect(shift);
        if form == Form::Page {
            self.split[usize::from(page)] = (operand.key, shift);
        }
        operand
    }

    fn low_operand(&self, mut operand: Operand, offset: u32) -> Operand {
        operand.unmoved = offset.wrapping_add(self.pages.new).wrapping_sub(self.pages.old);
        operand.key = self.split[usize::from(operand.page)].0;
        self.follow(&mut operand);
        operand
    }

    /// Expects lowest bits to be those of what their page turned out to be.
    #[inline(always)]
    pub fn follow(&self, operand: &mut Operand) {
        if let Form::Low(_) = operand.form {
            operand.expect(self.split[usize::from(operand.page)].1);
        }
    }

    /// Sets how far the address of a page has moved, if that is known, before it is learnt: its lowest bits follow.
    pub fn correct(&mut self, page: &Operand, shift: Option<i32>) {
        self.split[usize::from(page.page)].1 = shift.unwrap_or(page.expected);
    }

    fn word_operand(&self, at: usize, value: u32) -> Operand {
        let (expected, source) = self.word_shift(value);
        let first = value.wrapping_add(expected as u32);
        let class = WORDS + source;
        Operand { at, class, old: value, key: value, unmoved: value, expected, first, ..Operand::NONE }
    }

    /// How far `key` has probably moved, and how that is known: 0 if exactly.
    fn code_shift(&self, key: u32, map: &Map, place: &Place) -> (i32, u8) {
        if let Some(shift) = self.code.exact(key) {
            return (shift, 0);
        }
        if let Some(shift) = map.shift(key) {
            return (shift, 1);
        }
        self.code.near(key).map_or((place.shift(), 3), |shift| (shift, 2))
    }

    /// How far the word `value` has probably moved, and how that is known: less than 3 if exactly.
    pub fn word_shift(&self, value: u32) -> (i32, u8) {
        match self.words.exact(value) {
            Some(0) => return (0, 0),
            Some(shift) => return (shift, if shift == self.moved { 2 } else { 1 }),
            None => {}
        }
        match self.words.near(value) {
            Some(shift) => (shift, if shift == self.moved { 4 } else { 3 }),
            None => self.words.below(value).map_or((0, 6), |shift| (shift, 5)),
        }
    }

    /// How far what `operand` refers to has moved if not as was expected first.
    pub fn second(&self, operand: &Operand, map: &Map, place: &Place) -> i32 {
        let guesses = if operand.is_of_code() {
            [map.shift(operand.key), self.code.near(operand.key), Some(place.shift()), None]
        } else {
            let successor = self.successors[self.successor_slot()];
            [self.words.near(operand.key), Some(self.moved), Some(successor), Some(0)]
        };
        let other = |shift: &i32| *shift != operand.expected;
        guesses.into_iter().flatten().find(other).unwrap_or(operand.expected)
    }

    /// Learns that what `operand` refers to has moved by `shift`.
    pub fn learn(&mut self, operand: &Operand, shift: i32) {
        if !operand.is_of_code() {
            self.learn_word(operand.key, shift);
            return;
        }
        match operand.form {
            Form::Low(_) => return,
            Form::Page => self.split[usize::from(operand.page)].1 = shift,
            _ => {}
        }
        self.code.learn(operand.key, shift);
    }

    fn learn_word(&mut self, key: u32, shift: i32) {
        self.words.learn(key, shift);
        let slot = self.successor_slot();
        self.successors[slot] = shift;
        self.last = [self.last[1], shift];
        if shift != 0 {
            self.moved = shift;
        }
    }

    /// Learns that `operand` is what was expected.
    pub fn confirm(&mut self, operand: &Operand) {
        let exact = if operand.is_of_code() { operand.class == 0 } else { operand.class < WORDS + 3 };
        if !exact {
            self.learn(operand, operand.expected);
        }
    }

    fn successor_slot(&self) -> usize {
        let [first, second] = self.last.map(|shift| shift as u32);
        let hash = first.wrapping_mul(0x9e37_79b1).wrapping_add(second.wrapping_mul(0x85eb_ca6b));
        (hash >> (32 - SUCCESSOR_BITS)) as usize
    }
}
