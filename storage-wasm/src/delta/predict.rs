//! What copied bytes probably are in the new window: the old bytes, with the addresses in them moved.
//!
//! What an address refers to is told from the old bytes alone. How far that has moved is known from the last
//! reference to it, from the list of copies, or from a reference to something near it. Places in the windows stand for
//! addresses: within a segment they differ by a constant, and across segments shifts are learnt all the same.

use super::map::Map;
use super::shifts::Shifts;
use super::sites::Site;
use super::view::is_address;
use super::x86::Kind;

/// The bytes that are predicted at once, and up to 3 more for an address not to be cut.
pub const BLOCK: usize = 64;

/// The shifts that are expected after two others, by the hash of these, as a power of two.
const SUCCESSOR_BITS: u32 = 12;

/// Where bytes are.
#[derive(Clone, Copy)]
pub struct Place {
    /// Where they begin in the base window.
    pub old: usize,
    /// Where they begin in the new window.
    pub new: usize,
    /// Their number.
    pub length: usize,
}

impl Place {
    /// The part of these bytes from `start` on, `length` at most.
    pub fn part(&self, start: usize, length: usize) -> Self {
        let length = length.min(self.length - start);
        Self { old: self.old + start, new: self.new + start, length }
    }

    /// How many of the bytes there are before the first word, if words have this `alignment` in the base window.
    pub fn to_word(self, alignment: usize) -> usize {
        alignment.wrapping_sub(self.old) % 4
    }

    /// The bytes, of the new window.
    pub fn of<'a>(&self, new: &'a [u8]) -> &'a [u8] {
        &new[self.new..self.new + self.length]
    }

    /// How far the bytes have moved.
    fn shift(&self) -> i32 {
        (self.new as u32).wrapping_sub(self.old as u32) as i32
    }
}

/// An address in a block.
#[derive(Clone, Copy, Default)]
pub struct Operand {
    /// Where in the block it begins.
    pub at: usize,
    /// Its kind and how its shift is known, from [`WORDS`] on if it is a word.
    pub class: usize,
    /// What it probably is.
    pub first: u32,
    /// What it refers to in the base.
    key: u32,
    /// What it would be if that had not moved.
    unmoved: u32,
}

impl Operand {
    /// Whether it is of code, not a word.
    pub fn is_of_code(&self) -> bool {
        self.class < WORDS
    }

    /// How far what it refers to has moved if it is `value`.
    pub fn shift(&self, value: u32) -> i32 {
        value.wrapping_sub(self.unmoved) as i32
    }

    /// What it is if what it refers to has moved by `shift`.
    pub fn value(&self, shift: i32) -> u32 {
        self.unmoved.wrapping_add(shift as u32)
    }
}

/// The classes of operands of code are less than this, eight for each kind of them; from here on are those of words.
const WORDS: usize = 32;

/// The bytes of a block, and others up to the end of the array.
pub type Bytes = [u8; BLOCK + 3];

/// Old bytes with the predicted addresses in them.
pub struct Block {
    /// Where they are in both windows.
    pub place: Place,
    bytes: Bytes,
    operands: [Operand; BLOCK / 4 + 1],
    count: usize,
}

impl Block {
    /// A block of nothing.
    pub const EMPTY: Self = Self {
        place: Place { old: 0, new: 0, length: 0 },
        bytes: [0; BLOCK + 3],
        operands: [Operand { at: 0, class: 0, first: 0, key: 0, unmoved: 0 }; BLOCK / 4 + 1],
        count: 0,
    };

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The addresses, in their order.
    pub fn operands(&self) -> &[Operand] {
        &self.operands[..self.count]
    }

    /// Makes this the block of the bytes at `place`, with no addresses in it yet.
    fn begin(&mut self, old: &[u8], place: &Place) {
        (self.place, self.count) = (*place, 0);
        match old[place.old..].first_chunk() {
            Some(bytes) => self.bytes = *bytes,
            None => self.bytes[..place.length].copy_from_slice(&old[place.old..place.old + place.length]),
        }
    }

    /// The word at `at`.
    fn word(&self, at: usize) -> u32 {
        self.bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
    }

    fn push(&mut self, operand: Operand) {
        self.bytes[operand.at..operand.at + 4].copy_from_slice(&operand.first.to_le_bytes());
        self.operands[self.count] = operand;
        self.count += 1;
    }
}

/// What was learnt from the addresses coded so far.
pub struct Predictor {
    code: Shifts,
    words: Shifts,
    /// The last shift of a word that moved.
    moved: i32,
    /// The last two shifts that were learnt of words, and what came after such two.
    last: [i32; 2],
    successors: Vec<i32>,
}

impl Predictor {
    /// A predictor that has learnt nothing.
    pub fn new() -> Self {
        Self {
            code: Shifts::new(),
            words: Shifts::new(),
            moved: 0,
            last: [0; 2],
            successors: vec![0; 1 << SUCCESSOR_BITS],
        }
    }

    /// Predicts the code at `place`, at most [`BLOCK`] bytes and 3, with addresses at `sites`, told from `start`.
    pub fn code(
        &self,
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
            block.push(self.code_operand(site.kind, at, block.word(at), map, place));
        }
    }

    /// Predicts the words at `place`, at most [`BLOCK`] bytes.
    pub fn words(&self, block: &mut Block, old: &[u8], place: &Place) {
        block.begin(old, place);
        for at in (0..place.length & !3).step_by(4) {
            let value = block.word(at);
            if is_address(value) {
                block.push(self.word_operand(at, value));
            }
        }
    }

    fn code_operand(&self, kind: Kind, at: usize, value: u32, map: &Map, place: &Place) -> Operand {
        let key = (place.old as u32).wrapping_add(at as u32 + 4).wrapping_add(value);
        let (shift, source) = self.code_shift(key, map, place);
        let unmoved = value.wrapping_sub(place.shift() as u32);
        let first = unmoved.wrapping_add(shift as u32);
        Operand { at, class: kind as usize * 8 + source, first, key, unmoved }
    }

    fn word_operand(&self, at: usize, value: u32) -> Operand {
        let (shift, source) = self.word_shift(value);
        let first = value.wrapping_add(shift as u32);
        Operand { at, class: WORDS + source, first, key: value, unmoved: value }
    }

    /// How far `key` has probably moved, and how that is known: 0 if exactly.
    fn code_shift(&self, key: u32, map: &Map, place: &Place) -> (i32, usize) {
        if let Some(shift) = self.code.exact(key) {
            return (shift, 0);
        }
        if let Some(shift) = map.shift(key) {
            return (shift, 1);
        }
        self.code.near(key).map_or((place.shift(), 3), |shift| (shift, 2))
    }

    /// How far the word `value` has probably moved, and how that is known: less than 3 if exactly.
    fn word_shift(&self, value: u32) -> (i32, usize) {
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

    /// What `operand` is if it is not what was expected first.
    pub fn second(&self, operand: &Operand, map: &Map, place: &Place) -> u32 {
        let first = operand.shift(operand.first);
        let guesses = if operand.class < WORDS {
            [map.shift(operand.key), self.code.near(operand.key), Some(place.shift()), None]
        } else {
            let successor = self.successors[self.successor_slot()];
            [self.words.near(operand.key), Some(self.moved), Some(successor), Some(0)]
        };
        operand.value(guesses.into_iter().flatten().find(|&shift| shift != first).unwrap_or(first))
    }

    /// Learns that `operand` is `value`.
    pub fn learn(&mut self, operand: &Operand, value: u32) {
        let shift = operand.shift(value);
        if operand.class < WORDS {
            self.code.learn(operand.key, shift);
            return;
        }
        self.words.learn(operand.key, shift);
        let slot = self.successor_slot();
        self.successors[slot] = shift;
        self.last = [self.last[1], shift];
        if shift != 0 {
            self.moved = shift;
        }
    }

    /// Learns that `operand` is what was expected.
    pub fn confirm(&mut self, operand: &Operand) {
        let exact =
            if operand.class < WORDS { operand.class.is_multiple_of(8) } else { operand.class < WORDS + 3 };
        if !exact {
            self.learn(operand, operand.first);
        }
    }

    fn successor_slot(&self) -> usize {
        let [first, second] = self.last.map(|shift| shift as u32);
        let hash = first.wrapping_mul(0x9e37_79b1).wrapping_add(second.wrapping_mul(0x85eb_ca6b));
        (hash >> (32 - SUCCESSOR_BITS)) as usize
    }
}
