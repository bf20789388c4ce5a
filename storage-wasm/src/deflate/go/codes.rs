//! The codes of lengths and distances (RFC 1951, 3.2.5).

/// The codes of literals, of the end of a block, and of lengths.
pub const LITERALS: usize = 286;
/// The code of the end of a block.
pub const END: usize = 256;
/// The code of the shortest length.
pub const FIRST_LENGTH: usize = 257;
/// The codes of distances.
pub const DISTANCES: usize = 30;
/// The codes of what the lengths of codes are told by.
pub const HEADER: usize = 19;

/// The shortest length there is a code of.
pub const MIN_LENGTH: usize = 3;
/// The longest length.
pub const MAX_LENGTH: usize = 258;
/// The longest distance.
pub const MAX_DISTANCE: usize = 1 << 15;

/// What is told of a length or a distance besides its code.
#[derive(Clone, Copy)]
pub struct Extra {
    /// Which code it is, from 0.
    pub code: usize,
    /// The bits that follow it, and their number.
    pub bits: u32,
    pub count: u32,
}

/// The bits that follow code `code` of the lengths.
pub const fn length_bits(code: usize) -> u32 {
    if code < 8 || code == 28 { 0 } else { code as u32 / 4 - 1 }
}

/// The bits that follow code `code` of the distances.
pub const fn distance_bits(code: usize) -> u32 {
    if code < 4 { 0 } else { code as u32 / 2 - 1 }
}

/// The code of each length, less [`MIN_LENGTH`].
const LENGTHS: [u8; 256] = {
    let mut codes = [0; 256];
    let mut length = 0;
    while length < 255 {
        codes[length] = if length < 8 { length as u8 } else { grouped(length as u32, 2) as u8 };
        length += 1;
    }
    codes[255] = 28;
    codes
};

/// The code of a value, `1 << split` codes for each power of two.
const fn grouped(value: u32, split: u32) -> u32 {
    let top = 31 - value.leading_zeros();
    let bits = top - split;
    ((bits + 1) << split) + (value >> bits & ((1 << split) - 1))
}

/// The code of a length less [`MIN_LENGTH`].
#[inline]
pub fn length(length: u8) -> Extra {
    let code = usize::from(LENGTHS[usize::from(length)]);
    let count = length_bits(code);
    Extra { code, bits: u32::from(length) & ((1 << count) - 1), count }
}

/// The code of a distance less 1.
#[inline]
pub fn distance(distance: u16) -> Extra {
    let distance = u32::from(distance);
    let code = if distance < 2 { distance } else { grouped(distance, 1) } as usize;
    let count = distance_bits(code);
    Extra { code, bits: distance & ((1 << count) - 1), count }
}
