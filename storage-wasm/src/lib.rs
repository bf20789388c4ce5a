//! Sealift's storage routines: [`chunk`], [`compress`] and [`delta`], behind an ABI for WebAssembly hosts.
//!
//! The module imports nothing and its memory never grows. A host writes input into the arena, calls an exported
//! function with addresses and lengths, and finds the output in the arena. README.md describes the functions.
//!
//! This file is the only one with `unsafe` in it: it owns the static memory.

#![deny(unsafe_code)]

pub mod arena;
pub mod chunk;
pub mod compress;
pub mod deflate;
pub mod delta;
pub mod error;
#[cfg(any(target_arch = "wasm32", test))]
mod heap;
mod zstd;

pub use error::Error;

#[cfg(any(target_arch = "wasm32", test))]
use std::cell::UnsafeCell;

/// The version of the exported functions and of what they expect.
pub const ABI_VERSION: i64 = 1;

/// The length of the arena: a window and its base, a delta or what it makes, and 50,000 extents.
pub const ARENA_SIZE: usize = delta::MAX_BASE + 2 * delta::MAX_NEW + (2 << 20);

/// The length of the heap: what level 19 takes for a frame of [`compress::MAX_FRAME`] raw bytes, and no more
/// than that, rounded up to a MiB.
pub const HEAP_SIZE: usize = 34 << 20;

/// A hash over the sources that the module was built from; zeros in a build that was not told one.
pub const STAMP: [u8; 32] = match option_env!("STORAGE_WASM_STAMP") {
    Some(hex) => decode_stamp(hex.as_bytes()),
    None => [0; 32],
};

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

/// A value in static memory, aligned to 16 bytes, for a module of one thread.
#[cfg(any(target_arch = "wasm32", test))]
#[repr(C, align(16))]
struct Static<T>(UnsafeCell<T>);

// SAFETY: a module has one thread, and a host calls one function of an instance at a time.
#[cfg(any(target_arch = "wasm32", test))]
#[allow(unsafe_code)]
unsafe impl<T> Sync for Static<T> {}

#[cfg(any(target_arch = "wasm32", test))]
impl<T> Static<T> {
    const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// The exported functions. They are safe to call only as a wasm module's are: one at a time.
#[cfg(any(target_arch = "wasm32", test))]
#[allow(unsafe_code)]
mod exports {
    use crate::arena::{Arena, EXTENT_SIZE, Region};
    use crate::chunk::Following;
    use crate::{ABI_VERSION, ARENA_SIZE, Error, STAMP, Static};

    static ARENA: Static<[u8; ARENA_SIZE]> = Static::new([0; ARENA_SIZE]);

    /// Runs `routine` on the arena and turns what it returns into the ABI's result.
    fn in_arena(routine: impl FnOnce(&mut Arena<'_>) -> Result<usize, Error>) -> i64 {
        // SAFETY: no other code makes a reference to the arena, the functions that come here do not call each
        // other, and there is one call at a time: this reference is the only one while it lives.
        let memory = unsafe { &mut *ARENA.get() };
        match routine(&mut Arena::new(ARENA.get().addr(), memory)) {
            Ok(result) => result as i64,
            Err(error) => error.code(),
        }
    }

    fn region(address: usize, length: usize) -> Region {
        Region { address, length }
    }

    /// Returns [`ABI_VERSION`].
    // SAFETY (of this name and of those below): a wasm module links no other library. Natively the names stay
    // mangled, since `compress` is also zlib's.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn abi_version() -> i64 {
        ABI_VERSION
    }

    /// Returns the address of the arena, a multiple of 16.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn arena() -> i64 {
        ARENA.get().addr() as i64
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
    pub extern "C" fn compress(
        input: usize,
        input_len: usize,
        level: i32,
        out: usize,
        out_cap: usize,
    ) -> i64 {
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
            let extents = region(extents, extents_len);
            arena.restore(region(input, input_len), extents, region(out, raw_len))
        })
    }

    /// [`Arena::delta`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn delta(
        base: usize,
        base_len: usize,
        input: usize,
        input_len: usize,
        level: i32,
        out: usize,
        out_cap: usize,
    ) -> i64 {
        in_arena(|arena| {
            let (base, input) = (region(base, base_len), region(input, input_len));
            arena.delta(base, input, level, region(out, out_cap))
        })
    }

    /// [`Arena::patch`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    #[allow(clippy::too_many_arguments)] // regions are two each
    pub extern "C" fn patch(
        base: usize,
        base_len: usize,
        delta: usize,
        delta_len: usize,
        extents: usize,
        extent_count: usize,
        out: usize,
        raw_len: usize,
    ) -> i64 {
        let Some(extents_len) = extent_count.checked_mul(EXTENT_SIZE) else {
            return Error::Argument.code();
        };
        in_arena(|arena| {
            let (base, delta) = (region(base, base_len), region(delta, delta_len));
            arena.patch(base, delta, region(extents, extents_len), region(out, raw_len))
        })
    }

    /// [`Arena::deflate_open`].
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn deflate_open(encoder: i32, level: i32, state: usize, state_cap: usize) -> i64 {
        in_arena(|arena| arena.deflate_open(encoder, level, region(state, state_cap)))
    }

    /// [`Arena::deflate`]; `last` is 1 if the stream ends with the input, 0 if more follows.
    #[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
    pub extern "C" fn deflate(
        state: usize,
        state_len: usize,
        input: usize,
        input_len: usize,
        last: i32,
        out: usize,
        out_cap: usize,
    ) -> i64 {
        let last = match last {
            0 => false,
            1 => true,
            _ => return Error::Argument.code(),
        };
        in_arena(|arena| {
            let (state, input) = (region(state, state_len), region(input, input_len));
            arena.deflate(state, input, last, region(out, out_cap))
        })
    }

    /// One test, since the functions share the arena.
    #[test]
    fn exported_functions_work_on_the_arena() {
        let base = arena() as usize;
        let (frame, raw, records) = (base + (1 << 20), base + (2 << 20), base + (3 << 20));
        let length = 1 << 19;

        assert_eq!(abi_version(), 1);
        assert_eq!(base % 16, 0);
        assert_eq!(arena_size(), ARENA_SIZE as i64);
        assert_eq!(stamp(base), 32);
        assert_eq!(stamp(base + ARENA_SIZE - 31), Error::Argument.code());

        // The arena is zeros but for the stamp, so every chunk has the greatest length.
        assert_eq!(split(base, length, 1, records, 3 * 36), 2);
        assert_eq!(split(base, length, 0, records, 3 * 36), 2);
        assert_eq!(split(base, length - 1, 0, records, 3 * 36), 1);
        assert_eq!(split(base, length, 2, records, 3 * 36), Error::Argument.code());
        assert_eq!(split(base, length, 1, records, 36), Error::Space.code());

        let frame_len = compress(base, length, 3, frame, 1 << 20);
        assert!(frame_len > 0);
        assert_eq!(compress(base, length, 3, frame, 4), Error::Space.code());
        let frame_len = compress(base, length, 3, frame, 1 << 20) as usize;
        assert_eq!(restore(frame, frame_len, records, 0, raw, length), length as i64);
        assert_eq!(restore(frame, frame_len - 1, records, 0, raw, length), Error::Corrupt.code());
        assert_eq!(restore(frame, frame_len, records, usize::MAX, raw, length), -1);

        assert_eq!(delta(base, length, raw, length, 3, frame, 4), Error::Space.code());
        let delta_len = delta(base, length, raw, length, 3, frame, length) as usize;
        assert_eq!(patch(base, length, frame, delta_len, records, 0, raw, length), length as i64);
        assert_eq!(patch(base, length, frame, delta_len - 1, records, 0, raw, length), Error::Corrupt.code());
        assert_eq!(patch(base, length, frame, delta_len, records, usize::MAX, raw, length), -1);

        let state = base + (8 << 20);
        assert_eq!(deflate_open(1, 77, state, 2 << 20), Error::Argument.code());
        assert_eq!(deflate_open(1, 6, state, 16), Error::Space.code());
        let state_len = deflate_open(1, 6, state, 2 << 20) as usize;
        assert_eq!(deflate(state, state_len, base, length, 0, raw, 1 << 20), Error::Space.code());
        assert_eq!(deflate(state, state_len, base, length, 2, raw, 4 << 20), Error::Argument.code());
        assert!(deflate(state, state_len, base, length, 1, raw, 4 << 20) > 0);
    }
}

/// The module's allocator: a heap in static memory, since linear memory never grows.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod allocator {
    use std::alloc::{GlobalAlloc, Layout};

    use crate::heap::Heap;
    use crate::{HEAP_SIZE, Static};

    static MEMORY: Static<[u8; HEAP_SIZE]> = Static::new([0; HEAP_SIZE]);
    static HEAP: Static<Heap> = Static::new(Heap::new(HEAP_SIZE));

    struct Allocator;

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator;

    // SAFETY: the blocks lie in `MEMORY`, are aligned and do not overlap while they live, see `Heap`.
    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: there is one thread, and the reference ends with this statement.
            match unsafe { &mut *HEAP.get() }.take(layout) {
                Some(offset) => MEMORY.get().cast::<u8>().wrapping_add(offset),
                None => std::ptr::null_mut(),
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            let offset = block.addr() - MEMORY.get().addr();
            // SAFETY: as in `alloc`.
            unsafe { &mut *HEAP.get() }.give(layout, offset);
        }
    }
}
