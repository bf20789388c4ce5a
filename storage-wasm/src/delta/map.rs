//! Where bytes of the base are in the new file, by the lists of copies.

use super::copies::Copy;

/// The distance, in bytes, of the places from which a copy is looked for.
const PAGE: usize = 1 << 10;
/// The copies that are remembered; the first of more.
const MAX_COPIES: usize = 1 << 18;
/// How far behind a copy a byte is still taken to have moved with it.
const BEHIND: u32 = 64;

/// The copies of the windows so far, by their places in the base file, modulo 2^32.
pub struct Map {
    copies: Vec<Moved>,
    /// Of each page the last copy that begins before it or with it.
    pages: Vec<u32>,
}

/// Bytes of the base file that are in the new file, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    start: u32,
    length: u32,
    shift: i32,
}

impl Map {
    /// A map without copies.
    pub fn new() -> Self {
        Self { copies: Vec::new(), pages: Vec::new() }
    }

    /// Adds the copies of a window that begins at `new_at`, from a base window that begins at `old_at`.
    ///
    /// When they are more than the map can hold it starts over with these.
    pub fn add(&mut self, copies: &[Copy], old_at: u32, new_at: u32) {
        if self.copies.len() + copies.len() > MAX_COPIES {
            self.copies.clear();
        }
        self.copies.extend(copies.iter().take(MAX_COPIES).map(|copy| {
            let start = old_at.wrapping_add(copy.old as u32);
            let shift = new_at.wrapping_add(copy.new as u32).wrapping_sub(start) as i32;
            Moved { start, length: copy.length as u32, shift }
        }));
        self.copies.sort_unstable();
        self.index();
    }

    fn index(&mut self) {
        self.pages.clear();
        for (place, copy) in self.copies.iter().enumerate() {
            let page = (copy.start as usize).div_ceil(PAGE);
            let before = place.saturating_sub(1) as u32;
            self.pages.resize(page.max(self.pages.len()), before);
        }
        self.pages.push(self.copies.len().saturating_sub(1) as u32);
    }

    /// How far the byte at `old` in the base file has moved, if it was copied, or one closely before it.
    #[inline]
    pub fn shift(&self, old: u32) -> Option<i32> {
        let page = (old as usize / PAGE).min(self.pages.len().checked_sub(1)?);
        let from = self.copies.get(self.pages[page] as usize..)?;
        let last = from.iter().take_while(|copy| copy.start <= old).last()?;
        (old - last.start < last.length.saturating_add(BEHIND)).then_some(last.shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_moves_with_the_copy_that_it_is_in() {
        let mut map = Map::new();
        assert_eq!(map.shift(0), None);
        let copy = |old, new, length| Copy { old, new, length };
        map.add(&[copy(100, 0, 50), copy(10_000, 50, 5000)], 1000, 500);
        map.add(&[copy(0, 0, 100)], 0, 7);
        let shifts =
            [0, 99, 163, 164, 1100, 1149, 1213, 1214, 10_999, 11_000, 15_999, 20_000].map(|at| map.shift(at));
        let (first, second, third) = (Some(7), Some(-600), Some(-10_450));
        assert_eq!(shifts[..4], [first, first, first, None]);
        assert_eq!(shifts[4..8], [second, second, second, None]);
        assert_eq!(shifts[8..], [None, third, third, None]);
    }

    #[test]
    fn a_full_map_starts_over() {
        let mut map = Map::new();
        map.add(&[Copy { old: 0, new: 5, length: 10 }], 0, 0);
        let many: Vec<_> = (0..MAX_COPIES).map(|at| Copy { old: 100 + at, new: 0, length: 1 }).collect();
        map.add(&many, 0, 0);
        assert_eq!((map.shift(0), map.shift(100)), (None, Some(-100)));
    }
}
