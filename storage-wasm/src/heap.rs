//! Where the module's allocations go: one after the other, and from the start again when all are freed.

#![forbid(unsafe_code)]

use std::alloc::Layout;

/// The greatest alignment that a block may ask for; the heap itself must have it.
const MAX_ALIGN: usize = 16;

/// The bookkeeping of a heap of fixed size.
///
/// A call of a routine allocates a few blocks and frees all of them before it returns. So a mark that moves up,
/// and back when nothing lives any more, is all that is needed: the heap cannot fragment, and every call
/// finds it as the call before did.
#[derive(Debug)]
pub struct Heap {
    size: usize,
    used: usize,
    live: usize,
}

impl Heap {
    /// A heap of `size` bytes with no block in it.
    pub const fn new(size: usize) -> Self {
        Self { size, used: 0, live: 0 }
    }

    /// Takes a block and returns its offset in the heap, or `None` if it does not fit.
    pub fn take(&mut self, layout: Layout) -> Option<usize> {
        if layout.align() > MAX_ALIGN {
            return None;
        }
        let start = self.used.checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size())?;
        if end > self.size {
            return None;
        }
        self.used = end;
        self.live += 1;
        Some(start)
    }

    /// Gives back the block at `start` that [`Heap::take`] returned for the same layout.
    pub fn give(&mut self, layout: Layout, start: usize) {
        self.live -= 1;
        if self.live == 0 {
            self.used = 0;
        } else if start + layout.size() == self.used {
            self.used = start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let mut heap = Heap::new(100);
        assert_eq!(heap.take(layout(5, 1)), Some(0));
        assert_eq!(heap.take(layout(8, 8)), Some(8));
        assert_eq!(heap.take(layout(1, 1)), Some(16));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut heap = Heap::new(100);
        assert_eq!(heap.take(layout(101, 1)), None);
        assert_eq!(heap.take(layout(1 << 62, 1)), None);
        assert_eq!(heap.take(layout(1, 32)), None);
        assert_eq!(heap.take(layout(100, 1)), Some(0));
        assert_eq!(heap.take(layout(1, 1)), None);
    }

    #[test]
    fn the_last_block_is_reused_at_once() {
        let mut heap = Heap::new(100);
        heap.take(layout(10, 1));
        let block = heap.take(layout(60, 1)).unwrap();
        heap.give(layout(60, 1), block);
        assert_eq!(heap.take(layout(90, 1)), Some(10));
    }

    #[test]
    fn the_heap_starts_over_when_every_block_is_given_back() {
        let mut heap = Heap::new(100);
        let (first, second) = (layout(10, 1), layout(20, 1));
        heap.take(first);
        heap.take(second);
        heap.give(first, 0);
        assert_eq!(heap.take(layout(71, 1)), None, "the second block still lives");
        heap.give(second, 10);
        assert_eq!(heap.take(layout(100, 1)), Some(0));
    }
}
