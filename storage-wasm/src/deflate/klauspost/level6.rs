//! Level 6: as level 5, with the distance of the match before as one more candidate.
//!
//! Source: klauspost/compress, `flate/level6.go`.

use bytemuck::{Pod, Zeroable};

use super::fast::{Block, Search};
use super::found::{Found, emit};
use super::pair::{Tables, matching};
use super::window::{MAX_DISTANCE, distance};

/// Level 6.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Level6 {
    block: Block,
    tables: Tables,
}

impl Level6 {
    /// Looks for a match from `at` on. `repeat` is the distance of the one before.
    #[inline]
    fn find(&mut self, mut at: i32, emitted: i32, limit: i32, repeat: i32) -> Option<Found> {
        let Self { block: Block { window, .. }, tables } = self;
        let base = window.base;
        let mut value = window.load64(at);
        loop {
            let next = at + 1 + ((at - emitted) >> 7);
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
                let repeated = at - repeat + 1;
                if window.load32(repeated) == (value >> 8) as u32 {
                    let other = window.common_short(repeated + 4, at + 5) + 4;
                    if other > length {
                        return Some(Found::short(window, at + 1, repeated, other, next));
                    }
                }
                // The longest one, here or at the next position.
                let mut best = (length, at, short);
                if distance(candidates[0], next) < MAX_DISTANCE as u32 {
                    for earlier in candidates {
                        let other = matching(window, earlier, next, following);
                        if other > best.0 {
                            best = (other, next, earlier);
                        }
                    }
                }
                return Some(Found::short(window, best.1, best.2, best.0, next));
            }
            (value, at) = (following, next);
        }
    }

    /// Looks for longer matches that end with what follows this one, and may differ from it in the first two bytes.
    #[inline]
    fn improve(&self, found: &mut Found, limit: i32) {
        let window = &self.block.window;
        let end = found.end();
        let Some(slack) = self.block.writer.version().slack() else { return };
        if end >= limit {
            return;
        }
        let at = found.at + slack;
        for position in self.tables.long(window.load64(end)) {
            let earlier = position.wrapping_sub(window.base + found.length - slack);
            if earlier < at && distance(earlier, at) >= MAX_DISTANCE as u32 {
                return; // the other one is not looked at
            }
            if earlier < at && earlier >= 0 {
                let length = window.common(earlier, at);
                if length > found.length {
                    *found = Found { at, earlier, length, ..*found };
                }
            }
        }
    }

    /// Enters every second position in both tables, and the others in that of seven bytes.
    #[inline]
    fn enter(&mut self, from: i32, to: i32) {
        let Self { block: Block { window, .. }, tables } = self;
        for at in (from..to).step_by(2) {
            let value = window.load64(at);
            tables.enter(value, at + window.base);
            tables.enter_long(value >> 8, at + 1 + window.base);
        }
    }

    /// Enters every second position up to the end of the block.
    #[inline]
    fn enter_rest(&mut self, from: i32) {
        let Self { block: Block { window, .. }, tables } = self;
        for at in (from..window.end() - 8).step_by(2) {
            tables.enter(window.load64(at), at + window.base);
        }
    }
}

impl Search for Level6 {
    fn block(&mut self) -> &mut Block {
        &mut self.block
    }

    fn tables(&mut self) -> [&mut [i32]; 2] {
        self.tables.all()
    }

    fn search(&mut self) -> i32 {
        let mut emitted = self.block.window.start();
        let limit = self.block.window.limit();
        let (mut at, mut repeat) = (emitted, 1);
        while let Some(mut found) = self.find(at, emitted, limit, repeat) {
            self.improve(&mut found, limit);
            let found = emit(&mut self.block, found, emitted);
            repeat = found.at - found.earlier;
            emitted = found.end();
            at = found.resume();
            if at >= limit {
                self.enter_rest(found.next + 1);
                break;
            }
            self.enter(found.next + 1, at - 1);
        }
        emitted
    }
}
