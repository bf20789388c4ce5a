//! Level 2: as level 1, with a greater table and more positions in it.
//!
//! Source: klauspost/compress, `flate/level2.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::window::{MAX_DISTANCE, distance, hash5};

const BITS: u32 = 17;

/// Level 2.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level2 {
    block: Block,
    table: [i32; 1 << BITS],
}

impl Level2 {
    /// Enters a position and returns what was there.
    #[inline]
    fn enter(&mut self, value: u64, index: i32) -> i32 {
        let base = self.block.window.base;
        let slot = &mut self.table[hash5(value, BITS) & ((1 << BITS) - 1)];
        std::mem::replace(slot, index + base).wrapping_sub(base)
    }

    /// Looks for a match from `at` on, where the bytes are `value`.
    #[inline]
    fn find(&mut self, mut at: i32, mut value: u64, emitted: i32, limit: i32) -> Option<Found> {
        loop {
            let mut next = at + 2 + ((at - emitted) >> 5);
            if next > limit {
                return None;
            }
            let following = self.block.window.load64(next);
            let earlier = self.enter(value, at);
            if self.block.window.is_match(earlier, at, value) {
                self.enter(following, next);
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following, next);
            next += 1;
            let earlier = self.enter(value, at);
            if self.block.window.is_match(earlier, at, value) {
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following >> 8, next);
        }
    }

    /// Enters positions in a match.
    #[inline]
    fn enter_inside(&mut self, from: i32, to: i32) {
        for at in (from..to).step_by(7) {
            let value = self.block.window.load64(at);
            self.enter(value, at);
            self.enter(value >> 16, at + 2);
            self.enter(value >> 32, at + 4);
        }
    }
}

impl Search for Level2 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        [&mut self.table, &mut []]
    }

    fn search(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let (mut at, mut value) = (emitted, self.block.window.load64(emitted));
        while let Some(found) = self.find(at, value, emitted, limit) {
            at = found.at;
            let mut earlier = found.earlier;
            loop {
                let found = Found::whole(&self.block.window, at, earlier, found.next);
                let found = emit(&mut self.block, found, emitted);
                emitted = found.end();
                at = found.resume();
                let window = &self.block.window;
                if at >= limit {
                    if at + found.length + 8 < window.end() {
                        let value = window.load64(at);
                        self.enter(value, at);
                    }
                    return emitted;
                }
                self.enter_inside(at - found.length + 2, at - 5);
                let around = self.block.window.load64(at - 2);
                self.enter(around, at - 2);
                self.enter(around >> 8, at - 1);
                earlier = self.enter(around >> 16, at);
                let window = &self.block.window;
                if distance(earlier, at) > MAX_DISTANCE as u32
                    || window.load32(earlier) != (around >> 16) as u32
                {
                    value = around >> 24;
                    at += 1;
                    break;
                }
            }
        }
        emitted
    }
}
