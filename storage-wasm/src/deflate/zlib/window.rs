//! The input that copies can be made of, and where its strings of three bytes are.

use std::mem;

use bytemuck::{Pod, Zeroable};

use super::Program;

/// How far back the chains of hashes reach, and how far the window moves.
const HALF: usize = 1 << 15;

/// The length of the window.
const SIZE: usize = 2 * HALF;

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
    previous: [u16; HALF],  // by place modulo HALF, the place before with the same hash
    start: u32,             // where literals and copies were made up to
    end: u32,               // of what was taken
    block: i32,             // where the block begins, negative if that has left the window
    late: u32,              // so many strings before `start` are not in the chains yet
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
        self.late = self.late.min(2);
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
        self.late = self.start.min(2);
    }

    /// Forgets all but the window's lower half, the dictionary of what is taken next.
    pub fn restart(&mut self) {
        self.latest.fill(0);
        for place in 0..HALF - 2 {
            self.insert(place);
        }
        (self.start, self.end, self.block, self.late) = (HALF as u32, HALF as u32, HALF as i32, 2);
    }

    /// Puts the string at a place into its chain, and returns the place before in that.
    #[inline]
    pub fn insert(&mut self, place: usize) -> usize {
        let string = self.word(place).to_be_bytes();
        let hash = usize::from(string[3]) << 10 ^ usize::from(string[2]) << 5 ^ usize::from(string[1]);
        let before = mem::replace(&mut self.latest[hash % HALF], place as u16);
        self.previous[place % HALF] = before;
        before.into()
    }

    /// The place before one in its chain.
    #[inline]
    pub fn previous(&self, place: usize) -> usize {
        self.previous[place % HALF].into()
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
        while self.late > 0 && self.ahead() + self.late as usize > 2 {
            self.insert(self.start().wrapping_sub(self.late as usize));
            self.late -= 1;
        }
    }

    /// Moves the upper half down.
    fn slide(&mut self) {
        self.bytes.copy_within(HALF..SIZE, 0);
        for place in self.latest.iter_mut().chain(&mut self.previous) {
            *place = place.saturating_sub(HALF as u16);
        }
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
