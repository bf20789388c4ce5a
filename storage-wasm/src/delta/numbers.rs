//! Bytes, numbers and recurring shifts as bits in contexts.

use super::range::{Bit, Side};

/// Codes the `bits` lowest bits of `number`, the highest one first, each in the context of those before it.
///
/// There must be 2^`bits` contexts.
#[inline(always)]
fn tree(side: &mut impl Side, contexts: &mut [Bit], bits: u32, number: usize) -> usize {
    let mut node = 1;
    for place in (0..bits).rev() {
        node = node << 1 | usize::from(side.bit(&mut contexts[node], number >> place & 1 == 1));
    }
    node - (1 << bits)
}

/// The contexts of a byte's bits.
#[derive(Clone)]
pub struct Byte([Bit; 256]);

impl Byte {
    /// Contexts in which nothing was coded yet.
    pub const NEW: Self = Self([Bit::NEW; 256]);

    /// Codes a byte.
    pub fn code(&mut self, side: &mut impl Side, byte: u8) -> u8 {
        tree(side, &mut self.0, 8, byte.into()) as u8
    }
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
        let folded = self.code(side, (number << 1 ^ number >> 31) as u32);
        (folded >> 1) as i32 ^ -((folded & 1) as i32)
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
        let mut contexts = Number::NEW;
        for number in NUMBERS {
            contexts.code_signed(&mut side, number);
        }
        let length = side.finish().expect("there is room");
        let mut side = Decoder::new(&coded[..length], &mut []);
        let mut contexts = Number::NEW;
        assert_eq!(NUMBERS.map(|_| contexts.code_signed(&mut side, 0)), NUMBERS);
        assert_eq!(side.finish(), Ok(()));
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
