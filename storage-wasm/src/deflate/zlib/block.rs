//! Blocks of literals and copies.

use bytemuck::{Pod, Zeroable};

use super::super::sink::Sink;
use super::Program;
use super::huffman::{Code, code};
use super::lengths::Lengths;
use super::symbols::{
    DISTANCE_RANGES, DISTANCES, END, FIXED_DISTANCES, FIXED_LITERALS, LENGTH_RANGES, LENGTH_SYMBOLS,
    LITERALS, distance_symbol,
};

/// How many literals and copies have room.
const ROOM: usize = 1 << 15;

/// The longest distance less 1, and all of its bits.
const MAX_DISTANCE: u16 = 0x7fff;

/// The literals and copies of a block that is not written yet.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    distances: [u16; ROOM],     // 0 for a literal
    bytes: [u8; ROOM],          // a literal, or a copy's length less 3
    literal_counts: [u16; 288], // by symbol
    distance_counts: [u16; 32], // by symbol
    count: u32,
}

impl Block {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a literal.
    #[inline]
    pub fn literal(&mut self, byte: u8) {
        self.literal_counts[usize::from(byte)] = self.literal_counts[usize::from(byte)].wrapping_add(1);
        self.append(0, byte);
    }

    /// Appends a copy of 3 to 258 bytes from 1 to 32768 bytes before.
    #[inline]
    pub fn copy(&mut self, distance: usize, length: usize) {
        let (distance, length) = (distance as u16, length.wrapping_sub(3) as u8);
        let symbol = usize::from(LENGTH_SYMBOLS[usize::from(length)]) + END + 1;
        self.literal_counts[symbol] = self.literal_counts[symbol].wrapping_add(1);
        let symbol = usize::from(distance_symbol(distance.wrapping_sub(1)));
        self.distance_counts[symbol] = self.distance_counts[symbol].wrapping_add(1);
        self.append(distance, length);
    }

    #[inline]
    fn append(&mut self, distance: u16, byte: u8) {
        let at = self.count as usize % ROOM;
        self.distances[at] = distance;
        self.bytes[at] = byte;
        self.count = self.count.wrapping_add(1);
    }

    /// Whether the block ends here, with so many raw bytes.
    #[inline]
    pub fn is_full(&self, program: Program, level: u32, length: usize) -> bool {
        self.count.wrapping_add(1) % 4096 < 2 && self.is_full_now(program, level, length)
    }

    #[cold]
    fn is_full_now(&self, program: Program, level: u32, length: usize) -> bool {
        if program == Program::Zlib {
            return self.count >= ROOM as u32 / 2 - 1;
        }
        self.count >= ROOM as u32 - 1 || self.count.is_multiple_of(4096) && level > 2 && self.is_good(length)
    }

    /// Whether GNU gzip guesses that the block compresses so well that it is better to end it.
    fn is_good(&self, length: usize) -> bool {
        let counts = self.distance_counts.iter().zip(&DISTANCE_RANGES);
        let (mut copies, mut bits) = (0, 8 * self.count as usize);
        for (&count, range) in counts {
            copies += u32::from(count);
            bits += usize::from(count) * (5 + range.extra as usize);
        }
        copies < self.count / 2 && bits / 8 < length / 2
    }

    /// Writes the block in the way that takes least bytes. It may be stored if there are its `raw`
    /// bytes.
    pub fn write(&mut self, raw: Option<&[u8]>, last: bool, output: &mut Sink<'_>) {
        self.literal_counts[END] = 1;
        let (literal_counts, distance_counts) = self.counts();
        let literals = code(literal_counts, 15);
        let distances = code(distance_counts, 15);
        let lengths = Lengths::of(&literals, &distances);
        let dynamic = (self.cost(&literals, &distances) + lengths.cost() + 3).div_ceil(8);
        let fixed = (self.cost(&FIXED_LITERALS, &FIXED_DISTANCES) + 3).div_ceil(8);
        match raw {
            Some(raw) if raw.len() + 4 <= dynamic.min(fixed) => store(raw, last, output),
            _ if fixed <= dynamic => {
                output.put(2 | u64::from(last), 3);
                self.write_symbols(&FIXED_LITERALS, &FIXED_DISTANCES, output);
            }
            _ => {
                output.put(4 | u64::from(last), 3);
                lengths.write(output);
                self.write_symbols(&literals, &distances, output);
            }
        }
    }

    /// Begins another block.
    pub fn clear(&mut self) {
        self.count = 0;
        self.literal_counts.fill(0);
        self.distance_counts.fill(0);
    }

    /// How often the symbols occur.
    fn counts(&self) -> (&[u16], &[u16]) {
        (&self.literal_counts[..LITERALS], &self.distance_counts[..DISTANCES])
    }

    /// How many bits the symbols take, and those that follow them.
    fn cost(&self, literals: &Code, distances: &Code) -> usize {
        let (literal_counts, distance_counts) = self.counts();
        let lengths = literal_counts[END + 1..].iter().zip(&LENGTH_RANGES);
        let extra = lengths.chain(distance_counts.iter().zip(&DISTANCE_RANGES));
        let extra: usize = extra.map(|(&count, range)| usize::from(count) * range.extra as usize).sum();
        literals.cost(literal_counts) + distances.cost(distance_counts) + extra
    }

    /// Writes the literals and copies in some code.
    fn write_symbols(&self, literals: &Code, distances: &Code, output: &mut Sink<'_>) {
        let mut lengths = [(0, 0); 256];
        for (length, (bits, count)) in lengths.iter_mut().enumerate() {
            let symbol = usize::from(LENGTH_SYMBOLS[length]);
            let range = LENGTH_RANGES[symbol];
            (*bits, *count) = literals.of(END + 1 + symbol);
            *bits |= (length as u64).wrapping_sub(range.base.into()) << *count;
            *count += range.extra;
        }
        let mut pending = Pending { bits: 0, count: 0 };
        let count = (self.count as usize).min(ROOM);
        for (&distance, &byte) in self.distances[..count].iter().zip(&self.bytes[..count]) {
            if distance == 0 {
                pending.put(literals.of(byte.into()), output);
                continue;
            }
            pending.put(lengths[usize::from(byte)], output);
            let distance = (distance - 1) & MAX_DISTANCE;
            let symbol = usize::from(distance_symbol(distance));
            let range = DISTANCE_RANGES[symbol % DISTANCES];
            let (bits, count) = distances.of(symbol);
            let extra = u64::from(distance).wrapping_sub(range.base.into());
            pending.put((bits | extra << count, count + range.extra), output);
        }
        pending.put(literals.of(END), output);
        output.put(pending.bits, pending.count);
    }
}

/// Bits that go to the output together.
struct Pending {
    bits: u64,
    count: u32,
}

impl Pending {
    #[inline]
    fn put(&mut self, (bits, count): (u64, u32), output: &mut Sink<'_>) {
        if self.count + count > 56 {
            output.put(self.bits, self.count);
            (self.bits, self.count) = (0, 0);
        }
        self.bits |= bits << self.count;
        self.count += count;
    }
}

/// Writes a stored block.
fn store(raw: &[u8], last: bool, output: &mut Sink<'_>) {
    let length = raw.len() as u16;
    output.put(last.into(), 3);
    output.align();
    output.bytes(&length.to_le_bytes());
    output.bytes(&(!length).to_le_bytes());
    output.bytes(raw);
}

/// Ends a byte with empty blocks, as pigz does: with fixed ones, of ten bits each, if those can do
/// it, or a stored one.
pub fn fill_byte(output: &mut Sink<'_>) {
    let (_, count) = output.pending();
    if count % 2 == 1 {
        store(&[], false, output);
    } else if count > 0 {
        (0..(8 - count) / 2).for_each(|_| output.put(2, 10));
    }
}
