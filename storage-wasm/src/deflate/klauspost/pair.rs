//! What levels 5 and 6 have in common: a table by a hash of four bytes, and one by a hash of seven with two candidates.

use bytemuck::{Pod, Zeroable};

use super::window::{Window, hash4, hash7};

const BITS: u32 = 15;
const MASK: usize = (1 << BITS) - 1;

/// Positions of bytes, by what they are.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Tables {
    short: [i32; 1 << BITS],
    long: [[i32; 2]; 1 << BITS], // the last one first
}

impl Tables {
    /// The last position of the four bytes.
    #[inline]
    pub fn short(&self, value: u64) -> i32 {
        self.short[hash4(value, BITS) & MASK]
    }

    /// The last two positions of the seven bytes.
    #[inline]
    pub fn long(&self, value: u64) -> [i32; 2] {
        self.long[hash7(value, BITS) & MASK]
    }

    /// Enters a position of four bytes.
    #[inline]
    pub fn enter_short(&mut self, value: u64, position: i32) {
        self.short[hash4(value, BITS) & MASK] = position;
    }

    /// Enters a position of seven bytes.
    #[inline]
    pub fn enter_long(&mut self, value: u64, position: i32) {
        let slot = &mut self.long[hash7(value, BITS) & MASK];
        *slot = [position, slot[0]];
    }

    /// Enters a position in both.
    #[inline]
    pub fn enter(&mut self, value: u64, position: i32) {
        self.enter_short(value, position);
        self.enter_long(value, position);
    }

    /// All positions.
    pub fn all(&mut self) -> [&mut [i32]; 2] {
        [&mut self.short, self.long.as_flattened_mut()]
    }
}

/// How many bytes are the same at two indices, 258 at most; 0 if the first four differ, or are too far away.
#[inline]
pub fn matching(window: &Window, earlier: i32, at: i32, value: u64) -> i32 {
    if window.is_match(earlier, at, value) { window.common_short(earlier + 4, at + 4) + 4 } else { 0 }
}
