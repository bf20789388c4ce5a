//! The raw bytes that matches are looked for in.

use bytemuck::{Pod, Zeroable};

use super::writer::MAX_STORED;

/// The longest distance, and how many bytes before a block are kept.
pub const MAX_DISTANCE: i32 = 1 << 15;

/// How much of the end of a block no match begins in.
const MARGIN: i32 = 11;

/// The room for raw bytes, a power of two, and what loads may read behind it.
const ROOM: usize = 1 << 17;
const SLACK: usize = 8;

/// No window's base is greater: positions begin anew at a smaller one, when the next block is searched.
const MAX_BASE: i32 = (1 << 30) + (1 << 20);

/// The history and the block that comes to it.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Window {
    bytes: [u8; ROOM + SLACK],
    start: u32, // of the block
    end: u32,
    /// The position of the window's first byte.
    pub base: i32,
}

impl Window {
    /// Makes sure of what is true of every window that was not made up.
    pub fn check(&mut self) {
        self.end = self.end.min(ROOM as u32);
        self.start = self.start.min(self.end);
        self.base = self.base.clamp(0, MAX_BASE);
    }

    /// Empties the window, all of which is too far away from what follows.
    pub fn reset(&mut self) {
        self.base += MAX_DISTANCE + self.end as i32;
        (self.start, self.end) = (0, 0);
    }

    /// Takes what has room in the block, and returns the rest.
    pub fn take<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let room = MAX_STORED.saturating_sub(self.block().len());
        let end = self.end as usize & (ROOM - 1);
        let (now, rest) = input.split_at(input.len().min(room));
        if let Some(place) = self.bytes.get_mut(end..end + now.len()) {
            place.copy_from_slice(now);
            self.end += now.len() as u32;
            return rest;
        }
        (self.start, self.end) = (0, 0); // no stream comes here
        input
    }

    /// The block's bytes.
    pub fn block(&self) -> &[u8] {
        self.bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Makes the block a part of the history, and room for another one.
    pub fn advance(&mut self) {
        let end = self.end as usize & (ROOM - 1);
        if end + MAX_STORED >= ROOM {
            let first = end.saturating_sub(MAX_DISTANCE as usize);
            self.bytes.copy_within(first..end, 0);
            self.base += first as i32;
            self.end = (end - first) as u32;
        }
        self.start = self.end;
    }

    /// The index of the block's first byte.
    pub fn start(&self) -> i32 {
        self.start as i32
    }

    /// The index behind the block's last byte.
    pub fn end(&self) -> i32 {
        self.end as i32
    }

    /// The index behind the last one at which a search looks for matches.
    pub fn limit(&self) -> i32 {
        self.end() - MARGIN
    }

    /// The bytes from one index to another.
    pub fn slice(&self, from: i32, to: i32) -> &[u8] {
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    #[inline]
    pub fn byte(&self, index: i32) -> u8 {
        self.bytes[index as usize & (ROOM - 1)]
    }

    /// The four bytes at an index.
    #[inline]
    pub fn load32(&self, index: i32) -> u32 {
        let index = index as usize & (ROOM - 1);
        u32::from_le_bytes(self.bytes[index..index + 4].try_into().unwrap_or_default())
    }

    /// The eight bytes at an index.
    #[inline]
    pub fn load64(&self, index: i32) -> u64 {
        let index = index as usize & (ROOM - 1);
        u64::from_le_bytes(self.bytes[index..index + 8].try_into().unwrap_or_default())
    }

    /// Whether the four bytes at an index are those of `value`, which is at another, and that is near enough.
    #[inline]
    pub fn is_match(&self, earlier: i32, later: i32, value: u64) -> bool {
        distance(earlier, later) < MAX_DISTANCE as u32 && self.load32(earlier) == value as u32
    }

    /// How many bytes are the same at two indices, up to the block's end, the second one being greater than the first.
    #[inline]
    pub fn common(&self, earlier: i32, later: i32) -> i32 {
        self.common_until(earlier, later, self.end())
    }

    /// [`Window::common`], but 254 at most.
    #[inline]
    pub fn common_short(&self, earlier: i32, later: i32) -> i32 {
        self.common_until(earlier, later, self.end().min(later + 254))
    }

    #[inline]
    fn common_until(&self, earlier: i32, later: i32, end: i32) -> i32 {
        let most = end - later;
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

    /// How many bytes before two indices are the same, down to the index `from`, of the greater one.
    #[inline]
    pub fn common_before(&self, earlier: i32, later: i32, from: i32) -> i32 {
        let mut length = 0;
        while earlier - length > 0
            && later - length > from
            && self.byte(earlier - length - 1) == self.byte(later - length - 1)
        {
            length += 1;
        }
        length
    }
}

/// How far an index is before another one; what is behind it is very far.
#[inline]
pub fn distance(earlier: i32, later: i32) -> u32 {
    later.wrapping_sub(earlier) as u32
}

/// A hash of four bytes.
#[inline]
pub fn hash4(value: u64, bits: u32) -> usize {
    ((value as u32).wrapping_mul(2_654_435_761) >> (32 - bits)) as usize
}

/// A hash of five bytes.
#[inline]
pub fn hash5(value: u64, bits: u32) -> usize {
    ((value << 24).wrapping_mul(889_523_592_379) >> (64 - bits)) as usize
}

/// A hash of seven bytes.
#[inline]
pub fn hash7(value: u64, bits: u32) -> usize {
    ((value << 8).wrapping_mul(58_295_818_150_454_627) >> (64 - bits)) as usize
}
