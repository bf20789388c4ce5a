//! The input that copies can be made of, and where its strings of three bytes are.

use std::mem;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::Program;
use crate::deflate::links::{Links, Walk};

/// How far back the chains of hashes reach, and how far the window moves.
const HALF: usize = 1 << 15;

/// The length of the window.
const SIZE: usize = 2 * HALF;

/// The shortest copy, and the length of a string.
pub const MIN_COPY: usize = 3;

/// The longest copy.
pub const MAX_COPY: usize = 258;

/// With fewer bytes ahead, more input is taken first: the longest copy, and a string after it.
pub const MIN_AHEAD: usize = MAX_COPY + 3 + 1;

/// The longest distance.
pub const MAX_DISTANCE: usize = HALF - MIN_AHEAD;

/// From here on the window moves if few bytes are ahead, and GNU gzip looks for no copies beyond
/// it.
pub const LIMIT: usize = HALF + MAX_DISTANCE;

/// A window over the input. Its first byte is the first of the input at first; later both halves
/// are kept full. Places in it are smaller than [`SIZE`]; chains of hashes end with place 0.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Window {
    bytes: [u8; SIZE + 16], // some more, for whole words to be read
    latest: [u16; HALF],    // by hash, the last place of a string that has it
    links: Links,           // the places before with the same hash
    start: u32,             // where literals and copies were made up to
    end: u32,               // of what was taken
    block: i32,             // where the block begins, negative if that has left the window
    entered: u32,           // strings before this place are in the chains, or are not to be
    ended: u32,             // whether GNU gzip saw the end
}

impl Window {
    /// How many bytes literals and copies are to be made of.
    pub fn ahead(&self) -> usize {
        (self.end as usize).saturating_sub(self.start as usize)
    }

    /// Whether more input is to be taken first, if there is more.
    pub fn is_low(&self) -> bool {
        self.ahead() < MIN_AHEAD
    }

    /// Where literals and copies were made up to.
    #[inline]
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// The end of what was taken.
    #[inline]
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// Literals and copies were made up to `start`.
    pub fn advance(&mut self, start: usize) {
        self.start = start as u32;
    }

    /// Makes sure of what is true of every window that was not made up.
    pub fn check(&mut self) {
        self.end = self.end.min(SIZE as u32);
        self.start = self.start.min(self.end);
        self.entered = self.entered.min(self.end);
    }

    /// Takes input if few bytes are ahead, and moves the window if need be. It moves only when it
    /// is full, or at the end: so it makes no difference how much input there is at once.
    pub fn fill(&mut self, program: Program, input: &mut &[u8], ends: bool) {
        while self.is_low() && self.ended == 0 {
            let full = self.end as usize >= SIZE;
            if !full && !input.is_empty() {
                self.take(input);
            } else if !full && !ends {
                return;
            } else if self.start() >= LIMIT {
                self.slide();
            } else {
                if program == Program::Gzip {
                    self.see_end();
                }
                return;
            }
        }
    }

    /// The raw bytes of the block that ends before `end`, if the window has all of them. Another
    /// block begins there.
    pub fn take_block(&mut self, end: usize) -> Option<&[u8]> {
        let start = mem::replace(&mut self.block, end as i32);
        self.bytes.get(usize::try_from(start).ok()?..end)
    }

    /// How long the block is if it ends before `end`.
    pub fn block_length(&self, end: usize) -> usize {
        (end as i32).wrapping_sub(self.block) as usize
    }

    /// Remembers at the end of a stretch that its last two strings had no third byte.
    pub fn keep_last(&mut self) {
        self.entered = self.start.saturating_sub(2);
    }

    /// Forgets all but the window's lower half, the dictionary of what is taken next.
    pub fn restart(&mut self) {
        self.latest.fill(0);
        (self.start, self.end, self.block, self.entered) = (HALF as u32, HALF as u32, HALF as i32, 0);
    }

    /// Puts the strings at some places into their chains.
    #[inline]
    pub fn insert(&mut self, places: Range<usize>) {
        for place in places {
            let before = self.enter(place);
            self.links.add(place, before);
        }
    }

    /// Puts the strings into their chains that begin before `start` and were not, those at the end of a stretch, and forgets
    /// that others may be not.
    pub fn insert_late(&mut self) {
        let end = self.end().saturating_sub(MIN_COPY - 1);
        self.insert(self.entered as usize..self.start().min(end));
        self.entered = self.end;
    }

    /// Puts all strings into their chains that are not, for a walk that skips places.
    pub fn insert_all(&mut self) {
        let end = self.end().saturating_sub(MIN_COPY - 1);
        for place in self.entered as usize..end {
            let before = self.enter(place);
            self.links.add_counted(place, before);
        }
        self.entered = self.entered.max(end as u32);
    }

    /// Makes a place the last one of a string's hash, and returns the one before.
    #[inline(always)]
    fn enter(&mut self, place: usize) -> u16 {
        let string = self.word(place).to_be_bytes();
        let hash = usize::from(string[3]) << 10 ^ usize::from(string[2]) << 5 ^ usize::from(string[1]);
        mem::replace(&mut self.latest[hash % HALF], place as u16)
    }

    /// The walk through `chain` places at most where copies may begin for the string at `start`.
    #[inline(always)]
    pub fn walk(&self, start: usize, chain: usize) -> Walk<'_, MIN_COPY> {
        Walk::new(&self.links, start, chain)
    }

    /// [`Self::walk`] for copies that are longer than `length`, if all strings are in their chains.
    #[inline(always)]
    pub fn walk_beyond(&self, start: usize, chain: usize, length: usize) -> Walk<'_, MIN_COPY> {
        Walk::beyond(&self.links, start, chain, length, self.end().saturating_sub(start))
    }

    /// The byte at a place.
    #[inline]
    pub fn byte(&self, place: usize) -> u8 {
        self.bytes[place % SIZE]
    }

    /// The four bytes at a place.
    #[inline]
    pub fn word(&self, place: usize) -> u32 {
        let place = place % SIZE;
        u32::from_le_bytes(self.bytes[place..place + 4].try_into().unwrap_or_default())
    }

    /// How many bytes at two places are the same, at most [`MAX_COPY`].
    #[inline]
    pub fn common(&self, a: usize, b: usize) -> usize {
        for done in (0..MAX_COPY).step_by(8) {
            let differ = self.long(a + done) ^ self.long(b + done);
            if differ != 0 {
                return (done + differ.trailing_zeros() as usize / 8).min(MAX_COPY);
            }
        }
        MAX_COPY
    }

    /// The eight bytes at a place.
    #[inline]
    fn long(&self, place: usize) -> u64 {
        let place = place % SIZE;
        u64::from_le_bytes(self.bytes[place..place + 8].try_into().unwrap_or_default())
    }

    /// Takes as much input as has room.
    fn take(&mut self, input: &mut &[u8]) {
        let end = self.end();
        let Some(room) = self.bytes.get_mut(end..SIZE) else { return };
        let (taken, rest) = input.split_at(input.len().min(room.len()));
        room[..taken.len()].copy_from_slice(taken);
        self.end += taken.len() as u32;
        *input = rest;
    }

    /// Moves the upper half down.
    fn slide(&mut self) {
        self.bytes.copy_within(HALF..SIZE, 0);
        self.latest.iter_mut().for_each(|place| *place = place.saturating_sub(HALF as u16));
        self.links.slide(HALF as u16);
        self.entered = self.entered.saturating_sub(HALF as u32);
        self.start = self.start.saturating_sub(HALF as u32);
        self.end = self.end.saturating_sub(HALF as u32);
        self.block = self.block.saturating_sub(HALF as i32);
    }

    /// GNU gzip sees the end of the input. What is behind it can be found in copies, which are cut
    /// short then.
    fn see_end(&mut self) {
        let end = self.end();
        if let Some(behind) = self.bytes.get_mut(end..end + 2) {
            behind.fill(0);
        }
        self.ended = 1;
    }
}
