//! A few copied bytes with the addresses in them, as predicted.

use super::arm64::{Form, IN_PAGE};

/// The bytes that are predicted at once, and up to 3 more for an address not to be cut.
pub const BLOCK: usize = 64;

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
    pub fn shift(&self) -> i32 {
        (self.new as u32).wrapping_sub(self.old as u32) as i32
    }
}

/// An address in a block.
#[derive(Clone, Copy)]
pub struct Operand {
    /// Where in the block the word begins that tells it.
    pub at: usize,
    /// How its shift is known, from [`WORDS`] on if it is of words.
    pub class: u8,
    /// How the word tells it.
    pub form: Form,
    /// How many bytes behind it the lowest bits of the address are told, if they are: then it is a page.
    pub low: u8,
    /// The number of that page in the section, for the page and for the lowest bits.
    pub page: u16,
    /// The word that tells it in the base.
    pub old: u32,
    /// What it refers to in the base.
    pub key: u32,
    /// The offset that it would tell if that had not moved.
    pub unmoved: u32,
    /// How far that has probably moved.
    pub expected: i32,
    /// What the word probably is.
    pub first: u32,
}

/// The classes of operands of code are less than this; from here on are those of words.
pub const WORDS: u8 = 4;

impl Operand {
    /// What is not an operand yet.
    pub const NONE: Self = Self {
        at: 0,
        class: 0,
        form: Form::Word,
        low: 0,
        page: 0,
        old: 0,
        key: 0,
        unmoved: 0,
        expected: 0,
        first: 0,
    };

    /// Whether it is of code, not of words.
    pub fn is_of_code(&self) -> bool {
        self.class < WORDS
    }

    /// What the word is if what it refers to has moved by `shift`.
    #[inline(always)]
    pub fn value(&self, shift: i32) -> u32 {
        self.form.with(self.old, self.unmoved.wrapping_add(shift as u32))
    }

    /// Sets how far what it refers to has probably moved.
    #[inline(always)]
    pub fn expect(&mut self, shift: i32) {
        self.expected = shift;
        self.first = self.value(shift);
    }

    /// How far what it refers to has moved, if that is why it is `word` and the one that has its lowest bits is `low`.
    pub fn shift(&self, word: u32, low: u32) -> Option<i32> {
        let expected = self.unmoved.wrapping_add(self.expected as u32);
        let offset = match self.form {
            Form::Page => {
                let form = Form::low(low, self.old & 31).filter(|_| self.low > 0);
                self.form.offset(word) | form.map_or(expected, |form| form.offset(low)) & IN_PAGE
            }
            // The nearest to what was expected of all that have these bits.
            Form::Low(_) => {
                let miss = self.form.offset(word).wrapping_sub(expected) << 20;
                expected.wrapping_add_signed(miss as i32 >> 20)
            }
            form => form.offset(word),
        };
        let shift = offset.wrapping_sub(self.unmoved) as i32;
        (self.value(shift) == word).then_some(shift)
    }
}

/// The bytes of a block, and others up to the end of the array, in which there is room for a word that begins in the block.
pub type Bytes = [u8; BLOCK + 4];

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
        bytes: [0; BLOCK + 4],
        operands: [Operand::NONE; BLOCK / 4 + 1],
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
    pub fn begin(&mut self, old: &[u8], place: &Place) {
        (self.place, self.count) = (*place, 0);
        match old[place.old..].first_chunk() {
            Some(bytes) => self.bytes = *bytes,
            None => self.bytes[..place.length].copy_from_slice(&old[place.old..place.old + place.length]),
        }
    }

    /// The word at `at`.
    pub fn word(&self, at: usize) -> u32 {
        self.bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// Adds an address, and puts it into the bytes.
    pub fn push(&mut self, operand: Operand) {
        self.bytes[operand.at..operand.at + 4].copy_from_slice(&operand.first.to_le_bytes());
        self.operands[self.count] = operand;
        self.count += 1;
    }
}
