//! Where bytes of the base are in the new window, by the list of copies.

use super::copies::Copy;

/// The distance, in bytes, of the places from which a copy is looked for.
const PAGE: usize = 1 << 10;
/// How far behind a copy a byte is still taken to have moved with it.
const BEHIND: u32 = 64;

/// The copies of a window by their places in the base window.
pub struct Map {
    copies: Vec<Moved>,
    /// Of each page the last copy that begins before it or with it.
    pages: Vec<u32>,
}

/// Bytes of the base window that are in the new window, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    start: u32,
    length: u32,
    shift: i32,
}

impl Map {
    /// The map of `copies`.
    pub fn new(copies: &[Copy]) -> Self {
        let mut moved: Vec<_> = copies.iter().map(Moved::by).collect();
        moved.sort_unstable();
        let mut pages =
            Vec::with_capacity(moved.last().map_or(0, |copy| copy.start as usize).div_ceil(PAGE) + 1);
        for (place, copy) in moved.iter().enumerate() {
            let before = place.saturating_sub(1) as u32;
            pages.resize(pages.len().max((copy.start as usize).div_ceil(PAGE)), before);
        }
        pages.push(moved.len().saturating_sub(1) as u32);
        Self { copies: moved, pages }
    }

    /// How far the byte at `old` in the base window has moved, if it was copied, or one closely before it.
    ///
    /// `old` may lie outside the window.
    #[inline]
    pub fn shift(&self, old: u32) -> Option<i32> {
        let page = (old as usize / PAGE).min(self.pages.len().checked_sub(1)?);
        let from = self.copies.get(self.pages[page] as usize..)?;
        let last = from.iter().take_while(|copy| copy.start <= old).last()?;
        (old - last.start < last.length.saturating_add(BEHIND)).then_some(last.shift)
    }
}

impl Moved {
    fn by(copy: &Copy) -> Self {
        let shift = (copy.new as u32).wrapping_sub(copy.old as u32) as i32;
        Self { start: copy.old as u32, length: copy.length as u32, shift }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_moves_with_the_copy_that_it_is_in() {
        assert_eq!(Map::new(&[]).shift(0), None);
        let copy = |old, new, length| Copy { old, new, length };
        let map = Map::new(&[copy(1100, 500, 50), copy(11_000, 550, 5000), copy(0, 6000, 100)]);
        let shifts =
            [0, 99, 163, 164, 1100, 1149, 1213, 1214, 10_999, 11_000, 15_999, 20_000].map(|at| map.shift(at));
        let (first, second, third) = (Some(6000), Some(-600), Some(-10_450));
        assert_eq!(shifts[..4], [first, first, first, None]);
        assert_eq!(shifts[4..8], [second, second, second, None]);
        assert_eq!(shifts[8..], [None, third, third, None]);
        assert_eq!(map.shift(u32::MAX), None);
    }
}
