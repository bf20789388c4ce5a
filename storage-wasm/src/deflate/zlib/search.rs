//! Which literals and copies become of the input.

use bytemuck::{Pod, Zeroable};

use super::Program;
use super::block::Block;
use super::window::{LIMIT, MAX_COPY, MAX_DISTANCE, MIN_AHEAD, MIN_COPY, Window};
use crate::deflate::links::Walk;
use crate::error::Error;

/// The longest distance of a copy of three bytes that was found lazily.
const MAX_SHORT_DISTANCE: usize = 4096;

/// How hard to search at a level.
struct Effort {
    good: usize,  // with a copy of this length waiting, a quarter of the chain is searched
    lazy: usize,  // with one of this length nothing is; if greedy, longer ones leave no strings
    nice: usize,  // no longer copy is searched for
    chain: usize, // so many strings are compared
}

/// By level less one. From the fourth on the search is lazy.
const EFFORTS: [Effort; 9] = [
    Effort { good: 4, lazy: 4, nice: 8, chain: 4 },
    Effort { good: 4, lazy: 5, nice: 16, chain: 8 },
    Effort { good: 4, lazy: 6, nice: 32, chain: 32 },
    Effort { good: 4, lazy: 4, nice: 16, chain: 16 },
    Effort { good: 8, lazy: 16, nice: 32, chain: 32 },
    Effort { good: 8, lazy: 16, nice: 128, chain: 128 },
    Effort { good: 8, lazy: 32, nice: 128, chain: 256 },
    Effort { good: 32, lazy: 128, nice: 258, chain: 1024 },
    Effort { good: 32, lazy: 258, nice: 258, chain: 4096 },
];

/// A search, and the copy that was found at the byte before, which waits for the next byte's to be
/// no longer.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Search {
    level: u32,
    length: u32, // of that copy
    distance: u32,
    has_byte: u32, // whether nothing has become of that byte yet
}

/// A copy that was found, or, if it is too short, none.
#[derive(Clone, Copy)]
struct Copy {
    length: usize,
    distance: usize,
}

const NONE: Copy = Copy { length: MIN_COPY - 1, distance: 0 };

impl Search {
    /// Prepares for a level.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such level.
    pub fn open(&mut self, level: u32) -> Result<(), Error> {
        if !(1..=9).contains(&level) {
            return Err(Error::Argument);
        }
        *self = Self { level, length: NONE.length as u32, ..Self::zeroed() };
        Ok(())
    }

    /// Makes at least one step, and goes on until few bytes are ahead, or a block is full. Returns
    /// where in the window that ends.
    pub fn run(&mut self, program: Program, window: &mut Window, block: &mut Block) -> Option<usize> {
        let effort = &EFFORTS[(self.level as usize).clamp(1, 9) - 1];
        match self.level {
            ..=3 => self.run_greedy(program, effort, window, block),
            4..=5 => self.run_lazy::<false>(program, effort, window, block),
            6.. => self.run_lazy::<true>(program, effort, window, block),
        }
    }

    /// Makes a literal of the byte before, if it still waits, at the end of a stretch.
    pub fn end(&mut self, window: &Window, block: &mut Block) {
        if self.has_byte != 0 {
            block.literal(window.byte(window.start().wrapping_sub(1)));
            self.has_byte = 0;
        }
    }

    /// [`Self::run`] where every copy that is found is taken.
    fn run_greedy(
        &mut self,
        program: Program,
        effort: &Effort,
        window: &mut Window,
        block: &mut Block,
    ) -> Option<usize> {
        let (mut start, end) = (window.start(), window.end());
        let least = window.ahead().min(MIN_AHEAD);
        window.insert_late();
        loop {
            window.insert(start..strings(start + 1, end));
            let copy = longest(window, program, effort, window.walk(start, effort.chain), start, NONE);
            let length = if copy.length < MIN_COPY { 1 } else { copy.length };
            if length == 1 {
                block.literal(window.byte(start));
            } else {
                block.copy(copy.distance, length);
                if length <= effort.lazy && start + length + MIN_COPY <= end {
                    window.insert(start + 1..start + length);
                }
            }
            let full = block.is_full(program, self.level, window.block_length(start));
            start += length;
            if full || start + least > end {
                window.advance(start);
                return full.then_some(start);
            }
        }
    }

    /// [`Self::run`] where a copy is taken if the next byte does not begin a longer one. The search `SKIPS` places or, where
    /// that does not pay because it is a short one, looks at all.
    fn run_lazy<const SKIPS: bool>(
        &mut self,
        program: Program,
        effort: &Effort,
        window: &mut Window,
        block: &mut Block,
    ) -> Option<usize> {
        let (mut start, end) = (window.start(), window.end());
        let least = window.ahead().min(MIN_AHEAD);
        let length = (self.length as usize).clamp(NONE.length, MAX_COPY);
        let mut waiting = Copy { length, distance: self.distance as usize };
        let mut has_byte = self.has_byte != 0;
        if SKIPS {
            window.insert_all();
        } else {
            window.insert_late();
        }
        let full = loop {
            if !SKIPS {
                window.insert(start..strings(start + 1, end));
            }
            let chain = if waiting.length >= effort.good { effort.chain / 4 } else { effort.chain };
            let mut copy = match () {
                () if waiting.length >= effort.lazy => NONE,
                () if SKIPS => {
                    let walk = window.walk_beyond(start, chain, waiting.length);
                    longest(window, program, effort, walk, start, waiting)
                }
                () => longest(window, program, effort, window.walk(start, chain), start, waiting),
            };
            if copy.length == MIN_COPY && copy.distance > MAX_SHORT_DISTANCE {
                copy = NONE;
            }
            let mut full = None;
            if waiting.length >= MIN_COPY && copy.length <= waiting.length {
                block.copy(waiting.distance, waiting.length);
                let is_full = block.is_full(program, self.level, window.block_length(start));
                let next = start + waiting.length - 1;
                if !SKIPS {
                    window.insert(start + 1..strings(next, end));
                }
                start = next;
                full = is_full.then_some(start);
                (waiting, has_byte) = (NONE, false);
            } else {
                if has_byte {
                    block.literal(window.byte(start.wrapping_sub(1)));
                    full = block.is_full(program, self.level, window.block_length(start)).then_some(start);
                }
                start += 1;
                (waiting, has_byte) = (copy, true);
            }
            if full.is_some() || start + least > end {
                break full;
            }
        };
        window.advance(start);
        (self.length, self.distance) = (waiting.length as u32, waiting.distance as u32);
        self.has_byte = has_byte.into();
        full
    }
}

/// The place before which strings begin, up to `to`, that have three bytes before `end`.
#[inline]
fn strings(to: usize, end: usize) -> usize {
    to.min(end.saturating_sub(MIN_COPY - 1))
}

/// The longest copy for the bytes at `start`, if it is longer than the one that waits, among those
/// that a walk leads to. The first one of a length counts.
#[inline(always)]
fn longest(
    window: &Window,
    program: Program,
    effort: &Effort,
    mut walk: Walk<'_, MIN_COPY>,
    start: usize,
    waiting: Copy,
) -> Copy {
    let ahead = window.end().saturating_sub(start);
    let first = window.walk(start, 1).position();
    let limit = start.saturating_sub(MAX_DISTANCE);
    if ahead < MIN_COPY || start > LIMIT || first == 0 || first < limit {
        return NONE;
    }
    // If a copy reaches the end of the input, GNU gzip searches on, for one that goes on behind it
    // in what is left there.
    let nice = if program == Program::Gzip { effort.nice } else { effort.nice.min(ahead) };
    let mut best = waiting;
    let mut tail = Tail::of(window, start, best.length);
    // Only the first place may be as far away as the limit.
    while walk.position() > limit.min(first - 1) {
        let place = walk.position();
        if tail.is_at(window, place) {
            let length = window.common(place, start);
            if length > best.length {
                if !walk.counts() {
                    break;
                }
                best = Copy { length, distance: start.wrapping_sub(place) };
                if length >= nice {
                    break;
                }
                tail = Tail::of(window, start, length);
                walk.step_beyond(length);
                continue;
            }
        }
        walk.step();
    }
    Copy { length: best.length.min(ahead), ..best }
}

/// The last bytes of strings that are longer than the best copy by one. Most strings are ruled out
/// by them.
struct Tail {
    offset: usize,
    mask: u32,
    bytes: u32,
}

impl Tail {
    #[inline]
    fn of(window: &Window, start: usize, length: usize) -> Self {
        let offset = length.saturating_sub(3);
        let mask = if length < 3 { 0xff_ffff } else { !0 };
        Self { offset, mask, bytes: window.word(start + offset) & mask }
    }

    #[inline]
    fn is_at(&self, window: &Window, place: usize) -> bool {
        window.word(place + self.offset) & self.mask == self.bytes
    }
}
