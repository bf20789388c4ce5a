//! A match that a search found, and how it becomes tokens.

use super::fast::Block;
use super::tokens::MAX_LENGTH;
use super::window::Window;

/// A match: `length` bytes at `at` and `earlier` are the same.
#[derive(Clone, Copy)]
pub struct Found {
    pub at: i32,
    pub earlier: i32,
    pub length: i32,
    pub next: i32, // where the search would have gone on
}

impl Found {
    /// The index behind it.
    #[inline]
    pub fn end(&self) -> i32 {
        self.at + self.length
    }

    /// Where the search goes on: behind the match, and behind what was looked at.
    #[inline]
    pub fn resume(&self) -> i32 {
        self.end().max(self.next + 1)
    }

    /// A match of which nothing but its first four bytes is known.
    pub fn whole(window: &Window, at: i32, earlier: i32, next: i32) -> Self {
        Found { at, earlier, length: window.common(earlier + 4, at + 4) + 4, next }
    }

    /// The match that `length`, 258 at most, was found of.
    pub fn short(window: &Window, at: i32, earlier: i32, length: i32, next: i32) -> Self {
        let more = if length == MAX_LENGTH { window.common(earlier + length, at + length) } else { 0 };
        Found { at, earlier, length: length + more, next }
    }
}

/// Adds a match, extended to bytes before it, and the literals before it. Returns the match.
#[inline]
pub fn emit(block: &mut Block, mut found: Found, emitted: i32) -> Found {
    let Block { window, tokens, writer, .. } = block;
    let before = window.common_before(found.earlier, found.at, emitted);
    found.at -= before;
    found.earlier -= before;
    found.length += before;
    tokens.literals(window.slice(emitted, found.at));
    tokens.long_match(found.length, found.at - found.earlier, writer.version());
    found
}
