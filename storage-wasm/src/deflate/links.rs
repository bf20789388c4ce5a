//! Chains of positions in a window where the same few bytes are, and the search for the longest match in them.
//!
//! The programs go through the chain of a position, nearest first, up to so many steps, and the first match of a length
//! counts. Here the same is found in fewer steps: a match that is longer than the best one has all of its seeds in common, so
//! it is in the chains of all of them, and the one that leads farthest back is gone through (as `longest_match` of zlib-ng
//! does, where which match is found may depend on it). Ordinals tell how far into the position's own chain that has come.

use bytemuck::{Pod, Zeroable};

/// Positions are less than this.
const SIZE: usize = 1 << 16;
/// The chains that are looked at for where they lead.
const CHAINS: usize = 32;

/// Chains of positions; 0 is none. All are in a window that moves down by a part now and then.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct Links([Link; SIZE]);

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Link {
    /// The position before in the chain.
    before: u16,
    /// One more than that of the position before.
    ordinal: u16,
}

impl Links {
    /// Makes a position the last one of the chain that ends with `before`.
    #[inline(always)]
    pub fn add(&mut self, position: usize, before: u16) {
        self.0[position % SIZE].before = before;
    }

    /// [`Self::add`] for a [`Walk::beyond`].
    #[inline(always)]
    pub fn add_counted(&mut self, position: usize, before: u16) {
        let ordinal = self.of(before.into()).ordinal.wrapping_add(1);
        self.0[position % SIZE] = Link { before, ordinal };
    }

    /// Moves the positions down by `by`. Those that are not greater are none any more.
    pub fn slide(&mut self, by: u16) {
        self.0.copy_within(usize::from(by).., 0);
        let rest = SIZE - usize::from(by);
        self.0[..rest].iter_mut().for_each(|link| link.before = link.before.saturating_sub(by)); // much faster than a loop
    }

    #[inline(always)]
    fn of(&self, position: usize) -> Link {
        self.0[position % SIZE]
    }

    /// The position that the chain at `offset` behind a position leads to, as one before that.
    #[inline(always)]
    fn before(&self, position: usize, offset: usize) -> usize {
        usize::from(self.of(position + offset).before).saturating_sub(offset)
    }
}

/// A way through the positions that may have more in common with the one that it began at than others so far. A seed has
/// `SEED` bytes.
#[derive(Clone, Copy)]
pub struct Walk<'a, const SEED: usize> {
    links: &'a Links,
    start: usize,
    /// How many positions of the own chain count.
    limit: usize,
    /// The greatest offset that has a chain.
    offsets: usize,
    /// Where it is, and the offset of the chain that led there.
    position: usize,
    offset: usize,
    /// How many steps it may make in this chain.
    steps: usize,
}

impl<'a, const SEED: usize> Walk<'a, SEED> {
    /// Begins at the position before `start` in its chain, `limit` of which count.
    #[inline(always)]
    pub fn new(links: &'a Links, start: usize, limit: usize) -> Self {
        let position = links.before(start, 0);
        Self { links, start, limit, offsets: 0, position, offset: 0, steps: limit }
    }

    /// Begins likewise where more than `length` bytes may be the same, if that is known of `ahead` bytes from `start` on, all of
    /// whose seeds have chains, as have all before.
    #[inline(always)]
    pub fn beyond(links: &'a Links, start: usize, limit: usize, length: usize, ahead: usize) -> Self {
        let mut walk =
            Self { offsets: ahead.saturating_sub(SEED).min(CHAINS), ..Self::new(links, start, limit) };
        walk.choose(start, length + 1);
        walk
    }

    /// Where it is: 0 at the end.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether this position is one of those that count, if it has a seed in common.
    #[inline(always)]
    pub fn counts(&self) -> bool {
        self.offset == 0 || self.ordinal() <= self.limit
    }

    /// Goes on to the next position.
    #[inline(always)]
    pub fn step(&mut self) {
        self.steps -= 1;
        if self.steps > 0 {
            let position = self.links.before(self.position, self.offset);
            self.position = if position < self.position { position } else { 0 };
        } else if self.offset > 0 {
            // This chain may have more positions than the own one: only that one tells what counts.
            *self = Self::new(self.links, self.start, self.limit);
        } else {
            self.position = 0;
        }
    }

    /// Goes on to the next position where more than `length` bytes, which are the same here, may be the same.
    #[inline(always)]
    pub fn step_beyond(&mut self, length: usize) {
        if self.offsets == 0 {
            return self.step();
        }
        let here = self.position;
        let left = self.limit - self.ordinal().min(self.limit);
        self.choose(here, length);
        // The chain of the last seed is not one of this position, but may lead farther.
        let last = length + 1 - SEED;
        let position = self.links.before(self.start, last);
        if last <= self.offsets && position < self.position {
            (self.position, self.offset) = (position, last);
        }
        self.steps = if self.offset == 0 { left } else { self.limit };
        if self.steps == 0 || self.position >= here {
            self.position = 0;
        }
    }

    /// How many positions of the own chain it came by, this one included.
    #[inline(always)]
    fn ordinal(&self) -> usize {
        self.links.of(self.start).ordinal.wrapping_sub(self.links.of(self.position).ordinal).into()
    }

    /// Goes to the position that is farthest of those before `from` in the chains of the seeds of `length` bytes.
    #[inline(always)]
    fn choose(&mut self, from: usize, length: usize) {
        (self.position, self.offset) = (self.links.before(from, 0), 0);
        for offset in 1..=(length - SEED).min(self.offsets) {
            let position = self.links.before(from, offset);
            if position < self.position {
                (self.position, self.offset) = (position, offset);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const SEED: usize = 3;

    /// Bytes of which most recur.
    fn bytes(length: usize, letters: u32) -> Vec<u8> {
        let mut state = letters;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let mut bytes = vec![0; SEED];
        while bytes.len() < length {
            let (from, count) = (next(bytes.len() as u32) as usize, next(12) as usize);
            bytes.extend_from_within(from..bytes.len().min(from + count));
            bytes.push(next(letters) as u8);
        }
        bytes
    }

    /// The lengths and positions of all that a walk finds, each longer than the one before, the first more than `length`.
    fn found(bytes: &[u8], at: usize, mut length: usize, mut walk: Walk<'_, SEED>) -> Vec<[usize; 2]> {
        let mut found = Vec::new();
        while walk.position() > 0 {
            let (old, new) = (&bytes[walk.position() - 1..], &bytes[at..]);
            let common = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            if common <= length {
                walk.step();
                continue;
            }
            if !walk.counts() {
                break;
            }
            found.push([common, walk.position()]);
            length = common;
            walk.step_beyond(length);
        }
        found
    }

    #[test]
    fn a_walk_beyond_finds_what_a_whole_one_does() {
        for letters in [1, 2, 5, 200] {
            let bytes = bytes(700, letters);
            let mut links = Links::zeroed();
            let mut last = HashMap::new();
            for (at, seed) in bytes.windows(SEED).enumerate() {
                links.add_counted(at + 1, last.insert(seed, at as u16 + 1).unwrap_or(0));
            }
            for at in 0..bytes.len() - SEED {
                for (limit, length) in [(1, 2), (4, 2), (16, 3), (100, 5), (4000, 2), (4000, 20)] {
                    let ahead = bytes.len() - at;
                    let whole = found(&bytes, at, length, Walk::new(&links, at + 1, limit));
                    let beyond =
                        found(&bytes, at, length, Walk::beyond(&links, at + 1, limit, length, ahead));
                    assert_eq!(
                        beyond, whole,
                        "{letters} letters, at {at}, limit {limit}, more than {length}"
                    );
                }
            }
        }
    }
}
