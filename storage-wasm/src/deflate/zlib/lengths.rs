//! How a block tells the lengths of its codes' bits (RFC 1951, 3.2.7).

use super::super::sink::Sink;
use super::huffman::{Code, code};

/// The order in which the code of lengths is told.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The lengths of a block's codes, as they are told.
pub struct Lengths<'a> {
    literals: &'a Code,
    distances: &'a Code,
    code: Code,
    told: usize, // how many of the code's lengths
    cost: usize,
}

impl<'a> Lengths<'a> {
    /// The lengths of two codes.
    pub fn of(literals: &'a Code, distances: &'a Code) -> Self {
        let mut counts = [0_u16; 19];
        let mut extra = 0;
        let mut count = |symbol: usize, _, bits: u32| {
            counts[symbol] += 1;
            extra += bits as usize;
        };
        runs(literals, &mut count);
        runs(distances, &mut count);
        let code = code(&counts, 7);
        let told = ORDER.iter().rposition(|&symbol| code.lengths[symbol] > 0).unwrap_or(0).max(3) + 1;
        let cost = code.cost(&counts) + extra + 3 * told + 5 + 5 + 4;
        Self { literals, distances, code, told, cost }
    }

    /// How many bits they take.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// Writes them.
    pub fn write(&self, output: &mut Sink<'_>) {
        output.put(self.literals.used.saturating_sub(257) as u64, 5);
        output.put(self.distances.used.saturating_sub(1) as u64, 5);
        output.put(self.told.saturating_sub(4) as u64, 4);
        for &symbol in &ORDER[..self.told] {
            output.put(self.code.lengths[symbol].into(), 3);
        }
        let mut put = |symbol: usize, more: u64, count: u32| {
            let (bits, length) = self.code.of(symbol);
            output.put(bits | more << length, length + count);
        };
        runs(self.literals, &mut put);
        runs(self.distances, &mut put);
    }
}

/// Lists lengths as symbols: a length itself, 16 for three to six more of it, 17 and 18 for three
/// to ten and up to 138 zeros. With a symbol come the bits that follow it, and their number.
fn runs(code: &Code, each: &mut impl FnMut(usize, u64, u32)) {
    for run in code.lengths[..code.used].chunk_by(|a, b| a == b) {
        let length = usize::from(run[0]);
        let mut left = run.len();
        let mut is_told = false;
        while left > 0 {
            let (least, most) = match (length, is_told) {
                (0, _) => (3, 138),
                (_, true) => (3, 6),
                (_, false) => (4, 7),
            };
            let count = left.min(most);
            left -= count;
            if count < least {
                (0..count).for_each(|_| each(length, 0, 0));
            } else if length > 0 {
                if !is_told {
                    each(length, 0, 0);
                }
                each(16, (count - least) as u64, 2);
            } else if count <= 10 {
                each(17, count as u64 - 3, 3);
            } else {
                each(18, count as u64 - 11, 7);
            }
            is_told = true;
        }
    }
}
