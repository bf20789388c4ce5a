//! The list of copies as bits.

use super::copies::{Copy, MIN_COPY};
use super::numbers::Number;
use super::range::Side;
use crate::Error;

/// The contexts in which the lists of all windows are coded.
pub struct List {
    count: Number,
    gap: Number,
    length: Number,
    jump: Number,
}

/// The lengths of the windows that the copies are between, and where in the base window the first one is expected.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub base: usize,
    pub new: usize,
    pub expected: i64,
}

impl List {
    /// Nothing was coded yet.
    pub const NEW: Self =
        Self { count: Number::NEW, gap: Number::NEW, length: Number::NEW, jump: Number::NEW };

    /// Codes a list. All copies of the result lie in both windows, and in the order of the new one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a decoder finds a list that has copies beyond the windows, or too many of them.
    pub fn code(
        &mut self,
        side: &mut impl Side,
        copies: &[Copy],
        bounds: Bounds,
    ) -> Result<Vec<Copy>, Error> {
        let count = self.count.code(side, copies.len() as u32) as usize;
        if count > bounds.new / MIN_COPY {
            return Err(Error::Corrupt);
        }
        let mut list = Vec::with_capacity(count);
        let (mut old, mut new) = (bounds.expected, 0);
        for place in 0..count {
            let copy = copies.get(place).copied().unwrap_or_default();
            let gap = self.gap.code(side, copy.new.wrapping_sub(new) as u32) as usize;
            let length = self.length.code(side, copy.length as u32) as usize;
            old += gap as i64;
            old += i64::from(self.jump.code_signed(side, (copy.old as i64 - old) as i32));
            let copy = within(old, new.checked_add(gap), length, bounds).ok_or(Error::Corrupt)?;
            old += length as i64;
            new = copy.new + length;
            list.push(copy);
        }
        Ok(list)
    }
}

fn within(old: i64, new: Option<usize>, length: usize, bounds: Bounds) -> Option<Copy> {
    let copy = Copy { old: usize::try_from(old).ok()?, new: new?, length };
    let in_base = copy.old.checked_add(length)? <= bounds.base;
    let in_new = copy.new.checked_add(length)? <= bounds.new;
    (in_base && in_new && length >= MIN_COPY).then_some(copy)
}
