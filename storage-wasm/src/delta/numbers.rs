//! Numbers, changed words and recurring shifts as bits in contexts.

use super::range::{Bit, Side};
use super::streams::Stream;

/// Codes the `bits` lowest bits of `number`, the highest one first, each in the context of those before it.
///
/// There must be 2^`bits` contexts.
#[inline(always)]
pub fn tree(side: &mut impl Side, contexts: &mut [Bit], bits: u32, number: usize) -> usize {
    let mut node = 1;
    for place in (0..bits).rev() {
        node = node << 1 | usize::from(side.bit(&mut contexts[node], number >> place & 1 == 1));
    }
    node - (1 << bits)
}

/// The contexts of a number's bits: how many they are, the first ones, and the others by their places.
#[derive(Clone)]
pub struct Number {
    length: [Bit; 64],
    lead: [[Bit; 8]; 33],
    rest: [[Bit; 32]; 33],
}

impl Number {
    /// Contexts in which nothing was coded yet.
    pub const NEW: Self =
        Self { length: [Bit::NEW; 64], lead: [[Bit::NEW; 8]; 33], rest: [[Bit::NEW; 32]; 33] };

    /// Codes a number.
    pub fn code(&mut self, side: &mut impl Side, number: u32) -> u32 {
        let length = tree(side, &mut self.length, 6, (32 - number.leading_zeros()) as usize).min(32);
        if length < 2 {
            return length as u32;
        }
        let mut found = 1;
        for place in (0..length - 1).rev() {
            let context = match found {
                1..8 => &mut self.lead[length][found as usize],
                _ => &mut self.rest[length][place],
            };
            found = found << 1 | u32::from(side.bit(context, number >> place & 1 == 1));
        }
        found
    }

    /// Codes a number that may be below zero.
    pub fn code_signed(&mut self, side: &mut impl Side, number: i32) -> i32 {
        unfold(self.code(side, fold(number)))
    }
}

/// Makes small numbers of those near zero.
fn fold(number: i32) -> u32 {
    (number << 1 ^ number >> 31) as u32
}

fn unfold(folded: u32) -> i32 {
    (folded >> 1) as i32 ^ -((folded & 1) as i32)
}

/// The contexts of a number of which only the length is told in bits, and its bytes aside.
#[derive(Clone)]
pub struct Bytes([Bit; 4]);

impl Bytes {
    /// Contexts in which nothing was coded yet.
    pub const NEW: Self = Self([Bit::NEW; 4]);

    /// How many bytes are told of `number`.
    pub fn length(number: i32) -> usize {
        (31 - (fold(number) | 1).leading_zeros()) as usize / 8 + 1
    }

    /// Codes a number.
    pub fn code(&mut self, side: &mut impl Side, number: i32) -> i32 {
        let length = tree(side, &mut self.0, 2, Self::length(number) - 1);
        let streams = [Stream::Low, Stream::Second, Stream::High, Stream::High];
        let mut found = [0; 4];
        for (place, byte) in fold(number).to_le_bytes().into_iter().enumerate().take(length + 1) {
            found[place] = side.byte(streams[place], byte);
        }
        unfold(u32::from_le_bytes(found))
    }
}

/// The contexts of a word that has changed: which bytes of it have is told in bits, and these bytes aside.
#[derive(Clone)]
pub struct Changes([Bit; 16]);

impl Changes {
    /// Contexts in which nothing was coded yet.
    pub const NEW: Self = Self([Bit::NEW; 16]);

    /// How many bytes are told of a word that was `old`.
    pub fn length(old: u32, word: u32) -> usize {
        (old ^ word).to_le_bytes().into_iter().filter(|&byte| byte != 0).count()
    }

    /// Codes a word that was `old`.
    pub fn code(&mut self, side: &mut impl Side, stream: Stream, old: u32, word: u32) -> u32 {
        let (mut bytes, truth) = (old.to_le_bytes(), word.to_le_bytes());
        let changed =
            (0..4).fold(0, |changed, place| changed | usize::from(bytes[place] != truth[place]) << place);
        let changed = tree(side, &mut self.0, 4, changed);
        for place in 0..4 {
            if changed >> place & 1 == 1 {
                bytes[place] = side.byte(stream, truth[place]);
            }
        }
        u32::from_le_bytes(bytes)
    }
}

/// How many shifts are remembered, as a power of two.
const RECENT_BITS: u32 = 5;
const RECENT: usize = 1 << RECENT_BITS;

/// The shifts that were told lately, the last one first.
pub struct Recent([i32; RECENT]);

/// The contexts in which one of the [`Recent`] shifts is told.
#[derive(Clone)]
pub struct Recurrence {
    any: Bit,
    place: [Bit; RECENT],
}

impl Recurrence {
    /// Contexts in which nothing was coded yet.
    pub const NEW: Self = Self { any: Bit::NEW, place: [Bit::NEW; RECENT] };
}

impl Recent {
    /// No shift but zero was told.
    pub const NEW: Self = Self([0; RECENT]);

    /// Codes `shift` if it is one of these.
    pub fn code(&self, side: &mut impl Side, contexts: &mut Recurrence, shift: i32) -> Option<i32> {
        let place = self.0.iter().position(|&recent| recent == shift);
        if !side.bit(&mut contexts.any, place.is_some()) {
            return None;
        }
        Some(self.0[tree(side, &mut contexts.place, RECENT_BITS, place.unwrap_or(0))])
    }

    /// Puts `shift` to the front.
    pub fn remember(&mut self, shift: i32) {
        let place = self.0.iter().position(|&recent| recent == shift).unwrap_or(RECENT - 1);
        self.0.copy_within(..place, 1);
        self.0[0] = shift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::range::{Decoder, Encoder};

    const NUMBERS: [i32; 14] = [0, 1, -1, 2, 3, 7, 8, -9, 100, 65_536, 123_456_789, 5, i32::MAX, i32::MIN];

    #[test]
    fn numbers_of_every_size_come_back() {
        let mut coded = [0; 200];
        let mut side = Encoder::new(&[], &mut coded);
        code_in_all_ways(&mut side, NUMBERS);
        let (length, streams) = side.finish().expect("there is room");
        let mut side = Decoder::new(&coded[..length], streams.reader(), &mut []);
        assert_eq!(code_in_all_ways(&mut side, [0; NUMBERS.len()]), [NUMBERS; 3]);
        assert_eq!(side.finish(), Ok(()));
    }

    fn code_in_all_ways<const N: usize>(side: &mut impl Side, numbers: [i32; N]) -> [[i32; N]; 3] {
        let (mut number, mut bytes, mut changes) = (Number::NEW, Bytes::NEW, Changes::NEW);
        let mut word = |word: i32| changes.code(side, Stream::Changed, 0x12_3456, word as u32) as i32;
        let words = numbers.map(&mut word);
        [
            numbers.map(|given| number.code_signed(side, given)),
            numbers.map(|given| bytes.code(side, given)),
            words,
        ]
    }

    #[test]
    fn the_lengths_that_are_compared_are_those_that_are_told() {
        assert_eq!([0, 127, -128, 128, 32_767, -32_769, i32::MIN].map(Bytes::length), [1, 1, 1, 2, 2, 3, 4]);
        assert_eq!(
            [0x1234_5678, 0x1234_5679, 0x0034_5600, 0].map(|word| Changes::length(0x1234_5678, word)),
            [0, 1, 2, 4]
        );
    }

    #[test]
    fn a_shift_recurs_until_enough_others_were_told() {
        let mut recent = Recent::NEW;
        recent.remember(-1);
        for shift in 1..RECENT as i32 {
            recent.remember(shift);
        }
        assert_eq!(recent.0[RECENT - 1], -1);
        recent.remember(-1);
        assert_eq!(recent.0[..2], [-1, RECENT as i32 - 1]);
        recent.remember(99);
        assert!(!recent.0.contains(&1));
    }
}
