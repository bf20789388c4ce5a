//! Where in a base window the bytes stand that a place in the new window begins with.

use super::MAX_BASE;

/// The bytes that are looked up together.
const SEED: usize = 12;
/// The places that are remembered of seeds with the same hash.
const WAYS: usize = 4;

/// Bits of an entry that are bits of the hash: what is not a seed's place is seldom looked at.
const TAG_BITS: u32 = 9;
/// The distance of the places that are indexed.
const STEP: usize = 4;

// An entry has room for every place, plus 1.
const _: () = assert!(MAX_BASE / STEP < 1 << (32 - TAG_BITS));

/// An index of places of a base window by the hash of the seed there.
pub struct Seeds {
    shift: u32,
    table: Vec<[u32; WAYS]>,
}

impl Seeds {
    /// The index of every [`STEP`]-th place of `base`, which has at most [`MAX_BASE`] bytes: bytes that recur are found if
    /// they are longer than a seed by a step.
    ///
    /// It takes as many bytes as `base` has, or up to twice as many.
    pub fn index(base: &[u8]) -> Self {
        let bits = (base.len() / STEP / WAYS).next_power_of_two().ilog2().max(8);
        let mut seeds = Self { shift: 64 - bits, table: vec![[0; WAYS]; 1 << bits] };
        for (place, at) in (0..base.len().saturating_sub(SEED - 1)).step_by(STEP).enumerate() {
            if let Some((bucket, tag)) = seeds.hash(base, at) {
                seeds.table[bucket][place % WAYS] = (place as u32 + 1) << TAG_BITS | tag;
            }
        }
        seeds
    }

    /// The places that probably have the seed that is in `bytes` at `at`.
    #[inline]
    pub fn find(&self, bytes: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let (bucket, tag) =
            self.hash(bytes, at).map_or(([0; WAYS], 1), |(bucket, tag)| (self.table[bucket], tag));
        let like = bucket.into_iter().filter(move |entry| entry & ((1 << TAG_BITS) - 1) == tag);
        like.filter_map(|entry| (entry >> TAG_BITS).checked_sub(1)).map(move |place| place as usize * STEP)
    }

    /// The bucket and the tag of a seed, if there is one there and it is not the same byte over and over.
    #[inline(always)]
    fn hash(&self, bytes: &[u8], at: usize) -> Option<(usize, u32)> {
        let seed: &[u8; SEED] = bytes.get(at..)?.first_chunk()?;
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *seed;
        let first = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let last = u64::from(u32::from_le_bytes([i, j, k, l]));
        if first == first.rotate_left(8) {
            return None;
        }
        let mixed = (first ^ last.wrapping_mul(0x9fb2_1c65_1e98_df25)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some((
            (mixed >> self.shift) as usize,
            (mixed >> (self.shift - TAG_BITS)) as u32 & ((1 << TAG_BITS) - 1),
        ))
    }
}
