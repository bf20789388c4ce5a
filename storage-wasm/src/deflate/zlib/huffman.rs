//! Huffman codes, as zlib makes them: of several that are equally good it matters which.

use super::symbols::LITERALS;

/// The longest code of a symbol.
const MAX_LENGTH: usize = 15;

/// A prefix code: for every symbol the bits, in the order in which they are written, and their
/// number, 0 if there are none.
pub struct Code {
    pub bits: [u16; 288],
    pub lengths: [u8; 288],
    pub used: usize, // symbols up to the last one that has a code
}

impl Code {
    /// A code's bits and their number.
    #[inline]
    pub fn of(&self, symbol: usize) -> (u64, u32) {
        match (self.bits.get(symbol), self.lengths.get(symbol)) {
            (Some(&bits), Some(&length)) => (bits.into(), length.into()),
            _ => (0, 0),
        }
    }

    /// How many bits symbols take that occur so often.
    pub fn cost(&self, counts: &[u16]) -> usize {
        counts.iter().zip(self.lengths).map(|(&count, length)| usize::from(count) * usize::from(length)).sum()
    }
}

/// The bits of a canonical code (RFC 1951, 3.2.2).
pub const fn codes(lengths: &[u8; 288]) -> [u16; 288] {
    let mut next = [0_u16; MAX_LENGTH + 2];
    let mut symbol = 0;
    while symbol < 288 {
        if lengths[symbol] > 0 {
            next[lengths[symbol] as usize + 1] += 1;
        }
        symbol += 1;
    }
    let mut length = 1;
    while length < next.len() {
        next[length] = next[length].wrapping_add(next[length - 1]).wrapping_mul(2);
        length += 1;
    }
    let mut codes = [0; 288];
    symbol = 0;
    while symbol < 288 {
        let length = lengths[symbol] as usize;
        if length > 0 {
            codes[symbol] = next[length].reverse_bits() >> (16 - length);
            next[length] = next[length].wrapping_add(1);
        }
        symbol += 1;
    }
    codes
}

/// The code of symbols that occur so often, at most `max_length` bits long. At least two symbols
/// get a code.
pub fn code(counts: &[u16], max_length: usize) -> Code {
    let mut tree = Tree::new(counts);
    tree.join(counts.len());
    let lengths = tree.lengths(counts.len(), max_length);
    Code { bits: codes(&lengths), lengths, used: tree.used }
}

/// How many nodes a tree has at most.
const NODES: usize = 2 * LITERALS;

/// A tree whose leaves are symbols; the nodes above are numbered on from them.
struct Tree {
    counts: [u32; NODES],
    depths: [u8; NODES],
    parents: [u16; NODES],
    heap: [u16; LITERALS + 1], // nodes without a parent from 1 on, each before its sons at 2n and 2n+1
    heaped: usize,             // how many those are
    order: [u16; NODES],       // nodes as they got a parent
    joined: usize,             // how many those are
    used: usize,               // symbols up to the last leaf
}

impl Tree {
    /// The leaves.
    fn new(counts: &[u16]) -> Self {
        let mut tree = Self {
            counts: [0; NODES],
            depths: [0; NODES],
            parents: [0; NODES],
            heap: [0; LITERALS + 1],
            heaped: 0,
            order: [0; NODES],
            joined: 0,
            used: 0,
        };
        for (symbol, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            tree.add_leaf(symbol, count);
        }
        while tree.heaped < 2 {
            let symbol = if tree.used < 3 { tree.used } else { 0 };
            tree.add_leaf(symbol, 1);
        }
        tree
    }

    fn add_leaf(&mut self, symbol: usize, count: u16) {
        self.counts[symbol] = count.into();
        self.heaped += 1;
        self.heap[self.heaped] = symbol as u16;
        self.used = self.used.max(symbol + 1);
    }

    /// Joins the two rarest nodes as long as there are two.
    fn join(&mut self, symbols: usize) {
        for at in (1..=self.heaped / 2).rev() {
            self.sift(at);
        }
        let mut node = symbols;
        while self.heaped > 1 {
            let a = usize::from(self.heap[1]);
            self.heap[1] = self.heap[self.heaped];
            self.heaped -= 1;
            self.sift(1);
            let b = usize::from(self.heap[1]);
            self.order[self.joined] = a as u16;
            self.order[self.joined + 1] = b as u16;
            self.joined += 2;
            self.counts[node] = self.counts[a] + self.counts[b];
            self.depths[node] = self.depths[a].max(self.depths[b]) + 1;
            self.parents[a] = node as u16;
            self.parents[b] = node as u16;
            self.heap[1] = node as u16;
            self.sift(1);
            node += 1;
        }
    }

    /// Moves a node of the heap down to where it belongs.
    fn sift(&mut self, mut at: usize) {
        let node = self.heap[at];
        while 2 * at <= self.heaped {
            let mut son = 2 * at;
            if son < self.heaped && self.is_before(self.heap[son + 1], self.heap[son]) {
                son += 1;
            }
            if self.is_before(node, self.heap[son]) {
                break;
            }
            self.heap[at] = self.heap[son];
            at = son;
        }
        self.heap[at] = node;
    }

    /// Whether a node is rarer than another one, or as rare and not deeper.
    fn is_before(&self, a: u16, b: u16) -> bool {
        let key = |node: u16| (self.counts[usize::from(node)], self.depths[usize::from(node)]);
        key(a) <= key(b)
    }

    /// How deep the symbols are, or rather how long their codes.
    fn lengths(&self, symbols: usize, max_length: usize) -> [u8; 288] {
        let mut depths = [0_u8; NODES]; // at most the longest; the root is at 0
        let mut lengths = [0_u8; 288];
        let mut numbers = [0_u16; MAX_LENGTH + 1]; // of symbols of that length
        let mut excess = 0;
        let order = &self.order[..self.joined];
        for node in order.iter().rev().map(|&node| usize::from(node)) {
            let depth = usize::from(depths[usize::from(self.parents[node])]) + 1;
            excess += usize::from(depth > max_length);
            depths[node] = depth.min(max_length) as u8;
            if node < symbols {
                lengths[node] = depths[node];
                numbers[usize::from(depths[node])] += 1;
            }
        }
        if excess > 0 {
            shorten(&mut numbers[..=max_length], excess);
            let mut leaves = order.iter().map(|&node| usize::from(node)).filter(|&node| node < symbols);
            for length in (1..=max_length).rev() {
                let longest = leaves.by_ref().take(numbers[length].into());
                longest.for_each(|symbol| lengths[symbol] = length as u8);
            }
        }
        lengths
    }
}

/// Makes a code of a tree that was cut off at the longest length, `excess` nodes of it, by
/// lengthening shorter codes.
fn shorten(numbers: &mut [u16], excess: usize) {
    let max_length = numbers.len() - 1;
    for _ in 0..excess.div_ceil(2) {
        let Some(length) = (1..max_length).rfind(|&length| numbers[length] > 0) else { return };
        numbers[length] -= 1;
        numbers[length + 1] += 2;
        numbers[max_length] -= 1;
    }
}
