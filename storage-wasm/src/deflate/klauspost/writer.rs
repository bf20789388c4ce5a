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
    /// A marker: the block is ended at once.
    Flush,
    /// The end: likewise.
    End,
}

/// A version of the program since which it wrote other streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Of 2020-03.
    V1_10_3,
    /// Of 2021-03.
    V1_11_13,
    /// Of 2021-04.
    V1_12_2,
    /// Of 2021-05.
    V1_12_3,
    /// Of 2022-01.
    V1_14_0,
    /// Of 2022-02.
    V1_14_3,
    /// Of 2022-03.
    V1_15_0,
    /// Of 2022-09.
    V1_15_11,
    /// Of 2025-12.
    V1_18_2,
    /// What Go 1.27 made of that.
    Go1_27,
    /// Of 2026-11.
    V1_20_4,
}

impl Version {
    const ALL: [Version; 11] = [
        Version::V1_10_3,
        Version::V1_11_13,
        Version::V1_12_2,
        Version::V1_12_3,
        Version::V1_14_0,
        Version::V1_14_3,
        Version::V1_15_0,
        Version::V1_15_11,
        Version::V1_18_2,
        Version::Go1_27,
        Version::V1_20_4,
    ];

    /// The version of a number.
    fn of(number: u32) -> Self {
        Self::ALL[(number as usize).min(Self::ALL.len() - 1)]
    }

    /// How many bytes the beginning of a short match may differ in from a longer one that ends with what follows; none if
    /// such a one is not looked for.
    pub fn slack(self) -> Option<i32> {
        match self {
            _ if self < Version::V1_12_2 => None,
            _ if self < Version::V1_15_11 => Some(0),
            _ => Some(2),
        }
    }
}

/// The codes in use.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Writer {
    pub(super) literals: [Code; LITERALS],
    distances: [Code; DISTANCES],
    /// The length in bits of the open block's description, 0 if no block is open.
    pub(super) header: u32,
    /// Whether the codes are of literals alone.
    pub(super) literals_only: u32,
    /// New codes have to gain one part in 2 to the power of this.
    pub(super) penalty: u32,
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

    /// The size of a block of fixed codes, which is considered for a few tokens only; once it always was, and before that never.
    fn fixed(&self, tokens: &Tokens, extra: i64, version: Version) -> i64 {
        let many = tokens.count() >= MAX_FIXED && version >= Version::V1_14_3;
        if many || version < Version::V1_14_0 {
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
        let version = self.version();
        if following != Following::Block {
            tokens.end();
        } else if version < Version::V1_14_0 {
            tokens.fill();
        }
        if self.header > 0 && (self.literals_only != 0 || !self.covers(tokens)) {
            self.literals_only = 0;
            self.end(output);
        }
        let trimmed = following != Following::Block || version >= Version::V1_18_2;
        let mut frequencies = Frequencies::new(tokens, trimmed);
        let raw = raw.filter(|raw| raw.len() <= MAX_STORED);
        let stored = raw.map_or(i64::MAX, stored_size);
        // Once a block was stored unless a part of it was saved.
        let is_stored = |size: i64| match version {
            _ if version < Version::V1_14_0 => stored < size + (size >> 4),
            _ => stored <= size,
        };
        let extra = if raw.is_some() || self.header > 0 { frequencies.extra() } else { 0 };
        if self.header > 0 {
            let size =
                self.size_of_best(tokens, frequencies.cost(&self.literals, &self.distances) + extra, output);
            if frequencies.fixed(tokens, extra, version) < size - 7 {
                return match raw {
                    Some(raw) if stored <= size => self.stored(raw, output),
                    _ => self.fixed(tokens, output),
                };
            }
            if let Some(raw) = raw.filter(|_| is_stored(size)) {
                return self.stored(raw, output);
            }
        }
        if self.header == 0 {
            frequencies.literals[END] = 1;
            huffman::build(&frequencies.literals, &mut self.literals, 15, version);
            huffman::build(&frequencies.distances, &mut self.distances, 15, version);
            let (literals, distances) = frequencies.described;
            let header = Header::new(&self.literals[..literals], &self.distances[..distances], version);
            let size = header.size() + frequencies.cost(&self.literals, &self.distances) + extra;
            let fixed = frequencies.fixed(tokens, extra, version);
            let best = size.min(fixed);
            if let Some(raw) = raw.filter(|_| is_stored(best)) {
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
        if following != Following::Block {
            self.end(output);
        }
    }

    /// The size of a block with the codes in use, or with new ones if they seem better: then the open block is ended.
    fn size_of_best(&mut self, tokens: &Tokens, again: i64, output: &mut Sink<'_>) -> i64 {
        let version = self.version();
        let new = i64::from(self.header) + tokens.estimate(version);
        let end = if version < Version::V1_14_0 { 0 } else { huffman::length(self.literals[END]) };
        let new = new + i64::from(end) + (new >> (self.penalty & 31));
        if new >= again {
            return again;
        }
        self.end(output);
        new
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
    pub(super) fn end(&mut self, output: &mut Sink<'_>) {
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
pub fn stored_size(raw: &[u8]) -> i64 {
    (raw.len() as i64 + 5) * 8
}

/// Writes a code.
#[inline]
pub fn put(code: Code, output: &mut Sink<'_>) {
    output.put(huffman::bits(code), huffman::length(code));
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
