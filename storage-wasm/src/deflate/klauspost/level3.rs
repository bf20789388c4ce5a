//! Level 3: two candidates per hash of five bytes.
//!
//! Source: klauspost/compress, `flate/level3.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::window::{MAX_DISTANCE, distance, hash5};

const BITS: u32 = 16;

/// About the longest distance: sometimes it is just too long.
const FARTHEST: u32 = MAX_DISTANCE as u32 - 4;

/// Level 3.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level3 {
    block: Block,
    table: [[i32; 2]; 1 << BITS], // the last one first
}

impl Level3 {
    /// Enters a position and returns the two that were there.
    #[inline]
    fn enter(&mut self, value: u64, index: i32) -> [i32; 2] {
        let base = self.block.window.base;
        let slot = &mut self.table[hash5(value, BITS) & ((1 << BITS) - 1)];
        let before = *slot;
        *slot = [index + base, before[0]];
        before.map(|position| position.wrapping_sub(base))
    }

    /// Looks for a match from `at` on, where the bytes are `value`.
    #[inline]
    fn find(&mut self, mut at: i32, mut value: u64, emitted: i32, limit: i32) -> Option<Found> {
        loop {
            let next = at + 1 + ((at - emitted) >> 7);
            if next > limit {
                return None;
            }
            let following = self.block.window.load64(next);
            let [last, before] = self.enter(value, at);
            let window = &self.block.window;
            let same = |earlier: i32| window.load32(earlier) == value as u32;
            if distance(last, at) <= FARTHEST {
                let found = |earlier| Some(Found { at, earlier, length: 0, next });
                if same(last) {
                    if distance(before, at) > FARTHEST || !same(before) {
                        return found(last);
                    }
                    let longer = window.common(before + 4, at + 4) > window.common(last + 4, at + 4);
                    return found(if longer { before } else { last });
                }
                if distance(before, at) < FARTHEST && same(before) {
                    return found(before);
                }
            }
            (value, at) = (following, next);
        }
    }

    /// The candidate at `at` that is a match.
    #[inline]
    fn again(&mut self, value: u64, at: i32) -> Option<i32> {
        let [last, before] = self.enter(value, at);
        let same = |earlier: i32| self.block.window.load32(earlier) == value as u32;
        if distance(last, at) >= FARTHEST {
            return None;
        }
        if same(last) {
            return Some(last);
        }
        (distance(before, at) < FARTHEST && same(before)).then_some(before)
    }
}

impl Search for Level3 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        [self.table.as_flattened_mut(), &mut []]
    }

    fn search(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let (mut at, mut value) = (emitted, self.block.window.load64(emitted));
        while let Some(found) = self.find(at, value, emitted, limit) {
            let mut earlier = found.earlier;
            at = found.at;
            loop {
                let found = Found::whole(&self.block.window, at, earlier, found.next);
                let found = emit(&mut self.block, found, emitted);
                emitted = found.end();
                at = found.resume();
                if at >= limit {
                    let index = found.earlier + found.length;
                    if index + 8 < self.block.window.end() && index > 0 {
                        let value = self.block.window.load64(index);
                        self.enter(value, index);
                    }
                    return emitted;
                }
                for index in (at - found.length + 2..at - 5).step_by(6) {
                    let value = self.block.window.load64(index);
                    self.enter(value, index);
                }
                let around = self.block.window.load64(at - 2);
                self.enter(around, at - 2);
                self.enter(around >> 8, at - 1);
                value = around >> 16;
                let Some(next) = self.again(value, at) else {
                    value >>= 8;
                    at += 1;
                    break;
                };
                earlier = next;
            }
        }
        emitted
    }
}
