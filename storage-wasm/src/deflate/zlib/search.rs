//! Which literals and copies become of the input.

use bytemuck::{Pod, Zeroable};

use super::Program;
use super::block::Block;
use super::window::{LIMIT, MAX_COPY, MAX_DISTANCE, MIN_AHEAD, Window};
use crate::error::Error;

/// The shortest copy.
const MIN_COPY: usize = 3;

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
        if self.level < 4 {
            self.run_greedy(program, effort, window, block)
        } else {
            self.run_lazy(program, effort, window, block)
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
        loop {
            let copy = match candidate(window, start, end) {
                Some(place) => longest(window, program, effort, place, start, end, NONE),
                None => NONE,
            };
            let length = if copy.length < MIN_COPY { 1 } else { copy.length };
            if length == 1 {
                block.literal(window.byte(start));
            } else {
                block.copy(copy.distance, length);
                if length <= effort.lazy && start + length + MIN_COPY <= end {
                    insert(window, start + 1..start + length);
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

    /// [`Self::run`] where a copy is taken if the next byte does not begin a longer one.
    fn run_lazy(
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
        let full = loop {
            let place = candidate(window, start, end).filter(|_| waiting.length < effort.lazy);
            let mut copy = match place {
                Some(place) => longest(window, program, effort, place, start, end, waiting),
                None => NONE,
            };
            if copy.length == MIN_COPY && copy.distance > MAX_SHORT_DISTANCE {
                copy = NONE;
            }
            let mut full = None;
            if waiting.length >= MIN_COPY && copy.length <= waiting.length {
                block.copy(waiting.distance, waiting.length);
                let is_full = block.is_full(program, self.level, window.block_length(start));
                let next = start + waiting.length - 1;
                insert(window, start + 1..next.min(end.saturating_sub(MIN_COPY - 1)));
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

/// Puts the strings at some places into their chains.
#[inline]
fn insert(window: &mut Window, places: std::ops::Range<usize>) {
    for place in places {
        window.insert(place);
    }
}

/// Puts the string at `start` into its chain, if it has three bytes. Returns the place before, if
/// copies can be made of it.
#[inline]
fn candidate(window: &mut Window, start: usize, end: usize) -> Option<usize> {
    if start + MIN_COPY > end {
        return None;
    }
    let place = window.insert(start);
    (place != 0 && start.wrapping_sub(place) <= MAX_DISTANCE && start <= LIMIT).then_some(place)
}

/// The longest copy for the bytes at `start`, if it is longer than the one that waits, among those
/// of a chain that begins at `place`. The first one of a length counts.
#[inline]
fn longest(
    window: &Window,
    program: Program,
    effort: &Effort,
    mut place: usize,
    start: usize,
    end: usize,
    waiting: Copy,
) -> Copy {
    let ahead = end.saturating_sub(start);
    // If a copy reaches the end of the input, GNU gzip searches on, for one that goes on behind it
    // in what is left there.
    let nice = if program == Program::Gzip { effort.nice } else { effort.nice.min(ahead) };
    let mut chain = if waiting.length >= effort.good { effort.chain / 4 } else { effort.chain };
    let limit = start.saturating_sub(MAX_DISTANCE);
    let mut best = waiting;
    let mut tail = Tail::of(window, start, best.length);
    loop {
        if tail.is_at(window, place) {
            let length = window.common(place, start);
            if length > best.length {
                best = Copy { length, distance: start.wrapping_sub(place) };
                if length >= nice {
                    break;
                }
                tail = Tail::of(window, start, length);
            }
        }
        place = window.previous(place);
        chain = chain.saturating_sub(1);
        if place <= limit || chain == 0 {
            break;
        }
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
