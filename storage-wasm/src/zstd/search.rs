//! Where bytes were before: the search of klauspost's encoder at its default level, "double fast", over a window of 8 MiB.

use bytemuck::{Pod, Zeroable};

/// The most bytes of a block.
pub const BLOCK: usize = 128 << 10;

/// How far away a match is, at most.
const WINDOW: usize = 8 << 20;

/// The bytes that are kept: a window, and what follows until it is moved.
const KEPT: usize = WINDOW + (4 << 20);

const LONG_BITS: u32 = 17;
const SHORT_BITS: u32 = 15;

/// How many bytes at the end of a block are not searched for, and which blocks are not at all.
const MARGIN: usize = 10;
const SHORTEST: usize = 16;

/// A position where four bytes were: that among the bytes kept, and `WINDOW` more. So zeros are too far away.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Entry {
    position: u32,
    bytes: u32,
}

/// Literals and a match behind them.
pub struct Sequence {
    /// How many literals.
    pub literals: u32,
    /// The length of the match, less 3.
    pub matched: u32,
    /// How far back it is, and 3 more; or 1 for the offset used last, the one before it if there are no literals.
    pub offset: u32,
}

/// What a block consists of.
pub struct Parts {
    /// The literals, also those behind the last match.
    pub literals: Vec<u8>,
    /// The matches.
    pub sequences: Vec<Sequence>,
}

impl Parts {
    /// Those of no block, with room for those of any.
    pub fn new() -> Self {
        Self { literals: Vec::with_capacity(BLOCK), sequences: Vec::with_capacity(BLOCK / 4) }
    }

    fn add(&mut self, literals: &[u8], length: usize, offset: u32) {
        self.literals.extend_from_slice(literals);
        self.sequences.push(Sequence {
            literals: literals.len() as u32,
            matched: (length - 3) as u32,
            offset,
        });
    }
}

/// The bytes before, and where they are.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Search {
    long: [Entry; 1 << LONG_BITS],   // by eight bytes
    short: [Entry; 1 << SHORT_BITS], // by five
    start: u32,                      // of the block, in the bytes kept
    end: u32,                        // of these
    kept: [u8; KEPT],
}

/// Where the bytes kept begin, which need not be zeros at first.
pub const CLEARED: usize = std::mem::offset_of!(Search, kept);

impl Search {
    /// Makes what cannot be into what can: an empty window.
    pub fn check(&mut self) {
        if self.start > self.end || self.end as usize > KEPT || self.block().len() >= BLOCK {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Adds bytes to the block, as many as it has room for, and returns how many.
    pub fn fill(&mut self, input: &[u8]) -> usize {
        let end = self.end as usize;
        let count = input.len().min(BLOCK - self.block().len());
        self.kept[end..end + count].copy_from_slice(&input[..count]);
        self.end += count as u32;
        count
    }

    /// The bytes of the block.
    pub fn block(&self) -> &[u8] {
        &self.kept[self.start as usize..self.end as usize]
    }

    /// Ends the block: what is added next is of another.
    pub fn next(&mut self) {
        if self.end as usize + BLOCK > KEPT {
            let passed = self.end as usize - WINDOW;
            self.kept.copy_within(passed..self.end as usize, 0);
            for entry in self.long.iter_mut().chain(&mut self.short) {
                entry.position = entry.position.saturating_sub(passed as u32);
            }
            self.end = WINDOW as u32;
        }
        self.start = self.end;
    }

    /// Finds the parts of the block. One that is `ALONE` in its frame is searched a little differently.
    pub fn find<const ALONE: bool>(&mut self, parts: &mut Parts) {
        parts.literals.clear();
        parts.sequences.clear();
        let (start, end) = (self.start as usize, self.end as usize);
        let Self { long, short, kept, .. } = self;
        let bytes = &kept[..end];
        if end - start < SHORTEST {
            return parts.literals.extend_from_slice(&bytes[start..]);
        }
        let limit = end - MARGIN;
        let mut tables = Tables { long, short };
        let (mut at, mut emitted) = (start, start);
        let mut offset1 = 0;
        let mut offset2;
        while at < limit {
            // Offsets are used again once there are three matches in the block. So there are two.
            let repeats = parts.sequences.len() > 2;
            let (from, length) = match tables.search(bytes, &mut at, emitted, limit, offset1, repeats) {
                Found::Nothing => break,
                Found::Repeated(length) => {
                    let (from, at_first) = (at + 1 - offset1, at + 1);
                    let back = common_back(bytes, from, at_first, at.saturating_sub(WINDOW), emitted + 1);
                    parts.add(&bytes[emitted..at_first - back], length + back, 1);
                    at += length + 1;
                    emitted = at;
                    continue;
                }
                Found::Match(from, length) => (from, length),
            };
            offset2 = offset1;
            offset1 = at - from;
            let back = common_back(bytes, from, at, at.saturating_sub(WINDOW), emitted);
            let length = length + back;
            at -= back;
            parts.add(&bytes[emitted..at], length, offset1 as u32 + 3);
            tables.enter_inside(bytes, at, length);
            let inside = load(bytes, (at + length).saturating_sub(2));
            at += length;
            emitted = at;
            if !(repeats || ALONE && parts.sequences.len() > 2) {
                continue;
            }
            while at < limit {
                let value = load(bytes, at);
                let Some(earlier) = at.checked_sub(offset2) else { break };
                if load(bytes, earlier) as u32 != value as u32 {
                    break;
                }
                let length = 4 + common(bytes, earlier + 4, at + 4);
                tables.enter_long(value, at);
                // Alone, it is entered by the bytes where the first of these matches was.
                let hashed = if ALONE { inside >> 16 } else { value };
                tables.enter_short_by(hashed, value, at);
                parts.add(&[], length, 1);
                at += length;
                emitted = at;
                (offset1, offset2) = (offset2, offset1);
            }
        }
        parts.literals.extend_from_slice(&bytes[emitted..]);
    }
}

/// What a search found.
enum Found {
    /// Nothing, up to the limit.
    Nothing,
    /// The offset used last fits one byte behind where the search ended, and so many bytes are the same.
    Repeated(usize),
    /// A match where the search ended: with what, and so many bytes.
    Match(usize, usize),
}

/// Positions by what is there.
struct Tables<'a> {
    long: &'a mut [Entry; 1 << LONG_BITS],
    short: &'a mut [Entry; 1 << SHORT_BITS],
}

impl Tables<'_> {
    /// Searches from `at` on, and moves it.
    #[inline]
    fn search(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        emitted: usize,
        limit: usize,
        offset: usize,
        repeats: bool,
    ) -> Found {
        while *at < limit {
            let value = load(bytes, *at);
            let by_long = self.enter_long(value, *at);
            let by_short = self.enter_short_by(value, value, *at);
            if repeats {
                let earlier = *at + 1 - offset.min(*at + 1);
                if load(bytes, earlier) as u32 == (value >> 8) as u32 {
                    return Found::Repeated(4 + common(bytes, earlier + 4, *at + 5));
                }
            }
            let found = match_at(by_long, value, *at).or_else(|| {
                let short = match_at(by_short, value, *at)?;
                let next = load(bytes, *at + 1);
                let by_long = self.enter_long(next, *at + 1);
                let Some(long) = match_at(by_long, next, *at + 1) else { return Some(short) };
                *at += 1;
                Some(long)
            });
            if let Some(from) = found {
                return Found::Match(from, 4 + common(bytes, from + 4, *at + 4));
            }
            *at += 1 + ((*at - emitted) >> 7);
        }
        Found::Nothing
    }

    /// Enters places inside of a match.
    #[inline]
    fn enter_inside(&mut self, bytes: &[u8], at: usize, length: usize) {
        if at + length + MARGIN >= bytes.len() {
            return;
        }
        for place in [at + 1, at + length - 2] {
            let value = load(bytes, place);
            self.enter_long(value, place);
            self.enter_short_by(value >> 8, value >> 8, place + 1);
        }
    }

    /// Enters a place, and returns what was there.
    #[inline]
    fn enter_long(&mut self, value: u64, at: usize) -> Entry {
        const PRIME: u64 = 0xcf1b_bcdc_b7a5_6463;
        let slot = value.wrapping_mul(PRIME) >> (64 - LONG_BITS);
        std::mem::replace(&mut self.long[slot as usize], entry(value, at))
    }

    /// Enters a place by other bytes than are there, and returns what was there.
    #[inline]
    fn enter_short_by(&mut self, hashed: u64, value: u64, at: usize) -> Entry {
        const PRIME: u64 = 889_523_592_379;
        let slot = (hashed << 24).wrapping_mul(PRIME) >> (64 - SHORT_BITS);
        std::mem::replace(&mut self.short[slot as usize], entry(value, at))
    }
}

#[inline]
fn entry(value: u64, at: usize) -> Entry {
    Entry { position: (at + WINDOW) as u32, bytes: value as u32 }
}

/// Where the bytes at `at` were, if they are those of an entry that is near enough.
#[inline]
fn match_at(entry: Entry, value: u64, at: usize) -> Option<usize> {
    let distance = (at + WINDOW).wrapping_sub(entry.position as usize);
    if distance >= WINDOW || entry.bytes != value as u32 {
        return None;
    }
    at.checked_sub(distance)
}

/// Eight bytes from a place on; zeros where there are not as many.
#[inline]
fn load(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u64::from_le_bytes(*word))
}

/// How many bytes are the same from two places on.
#[inline]
fn common(bytes: &[u8], earlier: usize, at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let (words, _) = rest.as_chunks::<8>();
    let (before, _) = bytes.get(earlier..).unwrap_or_default().as_chunks::<8>();
    for (i, (a, b)) in words.iter().zip(before).enumerate() {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return 8 * i + (differ.trailing_zeros() / 8) as usize;
        }
    }
    let done = 8 * words.len();
    let before = bytes.get(earlier + done..).unwrap_or_default();
    done + rest[done..].iter().zip(before).take_while(|(a, b)| a == b).count()
}

/// How many bytes are the same before two places, the earlier not before `least` and the later not before `start`.
#[inline]
fn common_back(bytes: &[u8], earlier: usize, at: usize, least: usize, start: usize) -> usize {
    let before = bytes.get(least..earlier).unwrap_or_default().iter().rev();
    let after = bytes.get(start..at).unwrap_or_default().iter().rev();
    before.zip(after).take_while(|(a, b)| a == b).count()
}
