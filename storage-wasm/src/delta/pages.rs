//! Pages, by which arm64 code refers to addresses.

use super::arm64::{IN_PAGE, PAGE_BITS};
use super::block::Place;
use super::side::Side;
use super::streams::Stream;

/// Where pages begin in both windows, which know no addresses: what to add to a place for the lowest bits of its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// In the base window.
    pub old: u32,
    /// In the new window.
    pub new: u32,
}

impl Pages {
    /// Codes where pages begin.
    pub fn code(&mut self, side: &mut impl Side) {
        self.old = side.bits(Stream::Extra, PAGE_BITS, self.old);
        self.new = side.bits(Stream::Extra, PAGE_BITS, self.new);
    }

    /// Where the page begins that the byte at `at` in the base window is in.
    pub fn old_page(self, at: u32) -> u32 {
        at.wrapping_sub(at.wrapping_add(self.old) & IN_PAGE)
    }

    /// The same of the new window.
    pub fn new_page(self, at: u32) -> u32 {
        at.wrapping_sub(at.wrapping_add(self.new) & IN_PAGE)
    }

    /// How many of the bytes at `place` there are before the first instruction.
    pub fn to_instruction(self, place: &Place) -> usize {
        (place.old as u32).wrapping_add(self.old).wrapping_neg() as usize % 4
    }

    /// Whether instructions at `place` in the base window are instructions in the new one.
    pub fn fit(self, place: &Place) -> bool {
        let shift = self.new.wrapping_sub(self.old).wrapping_add_signed(place.shift());
        shift.is_multiple_of(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_where_addresses_have_no_low_bits() {
        let pages = Pages { old: 0x10, new: 0xffc };
        assert_eq!(
            [0, 0xfef, 0xff0, 0x1000].map(|at| pages.old_page(at) as i32),
            [-0x10, -0x10, 0xff0, 0xff0]
        );
        assert_eq!([3, 4, 0x1003].map(|at| pages.new_page(at) as i32), [-0xffc, 4, 4]);
    }

    #[test]
    fn instructions_are_words_of_addresses() {
        let pages = Pages { old: 2, new: 3 };
        let place = |old, new| Place { old, new, length: 100 };
        assert_eq!([0, 1, 2, 3].map(|old| pages.to_instruction(&place(old, 0))), [2, 1, 0, 3]);
        assert_eq!([0, 1, 2, 3].map(|new| pages.fit(&place(2, new))), [false, true, false, false]);
    }
}
