//! Level 4: a candidate of four bytes and one of seven.
//!
//! Source: klauspost/compress, `flate/level4.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::window::{MAX_DISTANCE, hash4, hash7};
use super::writer::MAX_STORED;

const BITS: u32 = 15;
const MASK: usize = (1 << BITS) - 1;

/// The length of the program's history: when another block has no room, all but the last 32768 bytes is dropped.
const HISTORY: usize = 5 * MAX_STORED;

/// How much of the beginning of that history may be looked at.
const START: usize = MAX_DISTANCE as usize + MAX_STORED + 17;

/// Level 4.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level4 {
    block: Block,
    short: [i32; 1 << BITS],
    long: [i32; 1 << BITS],
    history: u32, // the length of the program's history
    start: [u8; START],
}

impl Level4 {
    #[inline]
    fn enter_short(&mut self, value: u64, index: i32) -> i32 {
        let base = self.block.window.base;
        std::mem::replace(&mut self.short[hash4(value, BITS) & MASK], index + base).wrapping_sub(base)
    }

    #[inline]
    fn enter_long(&mut self, value: u64, index: i32) -> i32 {
        let base = self.block.window.base;
        std::mem::replace(&mut self.long[hash7(value, BITS) & MASK], index + base).wrapping_sub(base)
    }

    /// Remembers the beginning of the program's history, as it is with the block.
    fn extend_history(&mut self) {
        let window = &self.block.window;
        let block = window.slice(window.start(), window.end());
        if window.start() == 0 {
            self.history = 0;
        }
        if self.history as usize + block.len() > HISTORY {
            let last = window.slice(window.start() - MAX_DISTANCE, window.start());
            self.start[..last.len()].copy_from_slice(last);
            self.history = MAX_DISTANCE as u32;
        }
        let room = self.start.get_mut(self.history as usize..).unwrap_or_default();
        let length = block.len().min(room.len());
        room[..length].copy_from_slice(&block[..length]);
        self.history += block.len() as u32;
    }

    /// How long a match at `at` and `distance` before seems to be. The program takes the distance for an index of its
    /// history, and looks what is there.
    fn seeming_length(&self, distance: i32, at: i32) -> i32 {
        let window = &self.block.window;
        let most = window.end() - at - 4;
        let mut length = 0;
        while length < most {
            let from = (distance + 4 + length) as usize;
            let there = self.start.get(from..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            let differing = u64::from_le_bytes(there) ^ window.load64(at + 4 + length);
            if differing != 0 {
                return (length + (differing.trailing_zeros() / 8) as i32).min(most) + 4;
            }
            length += 8;
        }
        most.max(0) + 4
    }

    /// Looks for a match from `at` on.
    #[inline]
    fn find(&mut self, mut at: i32, emitted: i32, limit: i32) -> Option<Found> {
        let mut value = self.block.window.load64(at);
        loop {
            let next = at + 1 + ((at - emitted) >> 6);
            if next > limit {
                return None;
            }
            let following = self.block.window.load64(next);
            let short = self.enter_short(value, at);
            let long = self.enter_long(value, at);
            let window = &self.block.window;
            if window.is_match(long, at, value) {
                return Some(Found::whole(window, at, long, next));
            }
            if window.is_match(short, at, value) {
                let found = Found::whole(window, at, short, next);
                let long = self.long[hash7(following, BITS) & MASK].wrapping_sub(window.base);
                if window.is_match(long, next, following)
                    && self.seeming_length(next - long, next) > found.length
                {
                    return Some(Found::whole(window, next, long, next));
                }
                return Some(found);
            }
            (value, at) = (following, next);
        }
    }

    /// Enters positions in a match, two of three.
    #[inline]
    fn enter_inside(&mut self, from: i32, to: i32) {
        for at in (from..to).step_by(3) {
            let value = self.block.window.load64(at);
            self.enter_long(value, at);
            self.enter_long(value >> 8, at + 1);
            self.enter_short(value >> 8, at + 1);
        }
    }
}

impl Search for Level4 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        [&mut self.short, &mut self.long]
    }

    fn search(&mut self) -> i32 {
        self.extend_history();
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let mut at = emitted;
        while let Some(found) = self.find(at, emitted, limit) {
            let found = emit(&mut self.block, found, emitted);
            emitted = found.end();
            at = found.resume();
            if at >= limit {
                if at + 8 < self.block.window.end() {
                    let value = self.block.window.load64(at);
                    self.enter_short(value, at);
                    self.enter_long(value, at);
                }
                break;
            }
            self.enter_inside(found.next, at - 1);
            let value = self.block.window.load64(at - 1);
            self.enter_short(value, at - 1);
            self.enter_long(value, at - 1);
        }
        emitted
    }
}
