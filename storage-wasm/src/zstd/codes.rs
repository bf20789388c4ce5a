//! The codes of lengths and offsets (RFC 8878, 3.1.1.3.2.1), and what is predefined for them.

use super::fse::Distribution;

/// The code of a number of literals.
#[inline]
pub fn literals(length: u32) -> u8 {
    const CODES: [u8; 64] = codes::<64, 9>(16, [16, 18, 20, 22, 24, 28, 32, 40, 48]);
    match CODES.get(length as usize) {
        Some(&code) => code,
        None => length.ilog2() as u8 + 19,
    }
}

/// The code of the length of a match less 3.
#[inline]
pub fn matched(length: u32) -> u8 {
    const CODES: [u8; 128] = codes::<128, 11>(32, [32, 34, 36, 38, 40, 44, 48, 56, 64, 80, 96]);
    match CODES.get(length as usize) {
        Some(&code) => code,
        None => length.ilog2() as u8 + 36,
    }
}

/// The code of an offset plus 3, or of a repeated one, which is not 0.
#[inline]
pub fn offset(offset: u32) -> u8 {
    offset.max(1).ilog2() as u8
}

/// How many bits follow the code of a number of literals.
pub fn literal_bits(code: u8) -> u32 {
    const BITS: [u8; 20] = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    bits_from(&BITS, code, 16)
}

/// How many bits follow the code of the length of a match.
pub fn matched_bits(code: u8) -> u32 {
    const BITS: [u8; 21] = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    bits_from(&BITS, code, 32)
}

#[inline]
fn bits_from(bits: &[u8], code: u8, first: u8) -> u32 {
    let place = usize::from(code.wrapping_sub(first));
    bits.get(place).map_or(0, |&bits| u32::from(bits))
}

/// The codes of lengths: below `first` their own, and from there on one more at each of `steps`.
const fn codes<const N: usize, const STEPS: usize>(first: u8, steps: [u8; STEPS]) -> [u8; N] {
    let mut codes = [0; N];
    let mut length = 0;
    let mut step = 0;
    while length < N {
        while step < STEPS && steps[step] as usize <= length {
            step += 1;
        }
        codes[length] = if step == 0 { length as u8 } else { first + step as u8 - 1 };
        length += 1;
    }
    codes
}

/// What is predefined for numbers of literals.
pub const LITERALS: Distribution = Distribution::predefined(
    [
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
        -1, -1, -1,
    ],
    6,
);

/// What is predefined for offsets.
pub const OFFSETS: Distribution = Distribution::predefined(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
);

/// What is predefined for the lengths of matches.
pub const MATCHED: Distribution = Distribution::predefined(
    [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    6,
);
