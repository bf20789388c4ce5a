//! Where in a base window the bytes stand that a place in the new window begins with.
//!
//! Not all places are indexed, but those that their bytes choose, and these alone are looked up (Manber, *Finding Similar
//! Files in a Large File System*, 1994): the same bytes are chosen wherever they stand. As many places at regular
//! distances would have to be looked up from every place in the new window.

use super::{MAX_BASE, marks};

/// The bytes that are looked up together.
const SEED: usize = 12;
/// One in so many places is chosen.
const SAMPLING: usize = 8;
/// The places that are remembered of seeds with the same hash.
const WAYS: usize = 4;

/// Bits of an entry that are bits of the hash: what is not a seed's place is seldom looked at.
const TAG_BITS: u32 = 8;

// An entry has room for every place, plus 1.
const _: () = assert!(MAX_BASE < 1 << (32 - TAG_BITS));

/// An index of the chosen places of a base window by the hash of the seed there.
pub struct Seeds {
    shift: u32,
    table: Vec<[u32; WAYS]>,
}

impl Seeds {
    /// The index of `base`, which has at most [`MAX_BASE`] bytes: bytes that recur are found if they have a chosen place
    /// with a whole seed.
    ///
    /// It takes half as many bytes as `base` has, or up to as many.
    pub fn index(base: &[u8]) -> Self {
        let bits = (base.len() / SAMPLING / WAYS).next_power_of_two().ilog2().max(8);
        let mut seeds = Self { shift: 64 - bits, table: vec![[0; WAYS]; 1 << bits] };
        let mut count = 0;
        each_chosen(base, |at| {
            if let Some((bucket, tag)) = seeds.hash(base, at) {
                seeds.table[bucket][count % WAYS] = (at as u32 + 1) << TAG_BITS | tag;
                count += 1;
            }
        });
        seeds
    }

    /// The places that probably have the seed that is in `bytes` at `at`, a chosen place.
    #[inline]
    pub fn find(&self, bytes: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let (bucket, tag) =
            self.hash(bytes, at).map_or(([0; WAYS], 1), |(bucket, tag)| (self.table[bucket], tag));
        let like = bucket.into_iter().filter(move |entry| entry & ((1 << TAG_BITS) - 1) == tag);
        like.filter_map(|entry| (entry >> TAG_BITS).checked_sub(1)).map(|place| place as usize)
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

/// Whether a place is chosen: whether the eight bytes there, two words, say so.
#[inline(always)]
fn chosen(first: [u8; 4], last: [u8; 4]) -> bool {
    let [first, last] = [first, last].map(u32::from_le_bytes);
    let mixed = first.wrapping_mul(0x9e37_79b1).wrapping_add(last.wrapping_mul(0x85eb_ca77));
    mixed >> (u32::BITS - SAMPLING.ilog2()) == 0
}

/// Whether `at` is a chosen place of `bytes`.
#[inline(always)]
pub fn is_chosen(bytes: &[u8], at: usize) -> bool {
    let words = bytes.get(at..).unwrap_or_default().as_chunks().0;
    matches!(*words, [first, last, ..] if chosen(first, last))
}

/// The places that are marked at once, as a quarter: those that differ by 4.
const PART: usize = 1 << 8;

/// Calls `each` for every chosen place of `bytes`, nearly in their order.
fn each_chosen(bytes: &[u8], mut each: impl FnMut(usize)) {
    let mut marks = [0; PART];
    for start in (0..bytes.len()).step_by(4 * PART) {
        for first in start..bytes.len().min(start + 4) {
            mark(&mut marks, bytes[first..].as_chunks().0);
            marks::each(&marks, |mark| each(first + 4 * mark));
        }
    }
}

/// Sets each of `marks` to 1 if the word at its place is at a chosen one, and to 0 if not. It takes no branches, so that the
/// compiler does several at once.
fn mark(marks: &mut [u8; PART], words: &[[u8; 4]]) {
    let pairs = words.iter().zip(words.iter().skip(1));
    let (whole, rest) = marks.split_at_mut(PART.min(pairs.len()));
    for (mark, (first, last)) in whole.iter_mut().zip(pairs) {
        *mark = u8::from(chosen(*first, *last));
    }
    rest.fill(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn places_are_chosen_by_what_is_there() {
        for length in [0, 7, 8, 9, 1023, 1024, 5000] {
            let bytes = noise(length);
            let mut found = Vec::new();
            each_chosen(&bytes, |at| found.push(at));
            found.sort_unstable();
            let expected: Vec<usize> = (0..length + 9).filter(|at| is_chosen(&bytes, *at)).collect();
            assert_eq!(found, expected, "of {length} bytes");
        }
        let bytes = noise(100_000);
        let count = (0..bytes.len()).filter(|at| is_chosen(&bytes, *at)).count();
        assert!(count.abs_diff(bytes.len() / SAMPLING) < 1000, "{count} are chosen");
    }

    #[test]
    fn most_chosen_places_are_found_wherever_they_moved() {
        let base = noise(20_000);
        let seeds = Seeds::index(&base);
        for moved in 1..9 {
            let new = &base[moved..];
            let chosen: Vec<usize> = (0..new.len() - SEED).filter(|at| is_chosen(new, *at)).collect();
            let is_found = |at: &&usize| seeds.find(new, **at).any(|place| place == **at + moved);
            let found = chosen.iter().filter(is_found).count();
            assert!(found > chosen.len() * 2 / 3, "{found} of {} when moved by {moved}", chosen.len());
        }
    }

    #[test]
    fn the_same_byte_over_and_over_is_not_looked_up() {
        let bytes = [7; 1000];
        let seeds = Seeds::index(&bytes);
        assert!((0..1000).all(|at| seeds.find(&bytes, at).next().is_none()));
    }
}
