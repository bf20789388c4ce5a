//! Literals in prefix codes (RFC 8878, 4.2), as klauspost's `huff0` makes them.

use bytemuck::{Pod, Zeroable};

use super::bits::Bits;
use super::fse::{self, Distribution, Table};

/// The longest code.
const MAX_BITS: u32 = 11;
const MIN_BITS: u32 = 5;

const SYMBOLS: usize = 256;

/// Literals that are coded in one stream at most, and from how many on in four.
const FEWEST: usize = 17;
const FOUR: usize = 1024;

/// A code: the number of bits in the lowest byte, then the bits. Zero is none.
type Code = u32;

/// What literals became.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Literals {
    /// They are not worth a code.
    Plain,
    /// They are all the same.
    Same,
    /// They are coded: with a new code, which stands before them, or else with that of an earlier block.
    Coded { new: bool, four: bool },
}

/// The code that was written last.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Huffman {
    codes: [Code; SYMBOLS],
    known: u32,   // whether there is one
    allowed: u32, // whether it may be used again
}

impl Huffman {
    /// Forbids to use the code again: a reader has not seen it.
    pub fn forbid(&mut self) {
        self.allowed = 0;
    }

    /// Allows to use the code again.
    pub fn allow(&mut self) {
        self.allowed = 1;
    }

    /// Appends literals, if they are worth a code.
    pub fn write(&mut self, literals: &[u8], out: &mut Vec<u8>) -> Literals {
        let start = out.len();
        let result = self.try_write(literals, out);
        if !matches!(result, Literals::Coded { .. }) {
            out.truncate(start);
        }
        result
    }

    fn try_write(&mut self, literals: &[u8], out: &mut Vec<u8>) -> Literals {
        if literals.len() < FEWEST {
            return Literals::Plain;
        }
        if self.allowed == 0 {
            self.known = 0;
        }
        let counts = count(literals);
        let most = counts.iter().max().map_or(0, |&most| most as usize);
        if most == literals.len() {
            return Literals::Same;
        }
        if most == 1 || most < literals.len() >> 7 {
            return Literals::Plain;
        }
        let four = literals.len() >= FOUR;
        let wanted = literals.len() - (literals.len() >> 4);
        let codes = build(&counts, literals.len() as u32);
        let start = out.len();
        if self.known != 0 && self.allowed != 0 && covers(&self.codes, &counts) {
            let old = size(&self.codes, &counts);
            if old <= size(&codes, &counts) || wanted <= 12 {
                write_streams(&self.codes, literals, four, out);
                let worth = out.len() - start < wanted;
                return if worth { Literals::Coded { new: false, four } } else { Literals::Plain };
            }
        }
        if !write_code(&codes, &counts, out) {
            return Literals::Plain;
        }
        write_streams(&codes, literals, four, out);
        if out.len() - start >= wanted {
            return Literals::Plain;
        }
        (self.codes, self.known) = (codes, 1);
        Literals::Coded { new: true, four }
    }
}

/// The length of the header of literals that are not coded.
pub fn plain_header(length: usize) -> usize {
    match length {
        0..16 => 1,
        16..2048 => 2,
        _ => 3,
    }
}

/// The length of the header of literals of which `coded` bytes were made.
pub fn header(coded: usize, length: usize) -> usize {
    match coded.max(length) {
        0..1024 => 3,
        1024..16384 => 4,
        _ => 5,
    }
}

fn count(literals: &[u8]) -> [u32; SYMBOLS] {
    let mut counts = [[0; SYMBOLS]; 4];
    let (fours, rest) = literals.as_chunks::<4>();
    for four in fours {
        for (counts, &byte) in counts.iter_mut().zip(four) {
            counts[byte as usize] += 1;
        }
    }
    let [mut all, others @ ..] = counts;
    for &byte in rest {
        all[byte as usize] += 1;
    }
    for (i, all) in all.iter_mut().enumerate() {
        *all += others.iter().map(|counts| counts[i]).sum::<u32>();
    }
    all
}

fn bits(code: Code) -> u32 {
    code & 0xf
}

fn covers(codes: &[Code; SYMBOLS], counts: &[u32; SYMBOLS]) -> bool {
    counts.iter().zip(codes).all(|(&count, &code)| count == 0 || bits(code) != 0)
}

/// How many bytes the symbols take.
fn size(codes: &[Code; SYMBOLS], counts: &[u32; SYMBOLS]) -> u32 {
    let total = counts.iter().zip(codes).map(|(&count, &code)| count * bits(code)).sum::<u32>();
    (total + 7) >> 3
}

/// Appends the coded literals, in one stream or in four with the lengths of three before them.
fn write_streams(codes: &[Code; SYMBOLS], literals: &[u8], four: bool, out: &mut Vec<u8>) {
    if !four {
        return write_stream(codes, literals, out);
    }
    let lengths = out.len();
    out.extend_from_slice(&[0; 6]);
    for (i, part) in literals.chunks(literals.len().div_ceil(4)).enumerate() {
        let start = out.len();
        write_stream(codes, part, out);
        if i < 3 {
            let length = (out.len() - start) as u16;
            out[lengths + 2 * i..][..2].copy_from_slice(&length.to_le_bytes());
        }
    }
}

/// Appends literals, the last one first.
fn write_stream(codes: &[Code; SYMBOLS], literals: &[u8], out: &mut Vec<u8>) {
    let mut stream = Bits::new(out);
    let (rest, pairs) = literals.as_rchunks::<2>();
    for &[first, last] in pairs.iter().rev() {
        let [first, last] = [codes[first as usize], codes[last as usize]];
        stream.put(last >> 8 | first >> 8 << bits(last), bits(last) + bits(first));
    }
    for &byte in rest {
        stream.put(codes[byte as usize] >> 8, bits(codes[byte as usize]));
    }
    stream.finish();
}

/// A symbol that occurs.
#[derive(Clone, Copy, Default)]
struct Node {
    count: u32,
    parent: u16,
    symbol: u8,
    bits: u8,
}

/// The codes for `counts` of at least two symbols, which add up to `total`.
fn build(counts: &[u32; SYMBOLS], total: u32) -> [Code; SYMBOLS] {
    let mut nodes = [Node::default(); SYMBOLS];
    let mut leaves = 0;
    for (symbol, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        nodes[leaves] = Node { count, symbol: symbol as u8, ..Node::default() };
        leaves += 1;
    }
    let nodes = &mut nodes[..leaves];
    let last = nodes.last().map_or(0, |node| u32::from(node.symbol));
    nodes.sort_by_key(|node| std::cmp::Reverse(node.count)); // those that occur as often stay in their order
    measure(nodes);
    let longest = limit(nodes, most_bits(total, last));
    assign(nodes, longest)
}

/// How long codes may be.
fn most_bits(total: u32, last: u32) -> u32 {
    let least = (total.ilog2() + 1).min(last.max(1).ilog2() + 2);
    MAX_BITS.min((total - 1).ilog2() - 1).max(least).clamp(MIN_BITS, MAX_BITS)
}

/// Gives nodes, the most frequent first, the bits of Huffman's codes.
fn measure(leaves: &mut [Node]) {
    /// More often than anything occurs.
    const NEVER: u32 = 1 << 30;
    let mut pairs = [Node { count: NEVER, ..Node::default() }; SYMBOLS];
    let (mut leaf, mut first) = (leaves.len(), 0); // leaves from `leaf` on, and pairs up to `first`, have parents
    let count = leaves.len() - 1;
    for made in 0..count {
        let mut sum = 0;
        for _ in 0..2 {
            let next = leaf.checked_sub(1).map_or(NEVER << 1, |leaf| leaves[leaf].count);
            let node = if next < pairs[first].count {
                leaf -= 1;
                &mut leaves[leaf]
            } else {
                first += 1;
                &mut pairs[first - 1]
            };
            node.parent = made as u16;
            sum += node.count;
        }
        pairs[made].count = sum;
    }
    for i in (0..count - 1).rev() {
        pairs[i].bits = pairs[pairs[i].parent as usize].bits + 1;
    }
    for leaf in leaves {
        leaf.bits = pairs[leaf.parent as usize].bits + 1;
    }
}

/// Makes no code longer than `most` bits, and returns how long the longest one is.
fn limit(nodes: &mut [Node], most: u32) -> u32 {
    const MAX: usize = MAX_BITS as usize;
    let most = most as u8;
    let Some(longest) = nodes.last().map(|node| node.bits).filter(|&bits| bits > most) else {
        return nodes.last().map_or(0, |node| u32::from(node.bits));
    };
    let mut debt = 0i64; // by how much the codes are too short, in what one of `most` bits takes
    for node in nodes.iter_mut().rev().take_while(|node| node.bits > most) {
        debt += (1 << (longest - most)) - (1 << (longest - node.bits));
        node.bits = most;
    }
    debt >>= longest - most;
    // The last node of each number of bits, by how many fewer than `most` these are.
    let mut last = [None; MAX + 2];
    for (place, node) in nodes.iter().enumerate() {
        if node.bits < most {
            last[usize::from(most - node.bits)] = Some(place);
        }
    }
    while debt > 0 {
        let step = step(nodes, &last, debt);
        let Some(place) = last.get(step).copied().flatten() else { break };
        debt -= 1 << (step - 1);
        if last[step - 1].is_none() {
            last[step - 1] = last[step];
        }
        nodes[place].bits += 1;
        last[step] = place.checked_sub(1).filter(|&before| usize::from(most - nodes[before].bits) == step);
    }
    while debt < 0 {
        // One of `most` bits is made shorter, the most frequent of them.
        let place = last[1].map_or_else(|| nodes.partition_point(|node| node.bits < most), |last| last + 1);
        let Some(node) = nodes.get_mut(place) else { break };
        node.bits -= 1;
        last[1] = Some(place);
        debt += 1;
    }
    u32::from(most)
}

/// Of how many bits fewer than the most a code is made longer, to pay the most of a debt for the least.
fn step(nodes: &[Node], last: &[Option<usize>], debt: i64) -> usize {
    let mut step = (debt.ilog2() as usize + 1).min(MAX_BITS as usize);
    while step > 1 {
        match (last.get(step).copied().flatten(), last[step - 1]) {
            (None, _) => {}
            (Some(_), None) => break,
            (Some(long), Some(short)) if nodes[long].count <= 2 * nodes[short].count => break,
            _ => {}
        }
        step -= 1;
    }
    while step <= MAX_BITS as usize && last[step].is_none() {
        step += 1;
    }
    step
}

/// The codes of nodes that have their bits, the longest so many.
fn assign(nodes: &[Node], longest: u32) -> [Code; SYMBOLS] {
    let mut codes = [0; SYMBOLS];
    let mut starts = [0; MAX_BITS as usize + 1];
    for node in nodes {
        codes[node.symbol as usize] = Code::from(node.bits);
        starts[node.bits as usize] += 1;
    }
    let mut first = 0;
    for start in starts[1..=longest as usize].iter_mut().rev() {
        let count = std::mem::replace(start, first);
        first = (first + count) >> 1;
    }
    for code in codes.iter_mut().filter(|code| **code != 0) {
        let start = &mut starts[bits(*code) as usize];
        *code |= *start << 8;
        *start += 1;
    }
    codes
}

/// Appends what a reader needs to know of the codes of symbols that occur. Returns false if they cannot be written.
fn write_code(codes: &[Code; SYMBOLS], counts: &[u32; SYMBOLS], out: &mut Vec<u8>) -> bool {
    let longest = codes.iter().map(|&code| bits(code)).max().unwrap_or_default();
    let last = counts.iter().rposition(|&count| count > 0).unwrap_or_default();
    let mut weights = [0u8; SYMBOLS + 1];
    for (weight, &code) in weights.iter_mut().zip(&codes[..last]) {
        *weight = if bits(code) == 0 { 0 } else { (longest + 1 - bits(code)) as u8 };
    }
    let start = out.len();
    out.push(0);
    if last >= 2 && write_weights(&weights[..last], out) {
        let length = out.len() - start - 1;
        if length < (last + 1) >> 1 {
            out[start] = length as u8;
            return true;
        }
    }
    out.truncate(start);
    if last > 128 {
        return false;
    }
    out.push(128 | (last - 1) as u8);
    out.extend(
        weights[..last + 1]
            .chunks(2)
            .take(last.div_ceil(2))
            .map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)),
    );
    true
}

/// Appends weights in a code of their own. Returns false if that is not worth it; then anything may be appended.
fn write_weights(weights: &[u8], out: &mut Vec<u8>) -> bool {
    /// The logarithm of the number of states, at most.
    const LOG: u32 = 6;
    let mut counts = [0u32; 16];
    for &weight in weights {
        counts[weight as usize & 15] += 1;
    }
    let total = weights.len() as u32;
    let most = counts.iter().copied().max().unwrap_or_default();
    if weights.len() < 3 || most == total || most == 1 {
        return false;
    }
    let symbols = counts.iter().rposition(|&count| count > 0).unwrap_or_default() + 1;
    let log = fse::log(total, (total - 1).ilog2() + 1, symbols as u32, LOG);
    let Some(distribution) = Distribution::of(&counts[..symbols], total, log) else { return false };
    let start = out.len();
    distribution.write(out);
    let table = Table::new(&distribution);
    let mut bits = Bits::new(out);
    // Two states take turns, so that a reader can work on both at once.
    let mut rest = weights.iter().enumerate().rev().map(|(i, &weight)| (i & 1, weight));
    let [Some((last, a)), Some((_, b))] = [rest.next(), rest.next()] else { return false };
    let mut states =
        if last == 0 { [table.begin(a), table.begin(b)] } else { [table.begin(b), table.begin(a)] };
    for (which, weight) in rest {
        states[which].put(weight, &mut bits);
    }
    let [even, odd] = states;
    odd.finish(&mut bits);
    even.finish(&mut bits);
    bits.finish();
    out.len() - start < weights.len()
}
