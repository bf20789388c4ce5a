//! The checksum of a frame: XXH64 with seed 0 (github.com/Cyan4973/xxHash).

use bytemuck::{Pod, Zeroable};

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// What is hashed at once.
const STRIPE: usize = 32;

/// The sum of what was added so far.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Checksum {
    lanes: [u64; 4],
    length: u64,
}

impl Checksum {
    /// The sum of nothing.
    pub fn new() -> Self {
        let [first, second, ..] = PRIMES;
        Self { lanes: [first.wrapping_add(second), second, 0, first.wrapping_neg()], length: 0 }
    }

    /// Adds whole stripes.
    pub fn add(&mut self, bytes: &[u8]) {
        let (stripes, rest) = bytes.as_chunks::<STRIPE>();
        debug_assert!(rest.is_empty());
        self.length = self.length.wrapping_add(bytes.len() as u64);
        for stripe in stripes {
            for (lane, word) in self.lanes.iter_mut().zip(stripe.as_chunks().0) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
    }

    /// The sum with the last bytes, of any length.
    pub fn finish(mut self, bytes: &[u8]) -> u64 {
        let (stripes, rest) = bytes.split_at(bytes.len() / STRIPE * STRIPE);
        self.add(stripes);
        let mut sum = PRIMES[4];
        if self.length > 0 {
            let turns = self.lanes.iter().zip([1, 7, 12, 18]);
            sum = turns.fold(0, |sum, (lane, turn)| sum.wrapping_add(lane.rotate_left(turn)));
            for lane in self.lanes {
                sum = (sum ^ round(0, lane)).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
            }
        }
        sum = sum.wrapping_add(self.length).wrapping_add(rest.len() as u64);
        avalanche(add_rest(sum, rest))
    }
}

/// Adds fewer bytes than a stripe.
fn add_rest(mut sum: u64, rest: &[u8]) -> u64 {
    let (words, rest) = rest.as_chunks();
    for word in words {
        sum ^= round(0, u64::from_le_bytes(*word));
        sum = sum.rotate_left(27).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
    }
    let (halves, rest) = rest.as_chunks();
    for half in halves {
        sum ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIMES[0]);
        sum = sum.rotate_left(23).wrapping_mul(PRIMES[1]).wrapping_add(PRIMES[2]);
    }
    for byte in rest {
        sum ^= u64::from(*byte).wrapping_mul(PRIMES[4]);
        sum = sum.rotate_left(11).wrapping_mul(PRIMES[0]);
    }
    sum
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIMES[1])).rotate_left(31).wrapping_mul(PRIMES[0])
}

fn avalanche(mut sum: u64) -> u64 {
    sum = (sum ^ (sum >> 33)).wrapping_mul(PRIMES[1]);
    sum = (sum ^ (sum >> 29)).wrapping_mul(PRIMES[2]);
    sum ^ (sum >> 32)
}
