//! Sealift's storage routines: [`chunk`] and [`compress`], behind an ABI for WebAssembly hosts.
//!
//! The module imports nothing and its memory never grows. A host writes input into the arena, calls a function
//! with addresses and lengths, and finds the output in the arena. README.md describes the functions.
//!
//! This file is the only one with `unsafe` in it: it owns the two pieces of static memory.

#![deny(unsafe_code)]

pub mod arena;
pub mod chunk;
pub mod compress;
pub mod error;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod heap;

pub use error::Error;

use std::cell::UnsafeCell;

use arena::{Arena, EXTENT_SIZE, Region};
use chunk::Following;

/// The version of the functions below and of what they expect.
pub const ABI_VERSION: i64 = 1;

/// The length of the arena: 8 MiB of input, one compressed frame, and room for the extents of a frame.
pub const ARENA_SIZE: usize = 12 << 20;

/// A hash over the sources that the module was built from, or zeros in a build that was not told one.
pub const STAMP: [u8; 32] = match option_env!("STORAGE_WASM_STAMP") {
    Some(hex) => decode_stamp(hex.as_bytes()),
    None => [0; 32],
};

/// Static memory that only one call at a time uses.
#[repr(C, align(16))]
struct Static<T>(UnsafeCell<T>);

// SAFETY: the module has one thread, and a host calls one function of an instance at a time.
#[allow(unsafe_code)]
unsafe impl<T> Sync for Static<T> {}

static ARENA: Static<[u8; ARENA_SIZE]> = Static(UnsafeCell::new([0; ARENA_SIZE]));

/// Calls `routine` with the arena and makes the ABI's result of what it returns.
#[allow(unsafe_code)]
fn in_arena(routine: impl FnOnce(&mut Arena<'_>) -> Result<usize, Error>) -> i64 {
    // SAFETY: only this function makes a reference to the arena, the functions that call it do not call each
    // other, and there is one call at a time; so the reference is the only one while it lives.
    let memory = unsafe { &mut *ARENA.0.get() };
    match routine(&mut Arena::new(ARENA.0.get().addr(), memory)) {
        Ok(result) => result as i64,
        Err(error) => error.code(),
    }
}

/// The exported functions. Natively their names are left alone: `compress` is also zlib's.
#[allow(unsafe_code)]
mod exports {
    use super::*;

    /// Returns [`ABI_VERSION`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn abi_version() -> i64 {
        ABI_VERSION
    }

    /// Returns the address of the arena, a multiple of 16.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn arena() -> i64 {
        ARENA.0.get().addr() as i64
    }

    /// Returns the length of the arena.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn arena_size() -> i64 {
        ARENA_SIZE as i64
    }

    /// Writes the 32 bytes of [`STAMP`] to `out` and returns their number.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn stamp(out: usize) -> i64 {
        in_arena(|arena| arena.put(&STAMP, region(out, STAMP.len())))
    }

    /// [`Arena::split`]; `last` is 1 if the input ends here, 0 if more follows.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn split(input: usize, input_len: usize, last: i32, out: usize, out_cap: usize) -> i64 {
        let following = match last {
            0 => Following::More,
            1 => Following::Nothing,
            _ => return Error::Argument.code(),
        };
        in_arena(|arena| arena.split(region(input, input_len), following, region(out, out_cap)))
    }

    /// [`Arena::compress`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn compress(input: usize, input_len: usize, level: i32, out: usize, out_cap: usize) -> i64 {
        in_arena(|arena| arena.compress(region(input, input_len), level, region(out, out_cap)))
    }

    /// [`Arena::restore`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn restore(
        input: usize,
        input_len: usize,
        extents: usize,
        extent_count: usize,
        out: usize,
        raw_len: usize,
    ) -> i64 {
        let Some(extents_len) = extent_count.checked_mul(EXTENT_SIZE) else {
            return Error::Argument.code();
        };
        in_arena(|arena| {
            arena.restore(region(input, input_len), region(extents, extents_len), region(out, raw_len))
        })
    }

    fn region(address: usize, length: usize) -> Region {
        Region { address, length }
    }
}

/// The module's allocator: a heap in static memory, since its linear memory never grows.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod allocator {
    use super::*;
    use std::alloc::{GlobalAlloc, Layout};

    /// The length of the heap: what level 19 needs for a frame of [`compress::MAX_FRAME`], and a little more.
    const HEAP_SIZE: usize = 34 << 20;

    struct Allocator {
        memory: Static<[u8; HEAP_SIZE]>,
        heap: Static<heap::Heap>,
    }

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator {
        memory: Static(UnsafeCell::new([0; HEAP_SIZE])),
        heap: Static(UnsafeCell::new(heap::Heap::new())),
    };

    // SAFETY: blocks lie in `memory`, do not overlap while they live, and are aligned, see `heap::Heap`.
    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: there is one thread, and the reference ends before this function returns.
            let heap = unsafe { &mut *self.heap.0.get() };
            match heap.take(layout, HEAP_SIZE) {
                Some(offset) => self.memory.0.get().cast::<u8>().wrapping_add(offset),
                None => std::ptr::null_mut(),
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as in `alloc`.
            let heap = unsafe { &mut *self.heap.0.get() };
            heap.give(layout, block.addr() - self.memory.0.get().addr());
        }
    }
}

/// The bytes of a stamp in lower-case hex. Anything else stops the build.
const fn decode_stamp(hex: &[u8]) -> [u8; 32] {
    assert!(hex.len() == 64, "STORAGE_WASM_STAMP is not 32 bytes of hex");
    let mut stamp = [0; 32];
    let mut i = 0;
    while i < stamp.len() {
        stamp[i] = nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]);
        i += 1;
    }
    stamp
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("STORAGE_WASM_STAMP is not lower-case hex"),
    }
}
