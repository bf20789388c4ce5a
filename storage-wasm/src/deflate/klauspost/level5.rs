//! Level 5, the default: a candidate of four bytes and two of seven, at a position and the next one.
//!
//! Source: klauspost/compress, `flate/level5.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::pair::{Tables, matching};
use super::window::{MAX_DISTANCE, distance};

/// Level 5.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level5 {
    block: Block,
    tables: Tables,
}

impl Level5 {
    /// Looks for a match from `at` on.
    #[inline]
    fn find(&mut self, mut at: i32, emitted: i32, limit: i32) -> Option<Found> {
        let Self { block: Block { window, .. }, tables } = self;
        let base = window.base;
        let mut value = window.load64(at);
        loop {
            let next = at + 1 + ((at - emitted) >> 6);
            if next > limit {
                return None;
            }
            let short = tables.short(value).wrapping_sub(base);
            let [last, before] = tables.long(value).map(|position| position.wrapping_sub(base));
            tables.enter(value, at + base);
            let following = window.load64(next);
            if distance(last, at) < MAX_DISTANCE as u32 {
                if window.load32(last) == value as u32 {
                    tables.enter(following, next + base);
                    if !window.is_match(before, at, value) {
                        return Some(Found::whole(window, at, last, next));
                    }
                    let (length, other) =
                        (matching(window, last, at, value), matching(window, before, at, value));
                    let (length, earlier) = if other > length { (other, before) } else { (length, last) };
                    return Some(Found::short(window, at, earlier, length, next));
                }
                if window.is_match(before, at, value) {
                    tables.enter(following, next + base);
                    return Some(Found::whole(window, at, before, next));
                }
            }
            let length = matching(window, short, at, value);
            if length > 0 {
                let candidates = tables.long(following).map(|position| position.wrapping_sub(base));
                tables.enter(following, next + base);
                // The first longer one at the next position.
                if distance(candidates[0], next) < MAX_DISTANCE as u32 {
                    for earlier in candidates {
                        let other = matching(window, earlier, next, following);
                        if other > length {
                            return Some(Found::short(window, next, earlier, other, next));
                        }
                    }
                }
                return Some(Found::short(window, at, short, length, next));
            }
            (value, at) = (following, next);
        }
    }

    /// Looks for a longer match that ends with what follows a short one, and may differ from it in the first bytes.
    #[inline]
    fn improve(&self, found: &mut Found, limit: i32) {
        let window = &self.block.window;
        let end = found.end();
        let Some(slack) = self.block.writer.version().slack() else { return };
        if found.length >= 30 || end >= limit {
            return;
        }
        let [last, _] = self.tables.long(window.load64(end));
        let (earlier, at) = (last.wrapping_sub(window.base + found.length - slack), found.at + slack);
        if earlier >= 0 && earlier < at && distance(earlier, at) < MAX_DISTANCE as u32 {
            let length = window.common(earlier, at);
            if length > found.length {
                *found = Found { at, earlier, length, ..*found };
            }
        }
    }

    /// Enters positions in a match, every third one, and the one before its end.
    #[inline]
    fn enter(&mut self, from: i32, to: i32) {
        let Self { block: Block { window, .. }, tables } = self;
        let base = window.base;
        let mut at = from;
        if at < to - 1 {
            let value = window.load64(at);
            tables.enter(value, at + base);
            tables.enter_long(value >> 8, at + 1 + base);
            tables.enter_short(value >> 16, at + 2 + base);
            at += 4;
        }
        while at < to - 1 {
            let value = window.load64(at);
            tables.enter_long(value, at + base);
            tables.enter_short(value >> 8, at + 1 + base);
            at += 3;
        }
        tables.enter(window.load64(to - 1), to - 1 + base);
    }
}

impl Search for Level5 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        self.tables.all()
    }

    fn search(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let mut at = emitted;
        while let Some(mut found) = self.find(at, emitted, limit) {
            self.improve(&mut found, limit);
            let found = emit(&mut self.block, found, emitted);
            emitted = found.end();
            at = found.resume();
            if at >= limit {
                break;
            }
            self.enter(at - found.length + 1, at);
        }
        emitted
    }
}
