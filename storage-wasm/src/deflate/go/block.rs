//! Blocks: which kind is the smallest one, and how it is written.

use super::codes::{self, DISTANCES, END, FIRST_LENGTH, HEADER, LITERALS};
use super::prefix::{Code, Codes, MAX_BITS};
use crate::deflate::sink::Sink;

/// The most bytes of a stored block.
pub const MAX_STORED: usize = 65_535;

/// The order in which the lengths of the codes of a header are told.
const HEADER_ORDER: [usize; HEADER] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What a block consists of: literals, and then a match.
pub struct Step<'a> {
    pub literals: &'a [u8],
    /// The length of the match less 3; 0 if there is none.
    pub length: u8,
    /// The distance less 1.
    pub distance: u16,
}

/// The symbols of a block.
pub trait Symbols {
    /// Calls `visit` with each step of them, in order.
    fn each(&self, visit: impl FnMut(Step<'_>));
}

/// Bytes as literals.
impl Symbols for [u8] {
    fn each(&self, mut visit: impl FnMut(Step<'_>)) {
        visit(Step { literals: self, length: 0, distance: 0 });
    }
}

/// Writes a stored block of at most [`MAX_STORED`] bytes.
pub fn store(raw: &[u8], last: bool, sink: &mut Sink<'_>) {
    let length = raw.len() as u16;
    sink.put(last.into(), 3);
    sink.align();
    sink.put(u64::from(length) | u64::from(!length) << 16, 32);
    sink.bytes(raw);
}

/// Writes a block of `symbols` in the smallest of all ways. It can be stored if `raw` are the bytes it stands for.
pub fn write(symbols: &(impl Symbols + ?Sized), raw: Option<&[u8]>, sink: &mut Sink<'_>) {
    let counts = Counts::of(symbols);
    let codes = counts.codes();
    let header = Header::new(&codes);
    let extra = if raw.is_some() { counts.extra_bits() } else { 0 };
    let fixed = Pair::fixed();
    let fixed_size = 3 + counts.size(&fixed) + extra;
    let size = header.size() + counts.size(&codes) + extra;
    if let Some(raw) = raw
        && (raw.len() + 5) * 8 < size.min(fixed_size)
    {
        return store(raw, false, sink);
    }
    if size < fixed_size {
        header.write(sink);
        codes.write(symbols, sink);
    } else {
        sink.put(2, 3);
        fixed.write(symbols, sink);
    }
}

/// Writes a block of `symbols`, which stand for `raw`, with codes of its own, or stores it if that gains little.
pub fn write_dynamic(symbols: &(impl Symbols + ?Sized), raw: &[u8], sink: &mut Sink<'_>) {
    let counts = Counts::of(symbols);
    let codes = counts.codes();
    let header = Header::new(&codes);
    let size = header.size() + counts.size(&codes); // what follows the codes is not counted here
    if (raw.len() + 5) * 8 < size + size / 16 {
        return store(raw, false, sink);
    }
    header.write(sink);
    codes.write(symbols, sink);
}

/// How often each code is taken.
struct Counts {
    literals: [u32; 512],
    distances: [u32; 32],
}

impl Counts {
    fn of(symbols: &(impl Symbols + ?Sized)) -> Self {
        let mut counts = Self { literals: [0; 512], distances: [0; 32] };
        symbols.each(|step| {
            step.literals.iter().for_each(|byte| counts.literals[usize::from(*byte)] += 1);
            if step.length != 0 {
                counts.literals[(FIRST_LENGTH + codes::length(step.length).code) & 511] += 1;
                counts.distances[codes::distance(step.distance).code & 31] += 1;
            }
        });
        counts.literals[END] = 1;
        if counts.distances == [0; 32] {
            counts.distances[0] = 1; // a header tells of one distance at least
        }
        counts
    }

    fn codes(&self) -> Pair {
        Pair {
            literals: Codes::new(&self.literals, MAX_BITS),
            distances: Codes::new(&self.distances, MAX_BITS),
        }
    }

    /// The bits that all codes take.
    fn size(&self, codes: &Pair) -> usize {
        codes.literals.size(&self.literals) + codes.distances.size(&self.distances)
    }

    /// The bits that follow codes.
    fn extra_bits(&self) -> usize {
        let lengths = self.literals[FIRST_LENGTH..LITERALS].iter().enumerate();
        let lengths = lengths.map(|(code, &count)| codes::length_bits(code) * count);
        let distances = self.distances[..DISTANCES].iter().enumerate();
        let distances = distances.map(|(code, &count)| codes::distance_bits(code) * count);
        lengths.chain(distances).sum::<u32>() as usize
    }
}

/// The codes of a block.
struct Pair {
    literals: Codes<512>,
    distances: Codes<32>,
}

impl Pair {
    /// Those of RFC 1951, 3.2.6.
    fn fixed() -> Self {
        let mut literals = [0; 512];
        literals[..144].fill(8);
        literals[144..256].fill(9);
        literals[256..280].fill(7);
        literals[280..288].fill(8);
        Self { literals: Codes::of_lengths(&literals), distances: Codes::of_lengths(&[5; 32]) }
    }

    /// Writes symbols and the end of the block.
    fn write(&self, symbols: &(impl Symbols + ?Sized), sink: &mut Sink<'_>) {
        let mut pending = Bits::default();
        symbols.each(|step| {
            let mut bits = pending;
            for byte in step.literals {
                if bits.count > 41 {
                    bits.flush(sink);
                }
                bits.push(self.literals.of((*byte).into()));
            }
            if step.length != 0 {
                bits.flush(sink);
                let length = codes::length(step.length);
                bits.push(self.literals.of(FIRST_LENGTH + length.code));
                bits.push_bits(length.bits, length.count);
                let distance = codes::distance(step.distance);
                bits.push(self.distances.of(distance.code));
                bits.push_bits(distance.bits, distance.count);
            }
            pending = bits;
        });
        pending.flush(sink);
        pending.push(self.literals.of(END));
        pending.flush(sink);
    }
}

/// Up to 56 bits that go to a sink at once.
#[derive(Clone, Copy, Default)]
struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    #[inline]
    fn push(&mut self, code: Code) {
        self.push_bits(code.bits.into(), code.count.into());
    }

    #[inline]
    fn push_bits(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
    }

    #[inline]
    fn flush(&mut self, sink: &mut Sink<'_>) {
        sink.put(self.bits, self.count);
        *self = Self::default();
    }
}

/// How the codes of a block are told: the lengths of codes, in runs, with codes of their own (RFC 1951, 3.2.7).
struct Header {
    literals: usize,
    distances: usize,
    runs: [Run; LITERALS + DISTANCES],
    count: usize,
    frequencies: [u32; 32],
    codes: Codes<32>,
}

/// A length of a code, or a number from 16 of how it repeats, and what follows that.
#[derive(Clone, Copy, Default)]
struct Run {
    code: u8,
    extra: u8,
}

impl Header {
    fn new(pair: &Pair) -> Self {
        let literals = used(LITERALS, END + 1, |symbol| pair.literals.of(symbol).count);
        let distances = used(DISTANCES, 1, |symbol| pair.distances.of(symbol).count);
        let mut header = Self {
            literals,
            distances,
            runs: [Run::default(); LITERALS + DISTANCES],
            count: 0,
            frequencies: [0; 32],
            codes: Codes::of_lengths(&[0; 32]),
        };
        let lengths = (0..literals).map(|symbol| pair.literals.of(symbol).count);
        let mut lengths =
            lengths.chain((0..distances).map(|symbol| pair.distances.of(symbol).count)).peekable();
        while let Some(length) = lengths.next() {
            let mut count = 1;
            while lengths.next_if_eq(&length).is_some() {
                count += 1;
            }
            header.push_run(length as u8, count);
        }
        header.codes = Codes::new(&header.frequencies, 7);
        header
    }

    /// Tells of `count` codes of a length.
    fn push_run(&mut self, length: u8, mut count: usize) {
        if length != 0 {
            self.push(length, 0);
            count -= 1;
            while count >= 3 {
                let run = count.min(6);
                self.push(16, run - 3);
                count -= run;
            }
        } else {
            while count >= 11 {
                let run = count.min(138);
                self.push(18, run - 11);
                count -= run;
            }
            if count >= 3 {
                self.push(17, count - 3);
                count = 0;
            }
        }
        (0..count).for_each(|_| self.push(length, 0));
    }

    fn push(&mut self, code: u8, extra: usize) {
        if let Some(run) = self.runs.get_mut(self.count) {
            *run = Run { code, extra: extra as u8 };
            self.count += 1;
            self.frequencies[usize::from(code & 31)] += 1;
        }
    }

    /// How many lengths of codes for lengths are told.
    fn order(&self) -> usize {
        used(HEADER, 4, |i| self.codes.of(HEADER_ORDER[i]).count)
    }

    /// The bits that this takes.
    fn size(&self) -> usize {
        let extra: u32 = (16..HEADER).map(|code| self.frequencies[code] * run_bits(code)).sum();
        3 + 5 + 5 + 4 + 3 * self.order() + self.codes.size(&self.frequencies) + extra as usize
    }

    fn write(&self, sink: &mut Sink<'_>) {
        let order = self.order();
        sink.put(4, 3);
        sink.put((self.literals - FIRST_LENGTH) as u64, 5);
        sink.put((self.distances - 1) as u64, 5);
        sink.put((order - 4) as u64, 4);
        for symbol in &HEADER_ORDER[..order] {
            sink.put(self.codes.of(*symbol).count.into(), 3);
        }
        for run in &self.runs[..self.count] {
            let code = self.codes.of(run.code.into());
            sink.put(code.bits.into(), code.count.into());
            sink.put(run.extra.into(), run_bits(run.code.into()));
        }
    }
}

/// The bits that follow a code of a header.
fn run_bits(code: usize) -> u32 {
    match code {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// How many of `all` symbols are left without those at the end that have no code, but `least` of them.
fn used(all: usize, least: usize, bits: impl Fn(usize) -> u16) -> usize {
    (least..all).rev().find(|&symbol| bits(symbol) != 0).map_or(least, |symbol| symbol + 1)
}
