//! The list of copies in streams.

use super::copies::{Copy, MIN_COPY};
use super::numbers::{number, signed};
use super::side::Side;
use super::streams::Stream;
use crate::Error;

/// The lengths of the windows that the copies are between.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub base: usize,
    pub new: usize,
}

/// Codes a list: the encoder tells `copies`, and the decoder finds them, whatever it is given.
///
/// They lie in both windows then, and in the order of the new one.
///
/// # Errors
/// [`Error::Corrupt`] if a decoder finds a list that has copies beyond the windows, or too many of them.
pub fn code(side: &mut impl Side, copies: &mut Vec<Copy>, bounds: Bounds) -> Result<(), Error> {
    let count = number(side, Stream::Length, copies.len() as u32) as usize;
    if count > bounds.new / MIN_COPY {
        return Err(Error::Corrupt);
    }
    copies.resize(count, Copy::default());
    let (mut old, mut new) = (0, 0);
    for copy in copies {
        let gap = number(side, Stream::Gap, copy.new.wrapping_sub(new) as u32) as usize;
        let length =
            number(side, Stream::Length, copy.length.wrapping_sub(MIN_COPY) as u32) as usize + MIN_COPY;
        old += gap as i64;
        old += i64::from(signed(side, Stream::Jump, (copy.old as i64 - old) as i32));
        *copy = within(old, new.checked_add(gap), length, bounds).ok_or(Error::Corrupt)?;
        old += length as i64;
        new = copy.new + length;
    }
    Ok(())
}

fn within(old: i64, new: Option<usize>, length: usize, bounds: Bounds) -> Option<Copy> {
    let copy = Copy { old: usize::try_from(old).ok()?, new: new?, length };
    let in_base = copy.old.checked_add(length)? <= bounds.base;
    let in_new = copy.new.checked_add(length)? <= bounds.new;
    (in_base && in_new).then_some(copy)
}
