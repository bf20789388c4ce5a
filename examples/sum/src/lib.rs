//! A routine that adds up numbers, as a module that imports nothing: a host writes the numbers into [`buffer`], and
//! calls [`sum`] with their place.

use std::cell::UnsafeCell;

/// The length of the buffer in bytes.
const BUFFER_SIZE: usize = 64 << 10;

/// What [`sum`] returns for numbers that are not in the buffer, or not whole numbers.
const ERR_ARGUMENT: i64 = -1;

/// The routine itself: the sum of numbers that lie in `bytes` as u32, little endian. `None` if the last one is cut off.
fn add_up(bytes: &[u8]) -> Option<i64> {
    let (numbers, rest) = bytes.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|number| i64::from(u32::from_le_bytes(*number))).sum())
}

/// Memory that the host writes to, aligned to 16 bytes.
#[repr(C, align(16))]
struct Buffer(UnsafeCell<[u8; BUFFER_SIZE]>);

// SAFETY: a module has one thread, and a host either writes to the buffer or calls a function.
unsafe impl Sync for Buffer {}

static BUFFER: Buffer = Buffer(UnsafeCell::new([0; BUFFER_SIZE]));

/// Returns the address of the buffer.
// SAFETY (of this name and of those below): a module links no other library. Natively the names stay mangled.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn buffer() -> i64 {
    BUFFER.0.get().addr() as i64
}

/// Returns the length of the buffer.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn buffer_size() -> i64 {
    BUFFER_SIZE as i64
}

/// Adds up the numbers in the `length` bytes at `address`, all of which must lie in the buffer: so nothing that a host
/// says makes it read other memory.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn sum(address: usize, length: usize) -> i64 {
    // SAFETY: nobody writes to the buffer while a function runs.
    let memory = unsafe { &*BUFFER.0.get() };
    let start = address.wrapping_sub(BUFFER.0.get().addr());
    let bytes = memory.get(start..start.saturating_add(length));
    bytes.and_then(add_up).unwrap_or(ERR_ARGUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_added_up() {
        assert_eq!(add_up(&[]), Some(0));
        assert_eq!(add_up(&[40, 0, 0, 0, 2, 0, 0, 0]), Some(42));
        assert_eq!(add_up(&[0, 1, 0, 0]), Some(256));
        assert_eq!(add_up(&[255; 8]), Some(2 * i64::from(u32::MAX)));
        assert_eq!(add_up(&[1, 0, 0]), None);
    }

    #[test]
    fn only_the_buffer_is_read() {
        let (start, end) = (buffer() as usize, (buffer() + buffer_size()) as usize);
        assert_eq!(sum(start, BUFFER_SIZE), 0);
        assert_eq!(sum(end, 0), 0);
        for (address, length) in
            [(start - 4, 4), (end - 4, 8), (end + 4, 0), (start, BUFFER_SIZE + 4), (end, usize::MAX), (0, 0)]
        {
            assert_eq!(sum(address, length), ERR_ARGUMENT, "{length} bytes at {address:#x}");
        }
    }
}
