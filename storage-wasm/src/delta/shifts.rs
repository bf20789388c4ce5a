//! How far what addresses refer to has moved, as learnt from the references that were coded before.

/// Shifts by what was referred to: exactly that, or something near it.
///
/// Both tables have one entry for all that have the same hash: the last one.
pub struct Shifts {
    exact: Vec<Entry>,
    near: Vec<Entry>,
}

/// A shift with the key that it belongs to, plus 1.
#[derive(Clone, Copy, Default)]
struct Entry {
    owner: u32,
    shift: i32,
}

const EXACT_BITS: u32 = 13;
const NEAR_BITS: u32 = 12;

/// Keys are near each other that differ in this many low bits.
const NEAR: u32 = 12;

fn slot(key: u32, bits: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

impl Shifts {
    /// Tables that have learnt nothing.
    pub fn new() -> Self {
        Self { exact: vec![Entry::default(); 1 << EXACT_BITS], near: vec![Entry::default(); 1 << NEAR_BITS] }
    }

    /// How far `key` had moved the last time.
    #[inline]
    pub fn exact(&self, key: u32) -> Option<i32> {
        let entry = self.exact[slot(key, EXACT_BITS)];
        (entry.owner == key.wrapping_add(1)).then_some(entry.shift)
    }

    /// How far something near `key` had moved the last time.
    #[inline]
    pub fn near(&self, key: u32) -> Option<i32> {
        let entry = self.near[slot(key >> NEAR, NEAR_BITS)];
        (entry.owner == (key >> NEAR) + 1).then_some(entry.shift)
    }

    /// How far something just below what is near `key` had moved the last time.
    #[inline]
    pub fn below(&self, key: u32) -> Option<i32> {
        self.near(key.wrapping_sub(1 << NEAR))
    }

    /// Learns that `key` has moved by `shift`.
    #[inline]
    pub fn learn(&mut self, key: u32, shift: i32) {
        self.exact[slot(key, EXACT_BITS)] = Entry { owner: key.wrapping_add(1), shift };
        self.near[slot(key >> NEAR, NEAR_BITS)] = Entry { owner: (key >> NEAR) + 1, shift };
    }
}
