//! Blocks of literals alone: for what has few matches, or none.
//!
//! Source: klauspost/compress, `flate/huffman_bit_writer.go`, and `flate/huffman_code.go` of older versions.

use super::header::Header;
use super::huffman::{self, Code};
use super::tokens::{END, LITERALS, log2};
use super::writer::{Following, Version, Writer, put, stored_size};
use crate::deflate::sink::Sink;

/// How long the description of codes is thought to be, in bits, if none was written before.
const USUAL_HEADER: i64 = 70 * 8;

impl Writer {
    /// Writes a block of literals, or stores it.
    pub fn literals(&mut self, raw: &[u8], following: Following, output: &mut Sink<'_>) {
        let version = self.version();
        let mut frequencies = [0u16; END + 1];
        for &byte in raw {
            let n = &mut frequencies[byte as usize];
            *n = n.wrapping_add(1);
        }
        if version >= Version::V1_14_3 && raw.len() > 1024 && is_even(&frequencies[..END], raw.len()) {
            return self.stored(raw, output);
        }
        // The codes of a block that may be used again were once of all bytes.
        let filled = version < Version::V1_12_3 && following == Following::Block;
        let mut codes = [0; LITERALS];
        let (new, later) = if version < Version::V1_12_3 {
            estimate(&frequencies[..END], raw.len(), filled, version)
        } else {
            (build(&mut frequencies, &mut codes, version), 0)
        };
        let new = new + if self.header > 0 { i64::from(self.header) } else { USUAL_HEADER };
        let new = new + (new >> (self.penalty & 31));
        let stored = stored_size(raw);
        if stored < new || stored == new && version >= Version::V1_12_3 {
            return self.stored(raw, output);
        }
        if filled && version < Version::V1_11_13 {
            fill(&mut frequencies);
        }
        let again = &frequencies[..END];
        if self.header > 0
            && (!huffman::covers(&self.literals, again) || new + later < huffman::cost(again, &self.literals))
        {
            self.end(output);
        }
        if self.header == 0 {
            if filled {
                fill(&mut frequencies);
            }
            if version < Version::V1_12_3 {
                build(&mut frequencies, &mut codes, version);
            }
            self.literals = codes;
            let header = Header::new(&codes[..END + 1], &[huffman::FIRST], version);
            header.write(output);
            self.header = header.size() as u32;
            self.literals_only = 1;
        }
        write(raw, &self.literals, output);
        if following != Following::Block {
            self.end(output);
            self.literals_only = 0;
        }
    }
}

/// Makes codes of the frequencies, to which the end of the block comes, and returns how many bits they take.
fn build(frequencies: &mut [u16; END + 1], codes: &mut [Code; LITERALS], version: Version) -> i64 {
    frequencies[END] = 1;
    huffman::build(frequencies, codes, 15, version);
    huffman::cost(frequencies, codes)
}

/// Counts each byte that does not occur once.
fn fill(frequencies: &mut [u16; END + 1]) {
    for n in frequencies[..END].iter_mut().filter(|n| **n == 0) {
        *n = 1;
    }
}

/// How many bits older versions thought that literals take, codes of all bytes if `filled`, and how many they added to that
/// later. They reckon in `float32`: so the order of the sums matters.
fn estimate(frequencies: &[u16], length: usize, filled: bool, version: Version) -> (i64, i64) {
    let missing = if filled { frequencies.iter().filter(|&&n| n == 0).count() } else { 0 };
    let counted = if version < Version::V1_11_13 { length } else { length + missing };
    let share = 1.0 / counted as f32;
    let cost = |n: f32| (-log2(n * share)).max(1.0) * n;
    let sum = |sum: f32, n| sum + cost(n);
    let entropy = frequencies.iter().filter(|&&n| n > 0).map(|&n| f32::from(n)).fold(0.0, sum);
    let bits = (entropy + 0.99) as i64;
    if version < Version::V1_11_13 {
        let more = std::iter::repeat_n(1.0, missing).fold(0.0, sum);
        (bits + 15, (more + 0.99) as i64)
    } else {
        (bits + (length / 32) as i64, 0)
    }
}

/// Whether all bytes are about as frequent.
fn is_even(frequencies: &[u16], length: usize) -> bool {
    // The sum of squares is exact, whatever the order.
    let (average, most) = (length as f64 / 256.0, length as f64 * 2.0);
    frequencies.iter().map(|&n| (f64::from(n) - average).powi(2)).sum::<f64>() < most
}

fn write(raw: &[u8], codes: &[Code; LITERALS], output: &mut Sink<'_>) {
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
