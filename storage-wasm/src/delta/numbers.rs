//! Numbers, changed words and recurring differences in streams.

use super::side::Side;
use super::streams::Stream;

/// Numbers below this are a byte. Others begin with a byte that tells their length in bits and the two below the highest.
const SMALL: u32 = 128;
const MIN_LENGTH: u32 = 8;
/// How many first bytes there are.
const FIRSTS: usize = SMALL as usize + 4 * (32 - MIN_LENGTH as usize + 1);

/// Codes a number: its first byte in `stream`, the others of its bits in [`Stream::Extra`].
pub fn number(side: &mut impl Side, stream: Stream, number: u32) -> u32 {
    let length = 32 - number.leading_zeros();
    let first = match number {
        0..SMALL => number,
        _ => SMALL + (length - MIN_LENGTH) * 4 + (number >> (length - 3) & 3),
    };
    let first = side.symbol(stream, FIRSTS, first as usize) as u32;
    if first < SMALL {
        return first;
    }
    let rest = (first - SMALL) / 4 + MIN_LENGTH - 3;
    (4 | first & 3) << rest | side.bits(Stream::Extra, rest, number)
}

/// Codes a number that may be below zero, as [`number`].
pub fn signed(side: &mut impl Side, stream: Stream, value: i32) -> i32 {
    unfold(number(side, stream, fold(value)))
}

/// Makes small numbers of those near zero.
fn fold(number: i32) -> u32 {
    (number << 1 ^ number >> 31) as u32
}

fn unfold(folded: u32) -> i32 {
    (folded >> 1) as i32 ^ -((folded & 1) as i32)
}

/// How many bytes [`bytes`] tells of `number`.
pub fn length(number: i32) -> usize {
    (31 - (fold(number) | 1).leading_zeros()) as usize / 8 + 1
}

/// Codes a number of which `length` bytes are told.
pub fn bytes(side: &mut impl Side, length: usize, number: i32) -> i32 {
    let streams = [Stream::Low, Stream::Second, Stream::High, Stream::High];
    let mut found = [0; 4];
    for (place, byte) in fold(number).to_le_bytes().into_iter().enumerate().take(length) {
        found[place] = side.byte(streams[place], byte);
    }
    unfold(u32::from_le_bytes(found))
}

/// How many patterns there are.
pub const PATTERNS: usize = 1 << 4;

/// A bit for each byte that differs.
pub fn pattern(old: u32, word: u32) -> usize {
    let (old, word) = (old.to_le_bytes(), word.to_le_bytes());
    (0..4).fold(0, |changed, place| changed | usize::from(old[place] != word[place]) << place)
}

/// Codes the bytes of a word that was `old` of which those of the `pattern` have changed.
pub fn changes(side: &mut impl Side, stream: Stream, pattern: usize, old: u32, word: u32) -> u32 {
    let (mut bytes, truth) = (old.to_le_bytes(), word.to_le_bytes());
    for place in 0..4 {
        if pattern >> place & 1 == 1 {
            bytes[place] = side.byte(stream, truth[place]);
        }
    }
    u32::from_le_bytes(bytes)
}

/// How many differences are remembered.
pub const RECENT: usize = 32;

/// The differences that were told lately, the last one first: shifts of addresses, or changes of words.
pub struct Recent([i32; RECENT]);

impl Recent {
    /// No difference but zero was told.
    pub const NEW: Self = Self([0; RECENT]);

    /// Which of these `difference` is.
    pub fn place(&self, difference: i32) -> Option<usize> {
        self.0.iter().position(|&recent| recent == difference)
    }

    /// The difference at a place.
    pub fn at(&self, place: usize) -> i32 {
        self.0[place]
    }

    /// Puts `difference` to the front.
    pub fn remember(&mut self, difference: i32) {
        let place = self.place(difference).unwrap_or(RECENT - 1);
        self.0.copy_within(..place, 1);
        self.0[0] = difference;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::delta::side::{Decoder, Encoder};

    const NUMBERS: [i32; 14] =
        [0, 1, -1, 2, 63, 64, -65, 127, 128, 65_536, 123_456_789, 5, i32::MAX, i32::MIN];

    #[test]
    fn numbers_of_every_size_come_back() {
        let mut side = Encoder::new(&[]);
        code_in_all_ways(&mut side, NUMBERS);
        let streams = side.finish();
        let mut side = Decoder::new(streams.reader(), &mut []);
        assert_eq!(code_in_all_ways(&mut side, [0; NUMBERS.len()]), [NUMBERS; 3]);
        assert_eq!(side.finish(), Ok(()));
    }

    fn code_in_all_ways<const N: usize>(side: &mut impl Side, numbers: [i32; N]) -> [[i32; N]; 3] {
        const OLD: u32 = 0x12_3456;
        [
            numbers.map(|given| signed(side, Stream::Jump, given)),
            numbers.map(|given| {
                let length = side.symbol(Stream::Length, 5, length(given));
                bytes(side, length, given)
            }),
            numbers.map(|given| {
                let pattern = side.symbol(Stream::CodePattern, PATTERNS, pattern(OLD, given as u32));
                changes(side, Stream::Changed, pattern, OLD, given as u32) as i32
            }),
        ]
    }

    #[test]
    fn what_nothing_is_told_by_is_refused() {
        let mut side = Encoder::new(&[]);
        side.byte(Stream::Gap, FIRSTS as u8);
        let streams = side.finish();
        let mut side = Decoder::new(streams.reader(), &mut []);
        number(&mut side, Stream::Gap, 0);
        assert_eq!(side.finish(), Err(Error::Corrupt));
    }

    #[test]
    fn the_lengths_that_are_compared_are_those_that_are_told() {
        assert_eq!([0, 127, -128, 128, 32_767, -32_769, i32::MIN].map(length), [1, 1, 1, 2, 2, 3, 4]);
        assert_eq!(
            [0x1234_5678, 0x1234_5679, 0x0034_5600, 0].map(|word| pattern(0x1234_5678, word)),
            [0, 0b1, 0b1001, 0b1111]
        );
    }

    #[test]
    fn a_difference_recurs_until_enough_others_were_told() {
        let mut recent = Recent::NEW;
        recent.remember(-1);
        for shift in 1..RECENT as i32 {
            recent.remember(shift);
        }
        assert_eq!(recent.place(-1), Some(RECENT - 1));
        recent.remember(-1);
        assert_eq!([recent.at(0), recent.at(1)], [-1, RECENT as i32 - 1]);
        recent.remember(99);
        assert_eq!(recent.place(1), None);
    }
}
