//! The symbols of lengths and distances (RFC 1951, 3.2.5), and the fixed codes (3.2.6).

use super::huffman::{Code, codes};

/// How many symbols of literals, of the end, and of lengths there are.
pub const LITERALS: usize = 286;

/// The symbol of a block's end. Those of lengths follow.
pub const END: usize = 256;

/// How many symbols of distances there are.
pub const DISTANCES: usize = 30;

/// Of a symbol of lengths or distances, how many bits follow it, and the first length less 3, or
/// distance less 1.
#[derive(Clone, Copy)]
pub struct Range {
    pub extra: u32,
    pub base: u32,
}

/// The symbols of lengths less [`END`] and 1. The longest one has a symbol of its own.
pub const LENGTH_RANGES: [Range; 29] = {
    let mut ranges = ranges(4);
    ranges[28] = Range { extra: 0, base: 255 };
    ranges
};

/// The symbols of distances.
pub const DISTANCE_RANGES: [Range; DISTANCES] = ranges(2);

/// The symbol of a length less 3.
pub static LENGTH_SYMBOLS: [u8; 256] = symbols(&LENGTH_RANGES, 0);

/// The symbol of a distance less 1, if it is small.
static NEAR_SYMBOLS: [u8; 256] = symbols(&DISTANCE_RANGES, 0);

/// The symbol of a distance less 1, divided by 128.
static FAR_SYMBOLS: [u8; 256] = symbols(&DISTANCE_RANGES, 7);

/// The symbol of a distance less 1.
#[inline]
pub fn distance_symbol(distance: u16) -> u8 {
    match distance {
        0..256 => NEAR_SYMBOLS[usize::from(distance)],
        _ => FAR_SYMBOLS[usize::from(distance >> 7 & 0xff)],
    }
}

/// The fixed code of literals and lengths.
pub static FIXED_LITERALS: Code = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    Code { bits: codes(&lengths), lengths, used: LITERALS }
};

/// The fixed code of distances.
pub static FIXED_DISTANCES: Code = {
    let mut lengths = [0; 288];
    let mut symbol = 0;
    while symbol < 32 {
        lengths[symbol] = 5;
        symbol += 1;
    }
    Code { bits: codes(&lengths), lengths, used: DISTANCES }
};

/// Ranges that follow one another: `2 * alike` of one each, and then every `alike` have one bit
/// more.
const fn ranges<const N: usize>(alike: usize) -> [Range; N] {
    let mut ranges = [Range { extra: 0, base: 0 }; N];
    let mut symbol = 1;
    while symbol < N {
        let before = ranges[symbol - 1];
        let extra = (symbol / alike).saturating_sub(1) as u32;
        ranges[symbol] = Range { extra, base: before.base + (1 << before.extra) };
        symbol += 1;
    }
    ranges
}

/// For every number, multiplied by 2^`shift`, the last of the ranges that begins at it or before.
const fn symbols<const N: usize>(ranges: &[Range], shift: u32) -> [u8; N] {
    let mut symbols = [0; N];
    let mut number = 0;
    while number < N {
        let mut symbol = ranges.len() - 1;
        while ranges[symbol].base > (number << shift) as u32 {
            symbol -= 1;
        }
        symbols[number] = symbol as u8;
        number += 1;
    }
    symbols
}
