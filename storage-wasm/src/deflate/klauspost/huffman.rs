//! Prefix codes of limited length, by the boundary package-merge algorithm (Katajainen, Moffat, Turpin 1995), or since
//! v1.20.4 by Huffman's own, unless that makes a code too long. Among codes that cost the same, those that Go's encoders
//! make: leaves come before pairs, by Huffman's also equal ones, and equal frequencies are in the order of their symbols.

use super::tokens::LITERALS;
use super::writer::Version;

/// The longest code.
const MAX_BITS: usize = 15;

/// No frequency: there is nothing left.
const NEVER: i32 = i32::MAX;

/// A code: the number of bits in the lowest byte, then the bits in the order in which they are written. Zero is none.
pub type Code = u32;

/// How many bits a code has.
#[inline]
pub fn length(code: Code) -> u32 {
    code & 0xff
}

/// The bits of a code.
#[inline]
pub fn bits(code: Code) -> u64 {
    u64::from(code >> 8)
}

/// A code, or something else that is no longer than one.
pub fn checked(code: Code) -> Code {
    let length = code & 15;
    (code >> 8 & ((1 << length) - 1)) << 8 | length
}

/// How many bits the symbols take that have a code.
pub fn cost(frequencies: &[u16], codes: &[Code]) -> i64 {
    frequencies.iter().zip(codes).map(|(&n, &code)| i64::from(n) * i64::from(length(code))).sum()
}

/// Whether every symbol that occurs has a code.
pub fn covers(codes: &[Code], frequencies: &[u16]) -> bool {
    frequencies.iter().zip(codes).all(|(&n, &code)| n == 0 || code != 0)
}

/// A symbol that occurs and how often it does.
#[derive(Clone, Copy, Default)]
struct Leaf {
    symbol: u16,
    frequency: u16,
}

/// Makes codes of `limit` bits at most, 15 or fewer, of `frequencies`, 286 or fewer. A symbol that does not occur has none.
pub fn build(frequencies: &[u16], codes: &mut [Code], limit: usize, version: Version) {
    let mut leaves = [Leaf::default(); LITERALS];
    let mut count = 0;
    codes[..frequencies.len()].fill(0);
    for (symbol, &frequency) in frequencies.iter().enumerate().filter(|(_, n)| **n != 0) {
        leaves[count] = Leaf { symbol: symbol as u16, frequency };
        count += 1;
    }
    let leaves = &mut leaves[..count];
    if count <= 2 {
        for (bit, leaf) in leaves.iter().enumerate() {
            codes[leaf.symbol as usize] = code(bit as u16, 1);
        }
        return;
    }
    leaves.sort_unstable_by_key(|leaf| u32::from(leaf.frequency) << 16 | u32::from(leaf.symbol));
    let tree = if version < Version::V1_20_4 { None } else { unlimited_lengths(leaves, limit) };
    let counts = tree.unwrap_or_else(|| lengths(leaves, limit));
    assign(leaves, &counts, &mut codes[..frequencies.len()]);
}

/// What is known of a level while the lists are made.
#[derive(Clone, Copy, Default)]
struct Level {
    last: i32,      // frequency of the last node
    next_leaf: i32, // frequency of the next leaf
    next_pair: i32, // frequency of the next pair of the level below, once that needs nothing more
    needed: i32,    // nodes still to be made before the level above goes on
}

/// How many leaves, three or more by frequency, have codes of each length.
fn lengths(leaves: &[Leaf], limit: usize) -> [u16; MAX_BITS + 1] {
    let top = limit.min(leaves.len() - 1).min(MAX_BITS);
    let frequency = |i: i32| leaves.get(i as usize).map_or(NEVER, |leaf| i32::from(leaf.frequency));
    let mut levels = [Level::default(); MAX_BITS + 2];
    // taken[i][j]: of how many leaves on level j the chain of the last node on level i consists.
    let mut taken = [[0i32; MAX_BITS + 1]; MAX_BITS + 1];
    for level in 1..=top {
        levels[level] = Level {
            last: frequency(1),
            next_leaf: frequency(2),
            next_pair: if level == 1 { NEVER } else { frequency(0) + frequency(1) },
            needed: 0,
        };
        taken[level][level] = 2;
    }
    levels[top].needed = 2 * leaves.len() as i32 - 4;
    let mut level = top;
    while level <= top {
        let this = &mut levels[level];
        if this.next_pair == NEVER && this.next_leaf == NEVER {
            this.needed = 0;
            levels[level + 1].next_pair = NEVER;
            level += 1;
            continue;
        }
        let before = this.last;
        if this.next_leaf < this.next_pair {
            this.last = this.next_leaf;
            taken[level][level] += 1;
            this.next_leaf = frequency(taken[level][level]);
        } else {
            this.last = this.next_pair;
            let own = taken[level][level];
            taken[level] = taken[level - 1];
            taken[level][level] = own;
            levels[level - 1].needed = 2;
        }
        let this = &mut levels[level];
        this.needed -= 1;
        if this.needed == 0 {
            levels[level + 1].next_pair = before.wrapping_add(levels[level].last);
            level += 1;
        } else {
            while level > 1 && levels[level - 1].needed > 0 {
                level -= 1;
            }
        }
    }
    let mut counts = [0; MAX_BITS + 1];
    for level in 1..=top {
        counts[top + 1 - level] = (taken[top][level] - taken[top][level - 1]) as u16;
    }
    counts
}

/// [`lengths`] by Huffman's algorithm, unless one is greater than the limit.
fn unlimited_lengths(leaves: &[Leaf], limit: usize) -> Option<[u16; MAX_BITS + 1]> {
    let pairs = leaves.len() - 1;
    let mut frequencies = [0i32; LITERALS]; // of pairs, in the order in which they are made, which is also theirs
    let mut leaf_parents = [0usize; LITERALS];
    let mut pair_parents = [0usize; LITERALS];
    let (mut leaf, mut pair) = (0, 0);
    for new in 0..pairs {
        for _ in 0..2 {
            let next = leaves.get(leaf).map(|leaf| i32::from(leaf.frequency));
            match next {
                Some(next) if pair >= new || next <= frequencies[pair] => {
                    frequencies[new] += next;
                    leaf_parents[leaf] = new;
                    leaf += 1;
                }
                _ => {
                    frequencies[new] += frequencies[pair];
                    pair_parents[pair] = new;
                    pair += 1;
                }
            }
        }
    }
    let mut depths = [0usize; LITERALS];
    for pair in (0..pairs - 1).rev() {
        depths[pair] = depths[pair_parents[pair]] + 1;
    }
    let mut counts = [0; MAX_BITS + 1];
    for parent in &leaf_parents[..leaves.len()] {
        let depth = depths[*parent] + 1;
        if depth > limit {
            return None;
        }
        counts[depth] += 1;
    }
    Some(counts)
}

/// Gives the most frequent leaves the shortest codes, and codes of a length in the order of symbols (RFC 1951, 3.2.2).
fn assign(leaves: &[Leaf], counts: &[u16; MAX_BITS + 1], codes: &mut [Code]) {
    let mut rest = leaves.iter().rev();
    let mut next = [0u16; MAX_BITS + 1];
    let mut first = 0u16;
    for bits in 1..=MAX_BITS {
        first = first.wrapping_add(counts[bits - 1]) << 1;
        next[bits] = first;
        for leaf in rest.by_ref().take(counts[bits] as usize) {
            codes[leaf.symbol as usize] = bits as Code;
        }
    }
    for slot in codes.iter_mut().filter(|slot| **slot != 0) {
        let number = &mut next[*slot as usize & MAX_BITS];
        *slot = code(*number, *slot);
        *number = number.wrapping_add(1);
    }
}

/// The code of a number that is written from its highest bit.
const fn code(number: u16, length: u32) -> Code {
    ((number.reverse_bits() >> ((16 - length) & 15)) as u32) << 8 | length
}

/// The one code of a single symbol.
pub const FIRST: Code = code(0, 1);

/// The codes of fixed blocks (RFC 1951, 3.2.6).
pub const FIXED_LITERALS: [Code; LITERALS] = fixed_literals();
pub const FIXED_DISTANCES: [Code; 30] = fixed_distances();

const fn fixed_literals() -> [Code; LITERALS] {
    let mut codes = [0; LITERALS];
    let mut symbol = 0;
    while symbol < LITERALS {
        let s = symbol as u16;
        codes[symbol] = match s {
            0..144 => code(s + 48, 8),
            144..256 => code(s + 400 - 144, 9),
            256..280 => code(s - 256, 7),
            _ => code(s + 192 - 280, 8),
        };
        symbol += 1;
    }
    codes
}

const fn fixed_distances() -> [Code; 30] {
    let mut codes = [0; 30];
    let mut symbol = 0;
    while symbol < 30 {
        codes[symbol] = code(symbol as u16, 5);
        symbol += 1;
    }
    codes
}
