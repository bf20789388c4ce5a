//! Level 1: one candidate per hash of five bytes, once of four, and steps that grow while nothing is found.
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

/// Level 1 before v1.15.11.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct OldLevel1(Level1);

/// What bytes are found by.
trait Hash {
    /// The hash of the bytes that a value begins with.
    fn of(value: u64) -> usize;

    /// How many bytes the program loads for that.
    const LOADED: i32;
}

/// Of five bytes.
struct Five;

/// Of four bytes.
struct Four;

impl Hash for Five {
    const LOADED: i32 = 8;

    #[inline]
    fn of(value: u64) -> usize {
        hash5(value, BITS)
    }
}

impl Hash for Four {
    const LOADED: i32 = 4;

    #[inline]
    fn of(value: u64) -> usize {
        ((value as u32).wrapping_mul(0x1e35_a7bd) >> (32 - BITS)) as usize
    }
}

impl Level1 {
    /// Enters a position and returns what was there.
    #[inline]
    fn enter<H: Hash>(&mut self, value: u64, index: i32) -> i32 {
        let base = self.block.window.base;
        let slot = &mut self.table[H::of(value) & ((1 << BITS) - 1)];
        std::mem::replace(slot, index + base).wrapping_sub(base)
    }

    /// Looks for a match from `at` on, where the bytes are `value`.
    #[inline]
    fn find<H: Hash>(&mut self, mut at: i32, mut value: u64, emitted: i32, limit: i32) -> Option<Found> {
        loop {
            let mut next = at + 2 + ((at - emitted) >> 5);
            if next > limit {
                return None;
            }
            let mut following = self.block.window.load64(next);
            let earlier = self.enter::<H>(value, at);
            if self.block.window.is_match(earlier, at, value) {
                self.enter::<H>(following, next);
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following, next);
            next += 1;
            let earlier = self.enter::<H>(value, at);
            following >>= 8;
            if self.block.window.is_match(earlier, at, value) {
                self.enter::<H>(value, next);
                return Some(Found { at, earlier, length: 0, next });
            }
            (value, at) = (following, next);
        }
    }

    /// See [`Search::search`].
    fn search_by<H: Hash>(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let mut at = emitted;
        let mut value = self.block.window.load64(at);
        while let Some(found) = self.find::<H>(at, value, emitted, limit) {
            let mut earlier = found.earlier;
            at = found.at;
            loop {
                let found = Found::whole(&self.block.window, at, earlier, found.next);
                let found = emit(&mut self.block, found, emitted);
                emitted = found.end();
                at = found.resume();
                if at >= limit {
                    if at + found.length + H::LOADED < self.block.window.end() {
                        let value = self.block.window.load64(at);
                        self.enter::<H>(value, at);
                    }
                    return emitted;
                }
                let around = self.block.window.load64(at - 2);
                self.enter::<H>(around, at - 2);
                value = around >> 16;
                earlier = self.enter::<H>(value, at);
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

impl Search for Level1 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        [&mut self.table, &mut []]
    }

    fn search(&mut self) -> i32 {
        self.search_by::<Five>()
    }
}

impl Search for OldLevel1 {
    fn block(&mut self) -> &mut Block {
        self.0.block()
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        self.0.tables()
    }

    fn search(&mut self) -> i32 {
        self.0.search_by::<Four>()
    }
}
