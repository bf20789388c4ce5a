//! What a block consists of before it is coded: literals, matches, and how often each symbol occurs.

use bytemuck::{Pod, Zeroable};

use super::writer::Version;

/// The longest match that a token holds, and the shortest that deflate knows.
pub const MAX_LENGTH: i32 = 258;
const MIN_LENGTH: i32 = 3;

/// How many literal and length codes there are, and distance codes.
pub const LITERALS: usize = 286;
pub const DISTANCES: usize = 30;

/// The symbol that ends a block.
pub const END: usize = 256;

/// The most tokens: those of the longest block of literals. A power of two.
const ROOM: usize = 1 << 16;

/// The bit that tells a match from a literal.
const MATCH: u32 = 1 << 30;

/// How many bits follow each length code, and the first length of it, less three.
pub const LENGTH_EXTRA: [u8; 32] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0, 0];
pub const LENGTH_BASE: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192,
    224, 255, 0, 0, 0,
];

/// The length code of each length less three.
pub const LENGTH_CODE: [u8; 256] = length_codes();

const fn length_codes() -> [u8; 256] {
    let mut codes = [0; 256];
    let (mut length, mut code) = (0, 0);
    while length < codes.len() {
        if code < 28 && LENGTH_BASE[code + 1] as usize == length {
            code += 1;
        }
        codes[length] = code as u8;
        length += 1;
    }
    codes
}

/// How many bits follow a distance code.
pub const fn distance_extra(code: u32) -> u32 {
    (code >> 1).saturating_sub(1)
}

/// The code of a distance less one, below 32768.
pub fn distance_code(distance: u32) -> u32 {
    if distance < 2 {
        return distance;
    }
    let log = 31 - distance.leading_zeros();
    2 * log + (distance >> (log - 1) & 1)
}

/// A literal or a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A byte as it is.
    Literal(u8),
    /// A length less three, a distance's code, and the distance less one.
    Match(u8, u32, u32),
}

/// The tokens of a block and how often each symbol occurs in them.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Tokens {
    /// Of literals.
    pub literals: [u16; 256],
    /// Of the block's end, then of the length codes.
    pub lengths: [u16; 32],
    /// Of the distance codes.
    pub distances: [u16; 32],
    count: u32,
    ended: u32,  // whether the end of the block was added
    filled: u32, // symbols that were counted though they do not occur
    tokens: [u32; ROOM],
}

impl Tokens {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.literals = [0; 256];
        self.lengths = [0; 32];
        self.distances = [0; 32];
        (self.count, self.ended, self.filled) = (0, 0, 0);
    }

    /// How many there are, with the end of the block if it was added.
    pub fn count(&self) -> u32 {
        self.count
    }

    #[inline]
    fn push(&mut self, token: u32) {
        self.tokens[self.count as usize & (ROOM - 1)] = token;
        self.count = self.count.wrapping_add(1);
    }

    /// Adds a literal.
    #[inline]
    pub fn literal(&mut self, byte: u8) {
        let frequency = &mut self.literals[byte as usize];
        *frequency = frequency.wrapping_add(1);
        self.push(u32::from(byte));
    }

    /// Adds literals.
    #[inline]
    pub fn literals(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.literal(byte);
        }
    }

    /// Adds a match: a length of 3 to 258, and a distance.
    #[inline]
    pub fn one_match(&mut self, length: i32, distance: i32) {
        let distance = distance.wrapping_sub(1) as u32 & 0x7fff;
        self.add_match(length, distance, distance_code(distance));
    }

    /// Adds a match of any length, as several if it is too long for one.
    #[inline]
    pub fn long_match(&mut self, mut length: i32, distance: i32, version: Version) {
        let distance = distance.wrapping_sub(1) as u32 & 0x7fff;
        let code = distance_code(distance);
        while length > MAX_LENGTH {
            // What remains must be long enough for another one. That was once made sure of in each step.
            let whole = version >= Version::V1_15_0 && length > MAX_LENGTH + MIN_LENGTH;
            let most = if whole { MAX_LENGTH } else { MAX_LENGTH - MIN_LENGTH };
            self.add_match(most, distance, code);
            length -= most;
        }
        if length > 0 {
            self.add_match(length, distance, code);
        }
    }

    #[inline]
    fn add_match(&mut self, length: i32, distance: u32, code: u32) {
        let length = length.wrapping_sub(MIN_LENGTH) as u8;
        let lengths = &mut self.lengths[(1 + (LENGTH_CODE[length as usize] & 31) as usize) & 31];
        *lengths = lengths.wrapping_add(1);
        let distances = &mut self.distances[code as usize & 31];
        *distances = distances.wrapping_add(1);
        self.push(MATCH | u32::from(length) << 22 | code << 16 | distance);
    }

    /// Counts the end of the block. It is not one of [`Tokens::iter`].
    pub fn end(&mut self) {
        self.lengths[0] = self.lengths[0].wrapping_add(1);
        self.count = self.count.wrapping_add(1);
        self.ended = 1;
    }

    /// Counts each symbol that does not occur once, the end of the block too: so all get codes.
    pub fn fill(&mut self) {
        let symbols = self.literals.iter_mut().chain(&mut self.lengths[..LITERALS - END]);
        for frequency in symbols.filter(|n| **n == 0) {
            *frequency = 1;
            self.filled = self.filled.wrapping_add(1);
        }
        for frequency in self.distances[..DISTANCES].iter_mut().filter(|n| **n == 0) {
            *frequency = 1;
        }
    }

    /// Literals and matches, in order.
    pub fn iter(&self) -> impl Iterator<Item = Token> {
        let count = self.count.saturating_sub(self.ended) as usize;
        self.tokens[..count.min(ROOM)].iter().map(|&token| match token & MATCH {
            0 => Token::Literal(token as u8),
            _ => Token::Match((token >> 22) as u8, token >> 16 & 31, token & 0x7fff),
        })
    }

    /// About how many bits the block takes with the best codes for it, without their description. The program reckons in
    /// `float32`, and the result decides whether codes are used again: so the order of the sums matters.
    pub fn estimate(&self, version: Version) -> i64 {
        let symbol_cost: fn(u16, f32) -> f32 =
            if version < Version::V1_12_3 { ideal_cost } else { symbol_cost };
        let end = if version < Version::V1_14_0 { self.ended } else { 0 };
        let count = self.count.wrapping_add(self.filled).saturating_sub(end);
        let (mut entropy, mut bits, mut matches) = (0f32, 0, 0);
        if count > 0 {
            let share = 1.0 / count as f32;
            for &n in self.literals.iter().filter(|&&n| n > 0) {
                entropy += symbol_cost(n, share);
            }
            entropy += 15.0;
            for (code, &n) in self.lengths[1..DISTANCES].iter().enumerate().filter(|(_, n)| **n > 0) {
                entropy += symbol_cost(n, share);
                bits += i64::from(LENGTH_EXTRA[code & 31]) * i64::from(n);
                matches += i32::from(n);
            }
        }
        if matches > 0 {
            let share = 1.0 / matches as f32;
            for (code, &n) in self.distances[..DISTANCES].iter().enumerate().filter(|(_, n)| **n > 0) {
                entropy += symbol_cost(n, share);
                bits += i64::from(distance_extra(code as u32)) * i64::from(n);
            }
        }
        entropy as i64 + bits
    }
}

/// The cost of all occurrences of a symbol, of 1 to 15 bits each.
fn symbol_cost(count: u16, share: f32) -> f32 {
    let n = f32::from(count);
    (-log2(n * share)).clamp(1.0, 15.0) * n
}

/// [`symbol_cost`] if codes could have any length.
fn ideal_cost(count: u16, share: f32) -> f32 {
    let n = f32::from(count);
    -log2(n * share) * n
}

/// About the binary logarithm, by a parabola over the mantissa.
pub fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 255) as i32 - 128;
    let mantissa = f32::from_bits((bits & !0x7f80_0000) + (127 << 23));
    let p = -0.344_848_43 * mantissa + 2.024_665_8;
    exponent as f32 + (p * mantissa - 0.674_877_6)
}
