//! Bit streams that are read from their end on.

/// Bits that are appended to bytes, from the lowest bit of each byte on.
pub struct Bits<'a> {
    bytes: &'a mut Vec<u8>,
    held: u64,
    count: u32, // of the bits held, fewer than 32
}

impl<'a> Bits<'a> {
    /// The bits that follow `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, held: 0, count: 0 }
    }

    /// Appends the lowest `count` bits of `bits`, at most 32.
    #[inline]
    pub fn put(&mut self, bits: u32, count: u32) {
        debug_assert!(count <= 32);
        self.held |= (u64::from(bits) & ((1 << count) - 1)) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// Appends the bit by which a reader finds the end, and zeros up to the next byte.
    pub fn finish(mut self) {
        self.put(1, 1);
        let bytes = self.held.to_le_bytes();
        self.bytes.extend_from_slice(&bytes[..self.count.div_ceil(8) as usize]);
    }
}
