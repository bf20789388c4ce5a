//! Finite state entropy coding (RFC 8878, 4.1), as klauspost's encoder does it.

use bytemuck::{Pod, Zeroable};

use super::bits::Bits;

/// The most symbols that there are of one kind: match lengths have 53.
pub const SYMBOLS: usize = 64;

/// The logarithms of how many states there are, from the least to the most.
const MIN_LOG: u32 = 5;
pub const MAX_LOG: u32 = 8;

/// How many states each symbol has, -1 for less than one. It describes a code.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Distribution {
    shares: [i16; SYMBOLS],
    symbols: u32, // up to the last that has a share; 0 if there is no distribution
    log: u32,
}

impl Distribution {
    /// One that is given. Its shares, -1 counted as 1, add up to `1 << log`.
    pub const fn predefined<const N: usize>(given: [i16; N], log: u32) -> Self {
        let mut shares = [0; SYMBOLS];
        let mut i = 0;
        while i < N {
            shares[i] = given[i];
            i += 1;
        }
        Self { shares, symbols: N as u32, log }
    }

    /// None, if this one was not left by an encoder.
    pub fn check(&mut self) {
        let shares = self.shares.get(..self.symbols as usize).unwrap_or_default();
        let states: i32 = shares.iter().map(|&share| i32::from(share).abs()).sum();
        let sound = (MIN_LOG..=MAX_LOG).contains(&self.log)
            && shares.iter().all(|&share| share >= -1)
            && states == 1 << self.log;
        if !sound {
            *self = Self::zeroed();
        }
    }

    /// The one for `counts`, which add up to `total`, with at least two symbols and the last one above zero. `None` if it
    /// cannot be found.
    pub fn of(counts: &[u32], total: u32, log: u32) -> Option<Self> {
        let mut made = Self { symbols: counts.len() as u32, log, ..Self::zeroed() };
        let scale = 62 - log;
        let step = (1 << 62) / u64::from(total);
        let low = total >> log;
        let (mut left, mut largest) = (1i16 << log, 0);
        for (symbol, &count) in counts.iter().enumerate() {
            let share = match count {
                0 => 0,
                _ if count <= low => -1,
                _ => rounded(u64::from(count) * step, scale),
            };
            made.shares[symbol] = share;
            left -= share.abs();
            if share > made.shares[largest].max(0) {
                largest = symbol;
            }
        }
        if -left >= made.shares[largest] >> 1 {
            made.spread(counts, total)?;
        } else {
            made.shares[largest] += left;
        }
        Some(made)
    }

    /// The other way to find shares, where rounding took too much.
    fn spread(&mut self, counts: &[u32], mut total: u32) -> Option<()> {
        const OPEN: i16 = -2;
        let all = total;
        let (low, mut one) = (all >> self.log, (all * 3) >> (self.log + 1));
        let mut given = 0;
        for (share, &count) in self.shares.iter_mut().zip(counts) {
            *share = match count {
                0 => 0,
                _ if count <= low => -1,
                _ if count <= one => 1,
                _ => OPEN,
            };
            if matches!(share, -1 | 1) {
                given += 1;
                total -= count;
            }
        }
        let mut left = (1u32 << self.log) - given;
        if total / left > one {
            one = total * 3 / (left * 2);
            for (share, &count) in self.shares.iter_mut().zip(counts) {
                if *share == OPEN && count <= one {
                    *share = 1;
                    left -= 1;
                    total -= count;
                }
            }
        }
        if total == 0 {
            let ones = self.shares.iter().filter(|share| **share > 0).count() as u32;
            let mut positive = self.shares.iter_mut().filter(|share| **share > 0);
            let (each, more) = (left.checked_div(ones)?, left % ones);
            positive.by_ref().take(more as usize).for_each(|share| *share += each as i16 + 1);
            positive.for_each(|share| *share += each as i16);
            return Some(());
        }
        let scale = 62 - self.log;
        let middle = (1u64 << (scale - 1)) - 1;
        let step = ((1u64 << scale) * u64::from(left) + middle) / u64::from(total);
        let mut passed = middle;
        for (share, &count) in self.shares.iter_mut().zip(counts).filter(|(share, _)| **share == OPEN) {
            let end = passed + u64::from(count) * step;
            *share = ((end >> scale) - (passed >> scale)) as i16;
            passed = end;
            if *share < 1 {
                return None;
            }
        }
        Some(())
    }

    /// How many bits `counts` take by it, roughly; `u32::MAX` if it lacks a symbol.
    pub fn cost(&self, counts: &[u32]) -> u32 {
        const ACCURACY: u32 = 8;
        let bad = (self.log + 1) << ACCURACY;
        if (self.symbols as usize) < counts.len() {
            return u32::MAX;
        }
        let mut cost = 0u32;
        for (&count, &share) in counts.iter().zip(&self.shares).filter(|(count, _)| **count > 0) {
            if share == 0 {
                return u32::MAX;
            }
            let width = width(share, self.log);
            let longest = (width >> 16) + 1;
            let above = (longest << 16).wrapping_sub(width.wrapping_add(1 << self.log));
            let each = (longest << ACCURACY).wrapping_sub((above << ACCURACY) >> self.log);
            if each > bad {
                return u32::MAX;
            }
            cost = cost.wrapping_add(count.wrapping_mul(each));
        }
        cost >> ACCURACY
    }

    /// The logarithm of how many states it has, which is the number of bits that a state takes.
    pub fn log(&self) -> u32 {
        self.log
    }

    /// How many bits its description takes, at most.
    pub fn room(&self) -> u32 {
        (((self.symbols * self.log) >> 3) + 3) * 8
    }

    /// Appends its description.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut bits = Pairs { out, held: self.log - MIN_LOG, count: 4 };
        let mut remaining = (1i32 << self.log) + 1;
        let (mut threshold, mut width) = (1i32 << self.log, self.log + 1);
        let mut shares = self.shares.iter().map(|&share| i32::from(share));
        let mut zeros = 0; // behind a zero, which has been written
        let mut was_zero = false;
        for share in &mut shares {
            if remaining <= 1 {
                break;
            }
            if was_zero {
                if share == 0 {
                    zeros += 1;
                    continue;
                }
                bits.repeat(zeros);
                zeros = 0;
            }
            let most = 2 * threshold - 1 - remaining;
            remaining -= share.abs();
            let mut value = share + 1;
            if value >= threshold {
                value += most;
            }
            bits.put(value as u32, if value < most { width - 1 } else { width });
            was_zero = share == 0;
            while remaining < threshold && threshold > 1 {
                width -= 1;
                threshold >>= 1;
            }
            bits.flush();
        }
        bits.finish();
    }
}

/// The share for a count of so many 2^-62ths.
fn rounded(part: u64, scale: u32) -> i16 {
    /// What must be left over for a share to be rounded up, in 2^-20ths.
    const LEFT_OVER: [u64; 8] = [0, 473_195, 504_333, 520_860, 550_000, 700_000, 750_000, 830_000];
    let share = part >> scale;
    let up = LEFT_OVER.get(share as usize).is_some_and(|over| part - (share << scale) > over << (scale - 20));
    share as i16 + i16::from(up)
}

/// The number of bits that a symbol of this share takes, and from which state on that is one more, in one number.
fn width(share: i16, log: u32) -> u32 {
    if share.abs() == 1 {
        return (log << 16).wrapping_sub(1 << log);
    }
    let longest = log.wrapping_sub((share as u32).wrapping_sub(1).ilog2());
    (longest << 16).wrapping_sub((share as u32) << longest)
}

/// Bits of a description, which are written two bytes at a time.
struct Pairs<'a> {
    out: &'a mut Vec<u8>,
    held: u32,
    count: u32,
}

impl Pairs<'_> {
    fn put(&mut self, bits: u32, count: u32) {
        self.held = self.held.wrapping_add(bits << self.count);
        self.count += count;
    }

    fn flush(&mut self) {
        if self.count > 16 {
            self.out.extend_from_slice(&(self.held as u16).to_le_bytes());
            self.held >>= 16;
            self.count -= 16;
        }
    }

    /// Says how many symbols without a share follow one.
    fn repeat(&mut self, mut zeros: u32) {
        while zeros >= 3 {
            self.put(3, 2);
            self.flush();
            zeros -= 3;
        }
        self.put(zeros, 2);
        self.flush();
    }

    fn finish(mut self) {
        self.flush();
        let rest = self.held.to_le_bytes();
        self.out.extend_from_slice(&rest[..self.count.div_ceil(8) as usize]);
    }
}

/// The logarithm of how many states suit `total` symbols, of `symbols` kinds. `least` is how many bits `total` takes.
pub fn log(total: u32, least: u32, symbols: u32, most: u32) -> u32 {
    let least = least.min((symbols - 1).ilog2() + 2);
    let source = u32::from(((total - 1).ilog2() as u8).wrapping_sub(2));
    most.min(source).max(least).clamp(MIN_LOG, most)
}

/// A distribution made ready to code symbols.
pub struct Table {
    next: [u16; 1 << MAX_LOG],
    moves: [Move; SYMBOLS],
    log: u32,
}

/// What a symbol does to a state.
#[derive(Clone, Copy, Default)]
struct Move {
    width: u32,
    place: i32,
}

impl Table {
    /// That of a distribution.
    pub fn new(of: &Distribution) -> Self {
        let size = 1usize << of.log;
        let mut table = Self { next: [0; 1 << MAX_LOG], moves: [Move::default(); SYMBOLS], log: of.log };
        let shares = &of.shares[..of.symbols as usize];
        let mut starts = [0usize; SYMBOLS];
        let mut order = [0u8; 1 << MAX_LOG];
        let mut top = size; // from there on are symbols with less than one state
        let mut total = 0;
        for (symbol, &share) in shares.iter().enumerate() {
            starts[symbol] = total;
            if share == -1 {
                top -= 1;
                order[top] = symbol as u8;
            }
            if share != 0 {
                let place = total as i32 - i32::from(share.abs());
                table.moves[symbol] = Move { width: width(share, of.log), place };
            }
            total += share.unsigned_abs() as usize;
        }
        let (step, mut at) = ((size >> 1) + (size >> 3) + 3, 0);
        for (symbol, &share) in shares.iter().enumerate() {
            for _ in 0..share.max(0) {
                order[at] = symbol as u8;
                at = (at + step) & (size - 1);
                while at >= top && top > 0 {
                    at = (at + step) & (size - 1);
                }
            }
        }
        for (state, &symbol) in order[..size].iter().enumerate() {
            let start = &mut starts[symbol as usize];
            table.next[*start] = (size + state) as u16;
            *start += 1;
        }
        table
    }

    /// That of one symbol, which takes no bits.
    pub fn single() -> Self {
        Self { next: [0; 1 << MAX_LOG], moves: [Move::default(); SYMBOLS], log: 0 }
    }

    /// The state that begins with a symbol, which is the last one of the input.
    pub fn begin(&self, symbol: u8) -> State<'_> {
        let Move { width, place } = self.moves[symbol as usize % SYMBOLS];
        let bits = width.wrapping_add(1 << 15) >> 16;
        let least = (bits << 16).wrapping_sub(width) >> (bits & 31);
        State { table: self, state: self.next(least as i32 + place) }
    }

    fn next(&self, place: i32) -> u32 {
        u32::from(self.next[place as usize % self.next.len()])
    }
}

/// The state of a coder. Symbols go in from the last one to the first.
pub struct State<'a> {
    table: &'a Table,
    state: u32,
}

impl State<'_> {
    /// Takes a symbol.
    #[inline]
    pub fn put(&mut self, symbol: u8, bits: &mut Bits<'_>) {
        let Move { width, place } = self.table.moves[symbol as usize % SYMBOLS];
        let count = (self.state.wrapping_add(width) >> 16) & 15;
        bits.put(self.state, count);
        self.state = self.table.next((self.state >> count) as i32 + place);
    }

    /// Writes the state, where a reader begins.
    pub fn finish(self, bits: &mut Bits<'_>) {
        bits.put(self.state, self.table.log);
    }
}
