//! The description of codes at the beginning of a dynamic block (RFC 1951, 3.2.7).

use super::huffman::{self, Code};
use super::tokens::{DISTANCES, LITERALS};
use super::writer::Version;
use crate::deflate::sink::Sink;

/// How many symbols code lengths are described with, and the order in which their own lengths are written.
const SYMBOLS: usize = 19;
const ORDER: [usize; SYMBOLS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// How many bits follow a symbol.
fn extra(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// The description of the codes of a block.
pub struct Header {
    literals: usize,
    distances: usize,
    symbols: [(u8, u8); LITERALS + DISTANCES],
    count: usize,
    frequencies: [u16; SYMBOLS],
    codes: [Code; SYMBOLS],
}

impl Header {
    /// Describes codes of literals and lengths, and of distances.
    pub fn new(literals: &[Code], distances: &[Code], version: Version) -> Self {
        let mut header = Header {
            literals: literals.len(),
            distances: distances.len(),
            symbols: [(0, 0); LITERALS + DISTANCES],
            count: 0,
            frequencies: [0; SYMBOLS],
            codes: [0; SYMBOLS],
        };
        let mut lengths =
            literals.iter().chain(distances).map(|&code| huffman::length(code) as u8).peekable();
        while let Some(length) = lengths.next() {
            let mut run = 1;
            while lengths.next_if_eq(&length).is_some() {
                run += 1;
            }
            header.add_run(length, run);
        }
        huffman::build(&header.frequencies, &mut header.codes, 7, version);
        header
    }

    fn add(&mut self, symbol: u8, value: usize) {
        self.symbols[self.count] = (symbol, value as u8);
        self.count += 1;
        self.frequencies[symbol as usize] += 1;
    }

    /// Adds `run` codes of the same length.
    fn add_run(&mut self, length: u8, mut run: usize) {
        if length == 0 {
            while run >= 11 {
                let n = run.min(138);
                self.add(18, n - 11);
                run -= n;
            }
            if run >= 3 {
                self.add(17, run - 3);
                run = 0;
            }
        } else {
            self.add(length, 0);
            run -= 1;
            while run >= 3 {
                let n = run.min(6);
                self.add(16, n - 3);
                run -= n;
            }
        }
        for _ in 0..run {
            self.add(length, 0);
        }
    }

    /// How many lengths of its own symbols it has.
    fn lengths(&self) -> usize {
        (4..=SYMBOLS).rev().find(|&n| n == 4 || self.frequencies[ORDER[n - 1]] != 0).unwrap_or(4)
    }

    /// Its length in bits, with the three of the block's type.
    pub fn size(&self) -> i64 {
        let extra: i64 = (16..19).map(|s| i64::from(self.frequencies[s]) * i64::from(extra(s as u8))).sum();
        let symbols = huffman::cost(&self.frequencies, &self.codes);
        3 + 5 + 5 + 4 + 3 * self.lengths() as i64 + symbols + extra
    }

    /// Begins a dynamic block that is not the last one.
    pub fn write(&self, output: &mut Sink<'_>) {
        let lengths = self.lengths();
        output.put(0b100, 3);
        output.put(self.literals as u64 - 257, 5);
        output.put(self.distances as u64 - 1, 5);
        output.put(lengths as u64 - 4, 4);
        for symbol in &ORDER[..lengths] {
            output.put(u64::from(huffman::length(self.codes[*symbol])), 3);
        }
        for &(symbol, value) in &self.symbols[..self.count] {
            let code = self.codes[symbol as usize];
            output.put(huffman::bits(code), huffman::length(code));
            output.put(u64::from(value), extra(symbol));
        }
    }
}
