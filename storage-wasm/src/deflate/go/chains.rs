//! Levels 2 to 9: the longest match among those that chains of places with the same hash lead to.

use std::mem;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::block::{self, MAX_STORED, Step, Symbols};
use super::codes::{MAX_DISTANCE, MAX_LENGTH, MIN_LENGTH};
use crate::deflate::Encoder;
use crate::deflate::links::{Links, Walk};
use crate::deflate::sink::Sink;
use crate::error::Error;

/// The bytes of the window: it moves by half of them when it is full.
const WINDOW: usize = 2 * MAX_DISTANCE;
/// The bits of a hash.
const HASH_BITS: u32 = 17;
/// The shortest match, and the bytes that a hash is of.
const SEED: usize = 4;
/// The farthest match of the shortest length.
const MAX_NEAR: usize = 4096;
/// The bytes ahead that are waited for, unless they are the last ones.
const AHEAD: usize = SEED + MAX_LENGTH;
/// The most symbols of a block.
const MAX_SYMBOLS: usize = 1 << 14;
/// The bytes that are looked at where a match may be.
const LOOK: usize = 264;
/// A block whose beginning the window moved away from.
const GONE: u32 = u32::MAX;
/// The bit of a symbol that tells a match.
const IS_MATCH: u32 = 1 << 31;

/// A search of as many places skips those that cannot be longer; in shorter ones that does not pay.
const SKIPPED: usize = 128;

/// How long a search is.
#[derive(Clone, Copy)]
struct Effort {
    /// Whether a match waits for a longer one a byte later, and how long it is not to.
    lazy: Option<usize>,
    /// The length of a match that is not searched further for.
    nice: usize,
    /// How many places are looked at.
    chain: usize,
    /// The longest match whose places are all noted.
    noted: usize,
}

impl Effort {
    const fn greedy(nice: usize, chain: usize, noted: usize) -> Self {
        Self { lazy: None, nice, chain, noted }
    }

    const fn lazy(lazy: usize, nice: usize, chain: usize) -> Self {
        Self { lazy: Some(lazy), nice, chain, noted: MAX_LENGTH }
    }

    fn of(level: u32) -> Self {
        match level {
            ..=2 => Self::greedy(16, 8, 5),
            3 => Self::greedy(32, 32, 6),
            4 => Self::lazy(4, 16, 16),
            5 => Self::lazy(16, 32, 32),
            6 => Self::lazy(16, 128, 128),
            7 => Self::lazy(32, 128, 256),
            8 => Self::lazy(128, 258, 1024),
            9.. => Self::lazy(258, 258, 4096),
        }
    }
}

/// A copy of bytes; of 3 bytes if there is none.
#[derive(Clone, Copy)]
struct Match {
    length: usize,
    distance: usize,
}

impl Match {
    const NONE: Self = Self { length: SEED - 1, distance: 0 };
}

/// The state. Places are in the window; those in tables are 1 more, so that 0 is none.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Chains {
    level: u32,
    /// The place of the byte that is next.
    at: u32,
    /// The end of the bytes.
    end: u32,
    /// The beginning of the block, or where it would be if the window reached so far.
    block: u32,
    /// The match at the place before, if it waits.
    length: u32,
    distance: u32,
    /// The first place that is not noted yet, if all are.
    unnoted: u32,
    /// Whether the byte before the next one is not in a symbol yet.
    waits: u32,
    /// How many symbols the block has.
    count: u32,
    symbols: [u32; MAX_SYMBOLS],
    /// Where a hash was last.
    head: [u16; 1 << HASH_BITS],
    links: Links,
    window: [u8; WINDOW + LOOK],
}

impl Encoder for Chains {
    fn open(&mut self, _encoder: u32, level: u32) -> Result<(), Error> {
        self.level = level;
        self.length = Match::NONE.length as u32;
        Ok(())
    }

    fn write(&mut self, mut input: &[u8], last: bool, sink: &mut Sink<'_>) {
        self.end = self.end.min(WINDOW as u32);
        self.at = self.at.min(self.end);
        self.count = self.count.min(MAX_SYMBOLS as u32 - 1);
        while !input.is_empty() {
            if self.end as usize == WINDOW {
                self.slide();
            }
            let room = &mut self.window[self.end as usize & (WINDOW - 1)..WINDOW];
            let (head, rest) = input.split_at(input.len().min(room.len()));
            room[..head.len()].copy_from_slice(head);
            self.end += head.len() as u32;
            input = rest;
            if self.end as usize == WINDOW {
                self.go_on(AHEAD, sink);
            }
        }
        if last {
            self.go_on(1, sink);
            self.finish(sink);
            super::close(sink);
        }
    }
}

impl Chains {
    /// Moves the window by its half.
    fn slide(&mut self) {
        const BY: usize = WINDOW / 2;
        self.window.copy_within(BY..WINDOW, 0);
        self.at = self.at.saturating_sub(BY as u32);
        self.end -= BY as u32;
        self.block = self.block.checked_sub(BY as u32).unwrap_or(GONE);
        self.unnoted = self.unnoted.saturating_sub(BY as u32);
        self.head.iter_mut().for_each(|place| *place = place.saturating_sub(BY as u16)); // much faster than a loop
        self.links.slide(BY as u16);
    }

    /// Makes symbols of the bytes, as long as there are `ahead` of them.
    fn go_on(&mut self, ahead: usize, sink: &mut Sink<'_>) {
        let effort = Effort::of(self.level);
        match effort.lazy {
            Some(lazy) if effort.chain >= SKIPPED => self.go_on_lazily::<true>(ahead, &effort, lazy, sink),
            Some(lazy) => self.go_on_lazily::<false>(ahead, &effort, lazy, sink),
            None => self.go_on_greedily(ahead, &effort, sink),
        }
    }

    /// Takes each match at once.
    fn go_on_greedily(&mut self, ahead: usize, effort: &Effort, sink: &mut Sink<'_>) {
        let end = self.end as usize;
        let mut at = self.at as usize;
        while end - at >= ahead {
            self.note::<false>(at..at + 1, end);
            let walk = Walk::new(&self.links, at + 1, effort.chain);
            let found = self.find(Match::NONE, at, walk, end - at, effort);
            if found.length >= SEED {
                self.push_match(found);
                if found.length <= effort.noted {
                    self.note::<false>(at + 1..at + found.length, end);
                }
                at += found.length;
            } else {
                self.push_literal(at);
                at += 1;
            }
            self.end_full_block(at, sink);
        }
        self.at = at as u32;
    }

    /// Takes a match unless there is a longer one a byte later.
    fn go_on_lazily<const SKIPS: bool>(
        &mut self,
        ahead: usize,
        effort: &Effort,
        lazy: usize,
        sink: &mut Sink<'_>,
    ) {
        let end = self.end as usize;
        let mut at = self.at as usize;
        let length = (self.length as usize).clamp(Match::NONE.length, MAX_LENGTH);
        let mut before = Match { length, distance: self.distance as usize };
        let mut waits = self.waits != 0;
        if SKIPS {
            self.note::<true>(self.unnoted as usize..end, end);
            self.unnoted = (end + 1).saturating_sub(SEED) as u32;
        }
        while end - at >= ahead {
            if !SKIPS {
                self.note::<false>(at..at + 1, end);
            }
            let found = match () {
                () if before.length >= lazy => Match::NONE,
                () if SKIPS => self.find_beyond(before, at, end - at, effort),
                () => self.find(before, at, Walk::new(&self.links, at + 1, effort.chain), end - at, effort),
            };
            if before.length >= SEED && found.length <= before.length {
                self.push_match(before);
                let next = (at + before.length - 1).min(end);
                if !SKIPS {
                    self.note::<false>(at + 1..next, end);
                }
                at = next;
                before = Match::NONE;
                waits = false;
                self.end_full_block(at, sink);
            } else {
                if waits {
                    self.push_literal(at.wrapping_sub(1));
                    self.end_full_block(at, sink);
                }
                at += 1;
                before = found;
                waits = true;
            }
        }
        self.at = at as u32;
        (self.length, self.distance) = (before.length as u32, before.distance as u32);
        self.waits = waits.into();
    }

    /// Ends the last block.
    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.waits != 0 {
            self.push_literal((self.at as usize).wrapping_sub(1));
        }
        if self.count != 0 {
            self.end_block(self.at as usize, sink);
        }
    }

    /// Notes places. One with too few bytes before `end` has no hash.
    #[inline]
    fn note<const COUNTED: bool>(&mut self, places: Range<usize>, end: usize) {
        for at in places.start..places.end.min((end + 1).saturating_sub(SEED)) {
            let hash = u32::from_be_bytes(*word(look(&self.window, at), 0)).wrapping_mul(0x1e35_a7bd);
            let head = &mut self.head[(hash >> (32 - HASH_BITS)) as usize & ((1 << HASH_BITS) - 1)];
            let before = mem::replace(head, at as u16 + 1);
            if COUNTED { self.links.add_counted(at + 1, before) } else { self.links.add(at + 1, before) }
        }
    }

    /// [`Self::find`] where all places are noted: the longest match, if it is longer than `before`, or `before`.
    #[inline]
    fn find_beyond(&self, before: Match, at: usize, ahead: usize, effort: &Effort) -> Match {
        if before.length >= ahead.min(MAX_LENGTH) {
            return before;
        }
        let beyond = |length| Walk::beyond(&self.links, at + 1, effort.chain, length, ahead);
        let mut walk = beyond(before.length);
        if before.length < SEED && (at + 1).wrapping_sub(walk.position()) > MAX_NEAR {
            walk = beyond(SEED);
        }
        self.find(before, at, walk, ahead, effort)
    }

    /// The longest match, among those that a walk leads to, that is nearest; a short one must be near. It is
    /// `found` if none is longer.
    #[inline(always)]
    fn find(
        &self,
        mut found: Match,
        at: usize,
        mut walk: Walk<'_, SEED>,
        ahead: usize,
        effort: &Effort,
    ) -> Match {
        let lowest = at.saturating_sub(MAX_DISTANCE);
        let longest = ahead.min(MAX_LENGTH);
        let nice = effort.nice.min(longest);
        let new = look(&self.window, at);
        let mut tail = *word(new, found.length - 3);
        while walk.position() > lowest {
            let old = look(&self.window, walk.position() - 1);
            // What is longer has these bytes too.
            if *word(old, found.length - 3) == tail {
                let length = common(old, new).min(longest);
                let distance = (at + 1).wrapping_sub(walk.position());
                if length > found.length {
                    if !walk.counts() {
                        break;
                    }
                    if length > SEED || distance <= MAX_NEAR {
                        found = Match { length, distance };
                        if length >= nice {
                            break;
                        }
                        tail = *word(new, length - 3);
                    }
                    walk.step_beyond(length);
                    continue;
                }
            }
            walk.step();
        }
        found
    }

    fn push_literal(&mut self, at: usize) {
        self.push(self.window[at & (WINDOW - 1)].into());
    }

    fn push_match(&mut self, found: Match) {
        let Match { length, distance } = found;
        self.push(IS_MATCH | ((length - MIN_LENGTH) << 16) as u32 | distance.wrapping_sub(1) as u32 & 0xffff);
    }

    #[inline]
    fn push(&mut self, symbol: u32) {
        self.symbols[self.count as usize & (MAX_SYMBOLS - 1)] = symbol;
        self.count += 1;
    }

    /// Ends the block before a place if it is full.
    #[inline]
    fn end_full_block(&mut self, at: usize, sink: &mut Sink<'_>) {
        if self.count as usize >= MAX_SYMBOLS {
            self.end_block(at, sink);
        }
    }

    /// Ends the block before a place.
    #[inline(never)]
    fn end_block(&mut self, at: usize, sink: &mut Sink<'_>) {
        let symbols = &self.symbols[..(self.count as usize).min(MAX_SYMBOLS)];
        let raw = self.window.get(self.block as usize..at).filter(|raw| raw.len() <= MAX_STORED);
        block::write(symbols, raw, sink);
        self.block = at as u32;
        self.count = 0;
    }
}

/// Symbols of these encoders.
impl Symbols for [u32] {
    fn each(&self, mut visit: impl FnMut(Step<'_>)) {
        for &symbol in self {
            let byte = [symbol as u8];
            let literals = if symbol & IS_MATCH == 0 { &byte[..] } else { &[] };
            let length = if symbol & IS_MATCH == 0 { 0 } else { (symbol >> 16) as u8 };
            visit(Step { literals, length, distance: symbol as u16 });
        }
    }
}

/// The bytes from a place on.
#[inline]
fn look(window: &[u8; WINDOW + LOOK], at: usize) -> &[u8; LOOK] {
    let at = at & (WINDOW - 1);
    window[at..at + LOOK].first_chunk().expect("the window is longer by these")
}

/// Four bytes.
#[inline]
fn word(bytes: &[u8; LOOK], at: usize) -> &[u8; SEED] {
    let at = at & 255;
    bytes[at..at + SEED].first_chunk().expect("there are more than these")
}

/// How many bytes are the same.
#[inline]
fn common(a: &[u8; LOOK], b: &[u8; LOOK]) -> usize {
    let mut length = 0;
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length
}
