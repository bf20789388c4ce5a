//! How blocks are written: dynamic, fixed or stored, with codes of their own or those of the block before. A block whose
//! codes may be used again is not ended until it is known that they are not.
//!
//! Source: klauspost/compress, `flate/huffman_bit_writer.go`.

use bytemuck::{Pod, Zeroable};

use super::header::Header;
use super::huffman::{self, Code, FIXED_DISTANCES, FIXED_LITERALS};
use super::tokens::{
    DISTANCES, END, LENGTH_BASE, LENGTH_CODE, LENGTH_EXTRA, LITERALS, Token, Tokens, distance_extra,
};
use crate::deflate::sink::Sink;

/// The longest stored block.
pub const MAX_STORED: usize = 65535;

/// Below so many tokens, fixed codes are considered.
const MAX_FIXED: u32 = 250;

/// What follows a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// Another block, which may use the codes again.
    Block,
    /// A marker or the end: the block is ended at once.
    Flush,
}

/// A version of the program since which it wrote other blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Of 2022-03.
    V1_15_1 = 0,
    /// Of 2022-09.
    V1_15_11 = 1,
    /// Of 2025-12.
    V1_18_2 = 2,
}

impl Version {
    /// The version of a number.
    pub const fn of(number: u32) -> Self {
        match number {
            0 => Version::V1_15_1,
            1 => Version::V1_15_11,
            _ => Version::V1_18_2,
        }
    }

    /// How many bytes the beginning of a short match may differ in from a longer one that ends with what follows.
    pub fn slack(self) -> i32 {
        if self < Version::V1_15_11 { 0 } else { 2 }
    }
}

/// The codes in use.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Writer {
    literals: [Code; LITERALS],
    distances: [Code; DISTANCES],
    header: u32,        // length in bits of the open block's description, 0 if no block is open
    literals_only: u32, // whether the codes are of literals alone
    penalty: u32,       // new codes have to gain one part in 2 to the power of this
    version: u32,
}

/// How often symbols occur in a block, as its codes are made of it.
struct Frequencies {
    literals: [u16; LITERALS],
    distances: [u16; DISTANCES],
    described: (usize, usize), // codes of each kind
}

impl Frequencies {
    /// The frequencies in `tokens`. If `trimmed`, the block's end is one of them, and no more codes are described than
    /// occur, but one of a distance at least.
    fn new(tokens: &Tokens, trimmed: bool) -> Self {
        let mut this = Frequencies {
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            described: (LITERALS, DISTANCES),
        };
        this.literals[..END].copy_from_slice(&tokens.literals);
        this.literals[END..].copy_from_slice(&tokens.lengths[..LITERALS - END]);
        this.distances.copy_from_slice(&tokens.distances[..DISTANCES]);
        if trimmed {
            this.literals[END] = 1;
            if this.distances.iter().all(|&n| n == 0) {
                this.distances[0] = 1;
            }
            let count = |frequencies: &[u16]| frequencies.iter().rposition(|&n| n != 0).map_or(0, |i| i + 1);
            this.described = (count(&this.literals), count(&this.distances));
        }
        this
    }

    fn cost(&self, literals: &[Code], distances: &[Code]) -> i64 {
        huffman::cost(&self.literals, literals) + huffman::cost(&self.distances, distances)
    }

    /// The size of a block of fixed codes, which is considered for a few tokens only.
    fn fixed(&self, tokens: &Tokens, extra: i64) -> i64 {
        if tokens.count() >= MAX_FIXED {
            return i64::MAX;
        }
        3 + self.cost(&FIXED_LITERALS, &FIXED_DISTANCES) + extra
    }

    /// How many bits follow codes.
    fn extra(&self) -> i64 {
        let lengths = self.literals[END + 1..].iter().zip(LENGTH_EXTRA);
        let lengths: i64 = lengths.map(|(&n, extra)| i64::from(n) * i64::from(extra)).sum();
        let distances = self.distances.iter().zip(0..);
        lengths + distances.map(|(&n, code)| i64::from(n) * i64::from(distance_extra(code))).sum::<i64>()
    }
}

impl Writer {
    /// Prepares a state of zeros. `penalty` is the level's.
    pub fn open(&mut self, version: Version, penalty: u32) {
        (self.version, self.penalty) = (version as u32, penalty);
    }

    /// The version of the program.
    pub fn version(&self) -> Version {
        Version::of(self.version)
    }

    /// Makes sure of what is true of all codes that were not made up.
    pub fn check(&mut self) {
        for code in self.literals.iter_mut().chain(&mut self.distances) {
            *code = huffman::checked(*code);
        }
    }

    /// Forgets the codes.
    pub fn reset(&mut self) {
        (self.header, self.literals_only) = (0, 0);
    }

    /// Writes a block. `raw` is what it consists of, if that is still known: then it may be stored.
    pub fn block(
        &mut self,
        tokens: &mut Tokens,
        raw: Option<&[u8]>,
        following: Following,
        output: &mut Sink<'_>,
    ) {
        if following == Following::Flush {
            tokens.end();
        }
        if self.header > 0 && (self.literals_only != 0 || !self.covers(tokens)) {
            self.literals_only = 0;
            self.end(output);
        }
        let trimmed = following == Following::Flush || self.version() >= Version::V1_18_2;
        let mut frequencies = Frequencies::new(tokens, trimmed);
        let raw = raw.filter(|raw| raw.len() <= MAX_STORED);
        let stored = raw.map_or(i64::MAX, stored_size);
        let extra = if raw.is_some() || self.header > 0 { frequencies.extra() } else { 0 };
        if self.header > 0 {
            let size =
                self.size_of_best(tokens, frequencies.cost(&self.literals, &self.distances) + extra, output);
            if frequencies.fixed(tokens, extra) < size - 7 {
                return match raw {
                    Some(raw) if stored <= size => self.stored(raw, output),
                    _ => self.fixed(tokens, output),
                };
            }
            if let Some(raw) = raw.filter(|_| stored <= size) {
                return self.stored(raw, output);
            }
        }
        if self.header == 0 {
            frequencies.literals[END] = 1;
            huffman::build(&frequencies.literals, &mut self.literals, 15);
            huffman::build(&frequencies.distances, &mut self.distances, 15);
            let (literals, distances) = frequencies.described;
            let header = Header::new(&self.literals[..literals], &self.distances[..distances]);
            let size = header.size() + frequencies.cost(&self.literals, &self.distances) + extra;
            let fixed = frequencies.fixed(tokens, extra);
            let best = size.min(fixed);
            if let Some(raw) = raw.filter(|_| stored <= best) {
                return self.stored(raw, output);
            }
            if fixed <= size {
                return self.fixed(tokens, output);
            }
            header.write(output);
            self.header = header.size() as u32;
            self.literals_only = 0;
        }
        write_tokens(tokens, &self.literals, &self.distances, output);
        if following == Following::Flush {
            self.end(output);
        }
    }

    /// The size of a block with the codes in use, or with new ones if they seem better: then the open block is ended.
    fn size_of_best(&mut self, tokens: &Tokens, again: i64, output: &mut Sink<'_>) -> i64 {
        let new = i64::from(self.header) + tokens.estimate();
        let new = new + i64::from(huffman::length(self.literals[END])) + (new >> (self.penalty & 31));
        if new >= again {
            return again;
        }
        self.end(output);
        new
    }

    /// Writes a block of literals, or stores it.
    pub fn literals(&mut self, raw: &[u8], following: Following, output: &mut Sink<'_>) {
        let mut frequencies = [0u16; END + 1];
        for &byte in raw {
            let n = &mut frequencies[byte as usize];
            *n = n.wrapping_add(1);
        }
        if raw.len() > 1024 && is_even(&frequencies[..END], raw.len()) {
            return self.stored(raw, output);
        }
        frequencies[END] = 1;
        let mut codes = [0; LITERALS];
        huffman::build(&frequencies, &mut codes, 15);
        let header = if self.header > 0 { i64::from(self.header) } else { 70 * 8 };
        let new = huffman::cost(&frequencies, &codes) + header;
        let new = new + (new >> (self.penalty & 31));
        if stored_size(raw) <= new {
            return self.stored(raw, output);
        }
        let again = &frequencies[..END];
        if self.header > 0
            && (!huffman::covers(&self.literals, again) || new < huffman::cost(again, &self.literals))
        {
            self.end(output);
        }
        if self.header == 0 {
            self.literals = codes;
            let header = Header::new(&codes[..END + 1], &[huffman::FIRST]);
            header.write(output);
            self.header = header.size() as u32;
            self.literals_only = 1;
        }
        write_literals(raw, &self.literals, output);
        if following == Following::Flush {
            self.end(output);
            self.literals_only = 0;
        }
    }

    /// Writes a block of bytes as they are, 65535 at most.
    pub fn stored(&mut self, raw: &[u8], output: &mut Sink<'_>) {
        self.end(output);
        output.put(0, 3);
        output.align();
        let length = raw.len() as u16;
        output.put(u64::from(length) | u64::from(!length) << 16, 32);
        output.bytes(raw);
    }

    /// Ends the stream, by an empty block.
    pub fn finish(&mut self, output: &mut Sink<'_>) {
        self.end(output);
        output.put(0b011, 3 + 7);
    }

    /// Writes a block of fixed codes.
    fn fixed(&mut self, tokens: &Tokens, output: &mut Sink<'_>) {
        self.end(output);
        output.put(0b010, 3);
        write_tokens(tokens, &FIXED_LITERALS, &FIXED_DISTANCES, output);
        output.put(0, 7);
    }

    /// Ends the open block, if there is one.
    fn end(&mut self, output: &mut Sink<'_>) {
        if self.header > 0 {
            put(self.literals[END], output);
            self.header = 0;
        }
    }

    /// Whether the codes in use can be used for these tokens.
    fn covers(&self, tokens: &Tokens) -> bool {
        huffman::covers(&self.distances, &tokens.distances)
            && huffman::covers(&self.literals[END..], &tokens.lengths)
            && huffman::covers(&self.literals, &tokens.literals)
    }
}

/// The size in bits of a stored block.
fn stored_size(raw: &[u8]) -> i64 {
    (raw.len() as i64 + 5) * 8
}

/// Whether all bytes are about as frequent.
fn is_even(frequencies: &[u16], length: usize) -> bool {
    // The sum of squares is exact, whatever the order.
    let (average, most) = (length as f64 / 256.0, length as f64 * 2.0);
    frequencies.iter().map(|&n| (f64::from(n) - average).powi(2)).sum::<f64>() < most
}

#[inline]
fn put(code: Code, output: &mut Sink<'_>) {
    output.put(huffman::bits(code), huffman::length(code));
}

fn write_literals(raw: &[u8], codes: &[Code; LITERALS], output: &mut Sink<'_>) {
    let mut triples = raw.chunks_exact(3);
    for triple in &mut triples {
        let (mut all, mut count) = (0, 0);
        for &byte in triple {
            let code = codes[byte as usize];
            all |= huffman::bits(code) << count;
            count += huffman::length(code);
        }
        output.put(all, count);
    }
    for &byte in triples.remainder() {
        put(codes[byte as usize], output);
    }
}

fn write_tokens(
    tokens: &Tokens,
    literals: &[Code; LITERALS],
    distances: &[Code; DISTANCES],
    output: &mut Sink<'_>,
) {
    for token in tokens.iter() {
        match token {
            Token::Literal(byte) => put(literals[byte as usize], output),
            Token::Match(length, distance_code, distance) => {
                let length_code = LENGTH_CODE[length as usize] as usize & 31;
                let code = literals[(END + 1 + length_code).min(LITERALS - 1)];
                let mut count = huffman::length(code);
                let mut bits = huffman::bits(code) | u64::from(length - LENGTH_BASE[length_code]) << count;
                count += u32::from(LENGTH_EXTRA[length_code]);
                let code = distances[(distance_code as usize).min(DISTANCES - 1)];
                bits |= huffman::bits(code) << count;
                count += huffman::length(code);
                let extra = distance_extra(distance_code);
                bits |= u64::from(distance & ((1 << extra) - 1)) << count;
                output.put(bits, count + extra);
            }
        }
    }
}
