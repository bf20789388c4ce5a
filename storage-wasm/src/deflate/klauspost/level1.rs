//! Level 1: one candidate per hash of five bytes, and steps that grow while nothing is found.
//!
//! Source: klauspost/compress, `flate/level1.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::window::{MAX_DISTANCE, distance, hash5};

const BITS: u32 = 15;

/// Level 1.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level1 {
    block: Block,
    table: [i32; 1 << BITS],
}

impl Level1 {
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
            let mut following = self.block.window.load64(next);
            let earlier = self.enter(value, at);
            if self.block.window.is_match(earlier, at, value) {
                self.enter(following, next);
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following, next);
            next += 1;
            let earlier = self.enter(value, at);
            following >>= 8;
            if self.block.window.is_match(earlier, at, value) {
                self.enter(value, next);
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following, next);
        }
    }
}

impl Search for Level1 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        [&mut self.table, &mut []]
    }

    fn search(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let mut at = emitted;
        let mut value = self.block.window.load64(at);
        while let Some(found) = self.find(at, value, emitted, limit) {
            let mut earlier = found.earlier;
            at = found.at;
            loop {
                let found = Found::whole(&self.block.window, at, earlier, found.next);
                let found = emit(&mut self.block, found, emitted);
                emitted = found.end();
                at = found.resume();
                if at >= limit {
                    if at + found.length + 8 < self.block.window.end() {
                        let value = self.block.window.load64(at);
                        self.enter(value, at);
                    }
                    return emitted;
                }
                let around = self.block.window.load64(at - 2);
                self.enter(around, at - 2);
                value = around >> 16;
                earlier = self.enter(value, at);
                let window = &self.block.window;
                if distance(earlier, at) > MAX_DISTANCE as u32 || window.load32(earlier) != value as u32 {
                    value >>= 8;
                    at += 1;
                    break;
                }
            }
        }
        emitted
    }
}
