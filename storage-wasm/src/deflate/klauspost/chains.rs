//! The window of levels 7 to 9, and chains of positions in it with the same hash of four bytes.

use bytemuck::{Pod, Zeroable};

use super::huffman;
use super::tokens::{LENGTH_CODE, LENGTH_EXTRA, MAX_LENGTH, distance_code, distance_extra};
use super::window::{distance, hash4};
use super::writer::Version;

/// The shortest match that is looked for.
pub const MIN_LENGTH: i32 = 4;

/// The longest distance, and the length of the window.
pub const WINDOW: i32 = 1 << 15;
pub const SIZE: usize = 1 << 16;

const BITS: u32 = 17;

/// What loads may read behind the window.
const SLACK: usize = 8;

/// Positions are from the beginning of the stream, and one more. Before they leave an `i32`, they begin anew.
const RENEWAL: i32 = 1 << 28;

/// A window and its chains.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Chains {
    bytes: [u8; SIZE + SLACK],
    end: i32,
    base: i32, // the position of the window's first byte
    /// The position where the chain of the last index begins.
    pub head: i32,
    /// The level.
    pub level: u32,
    heads: [i32; 1 << BITS],
    previous: [i32; WINDOW as usize],
    bits: [i32; SIZE + 2], // of the bytes before each one, as literals
}

impl Chains {
    /// Empties it.
    pub fn reset(&mut self) {
        self.heads.fill(0);
        self.previous.fill(0);
        (self.end, self.base, self.head) = (0, 1, -1);
    }

    /// Makes sure of what is true of all chains that were not made up.
    pub fn check(&mut self) {
        self.end = self.end();
        self.base = self.base.clamp(1, 2 * RENEWAL);
    }

    /// The index behind the last byte.
    pub fn end(&self) -> i32 {
        self.end.clamp(0, SIZE as i32)
    }

    /// Takes what has room, and returns the rest.
    pub fn take<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let room = self.bytes[..SIZE].get_mut(self.end as usize..).unwrap_or_default();
        let (now, rest) = input.split_at(input.len().min(room.len()));
        room[..now.len()].copy_from_slice(now);
        self.end += now.len() as i32;
        rest
    }

    /// Makes room for half a window.
    pub fn advance(&mut self) {
        self.bytes.copy_within(WINDOW as usize..SIZE, 0);
        self.end -= WINDOW;
        self.base += WINDOW;
        if self.base > RENEWAL {
            let less = self.base - 1;
            (self.base, self.head) = (1, self.head.saturating_sub(less));
            for position in self.heads.iter_mut().chain(&mut self.previous) {
                *position = position.saturating_sub(less).max(0);
            }
        }
    }

    #[inline]
    pub fn byte(&self, index: i32) -> u8 {
        self.bytes[index as usize & (SIZE - 1)]
    }

    /// The bytes from one index to another.
    pub fn slice(&self, from: i32, to: i32) -> &[u8] {
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    #[inline]
    fn load64(&self, index: i32) -> u64 {
        let index = index as usize & (SIZE - 1);
        u64::from_le_bytes(self.bytes[index..index + 8].try_into().unwrap_or_default())
    }

    /// How many bytes are the same at two indices, `most` at most.
    #[inline]
    fn common(&self, earlier: i32, later: i32, most: i32) -> i32 {
        let mut length = 0;
        while length < most {
            let differing = self.load64(earlier + length) ^ self.load64(later + length);
            if differing != 0 {
                return (length + (differing.trailing_zeros() / 8) as i32).min(most);
            }
            length += 8;
        }
        most.max(0)
    }

    /// The index behind the last one that has a chain.
    fn limit(&self) -> i32 {
        self.end() - (MIN_LENGTH - 1)
    }

    /// Adds an index to its chain, unless it is too near the end.
    #[inline]
    pub fn enter(&mut self, index: i32) {
        if index < self.limit() {
            self.head = self.link(index);
        }
    }

    /// Adds an index to its chain and returns the position that was its head.
    #[inline]
    fn link(&mut self, index: i32) -> i32 {
        let slot = &mut self.heads[hash4(self.load64(index), BITS) & ((1 << BITS) - 1)];
        let head = std::mem::replace(slot, index + self.base);
        self.previous[index as usize & (WINDOW as usize - 1)] = head;
        head
    }

    /// Adds indices to their chains.
    pub fn enter_all(&mut self, from: i32, to: i32) {
        for index in from..to.min(self.limit()) {
            self.link(index);
        }
    }

    /// How many positions of a chain are looked at.
    pub fn tries(&self) -> i32 {
        match self.level {
            7 => 24,
            8 => 64,
            _ => 1024,
        }
    }

    /// From which length on a match is good enough.
    fn nice(&self) -> i32 {
        match self.level {
            7 => 16,
            8 => 40,
            _ => MAX_LENGTH,
        }
    }

    /// Whether a match must save bits, not bytes.
    fn by_gain(&self) -> bool {
        self.tries() > 100
    }

    /// Finds out how many bits literals take from an index on, if that matters.
    pub fn weigh(&mut self, from: i32, version: Version) {
        if !self.by_gain() {
            return;
        }
        // The count of bytes that are all the same was once too great for 16 bits.
        let most = if version < Version::V1_18_2 { SIZE as i32 } else { 1 << 15 };
        let mut frequencies = [0u16; 256];
        for &byte in self.slice(from, self.end.min(from.saturating_add(most))) {
            let n = &mut frequencies[byte as usize];
            *n = n.wrapping_add(1);
        }
        let mut codes = [0; 256];
        huffman::build(&frequencies, &mut codes, 15, version);
        // What is not counted has no code. Go reckons a bit for it.
        let least = i32::from(version == Version::Go1_27);
        let mut bits = 0;
        for index in from.max(0)..self.end.min(SIZE as i32) {
            self.bits[index as usize] = bits;
            bits += least.max(huffman::length(codes[self.byte(index) as usize]) as i32);
            self.bits[index as usize + 1] = bits;
        }
    }

    /// How many bits a match saves.
    fn gain(&self, index: i32, length: i32, distance: i32) -> i32 {
        let index = index as usize & (SIZE - 1);
        let literals = self.bits[(index + length as usize).min(SIZE)].wrapping_sub(self.bits[index]);
        // The program takes the code of the next distance, and after the last one the code 14.
        let code = if distance < WINDOW { distance_code(distance as u32) } else { 14 };
        let extra = distance_extra(code) as i32;
        let code = LENGTH_CODE[(length - 3) as usize & 255];
        literals.wrapping_sub(extra + 3 + i32::from(LENGTH_EXTRA[code as usize & 31]))
    }

    /// The best match at an index, in the chain that begins at the head: its length and distance.
    pub fn find(&self, index: i32, ahead: i32) -> Option<(i32, i32)> {
        let oldest = (index - WINDOW).max(0);
        let farthest = (index - oldest) as u32;
        let mut earlier = self.head.wrapping_sub(self.base);
        if distance(earlier, index) > farthest {
            return None;
        }
        let most = ahead.min(MAX_LENGTH);
        let nice = self.nice().min(most);
        let mut length = MIN_LENGTH - 1;
        let mut best = None;
        let mut gain = 4;
        let mut last = self.byte(index + length);
        for _ in 0..self.tries() {
            if last == self.byte(earlier + length) {
                let longer = self.common(earlier, index, most);
                if longer > length {
                    let better =
                        if self.by_gain() { self.gain(index, longer, index - earlier) } else { i32::MAX };
                    if better > gain || !self.by_gain() {
                        (length, gain) = (longer, better);
                        best = Some((length, index - earlier));
                        if length >= nice {
                            break;
                        }
                        last = self.byte(index + length);
                    }
                }
            }
            if earlier <= oldest {
                break;
            }
            earlier = self.previous[earlier as usize & (WINDOW as usize - 1)].wrapping_sub(self.base);
            if distance(earlier, index) > farthest {
                break;
            }
        }
        best
    }

    /// A match whose end goes on with what follows a match of `length` at `from`, longer than that even without its first
    /// two bytes, `most` bytes from them on at most: its length without them, and where it begins earlier.
    pub fn find_end(&self, from: i32, length: i32, distance: i32, most: i32) -> Option<(i32, i32)> {
        if length >= MAX_LENGTH - 2 || from + length >= self.limit() {
            return None;
        }
        let head = self.heads[hash4(self.load64(from + length), BITS) & ((1 << BITS) - 1)];
        let earlier = head.wrapping_sub(self.base + length);
        let oldest = (from + 1 - WINDOW).max(0);
        if earlier <= oldest + 2 || earlier >= from || from - earlier == distance {
            return None;
        }
        let longer = self.common(earlier + 2, from + 2, most);
        (longer > length).then_some((longer, earlier))
    }
}
