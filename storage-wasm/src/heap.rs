//! Where the module's allocations go: one after the other, and back to the start when all are freed.

use std::alloc::Layout;

/// The bookkeeping of a heap of fixed size.
///
/// A call of a routine allocates a few blocks and frees all of them before it returns, so a mark that is
/// moved up, and back when nothing lives any more, is all that is needed: no block is ever in another's way,
/// and every call finds the heap as the one before it did.
#[derive(Debug, Default)]
pub struct Heap {
    used: usize,
    live: usize,
}

impl Heap {
    /// A heap with no block in it.
    pub const fn new() -> Self {
        Self { used: 0, live: 0 }
    }

    /// Takes a block of `layout` and returns its offset in the heap, which is `size` bytes long and starts
    /// at an address that is a multiple of `layout`'s alignment. `None` if the block does not fit.
    pub fn take(&mut self, layout: Layout, size: usize) -> Option<usize> {
        let start = self.used.checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size()).filter(|&end| end <= size)?;
        self.used = end;
        self.live += 1;
        Some(start)
    }

    /// Gives back the block of `layout` at `start`, which [`Heap::take`] returned.
    pub fn give(&mut self, layout: Layout, start: usize) {
        self.live -= 1;
        if self.live == 0 {
            self.used = 0;
        } else if start + layout.size() == self.used {
            self.used = start;
        }
    }
}
