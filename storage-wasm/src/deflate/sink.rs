//! Where a stream goes to, bit by bit.

/// The output of a piece. Bits fill a byte from its lowest one; those that do not fill one go on in the next piece. What
/// has no room is dropped, and then there is no length.
pub struct Sink<'a> {
    buffer: &'a mut [u8],
    length: usize,
    bits: u64,
    count: u32, // of bits, at most 7 between calls
}

impl<'a> Sink<'a> {
    /// The output to `buffer` that goes on with `count` bits, fewer than 8.
    pub fn new(buffer: &'a mut [u8], bits: u64, count: u32) -> Self {
        Self { buffer, length: 0, bits, count: count & 7 }
    }

    /// Appends the lowest `count` of `bits`, at most 56; the others are zeros.
    #[inline]
    pub fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(count <= 56 && bits >> count == 0);
        self.bits |= bits << self.count;
        self.count += count;
        if let Some(room) = self.buffer.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *room = self.bits.to_le_bytes();
            self.drop_bytes((self.count / 8) as usize);
        } else {
            self.put_bytes();
        }
    }

    /// Appends zeros up to the next byte.
    pub fn align(&mut self) {
        self.put(0, self.count.wrapping_neg() & 7);
    }

    /// Appends whole bytes. The sink must be aligned.
    pub fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0);
        if let Some(room) = self.buffer.get_mut(self.length..).and_then(|b| b.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
        }
        self.length += bytes.len();
    }

    /// The bits that do not fill a byte, and their number.
    pub fn pending(&self) -> (u64, u32) {
        (self.bits, self.count)
    }

    /// How many bytes were written, if all had room.
    pub fn length(&self) -> Option<usize> {
        (self.length <= self.buffer.len()).then_some(self.length)
    }

    /// Writes full bytes one by one: there is no room for eight.
    #[cold]
    fn put_bytes(&mut self) {
        let count = (self.count / 8) as usize;
        for (i, byte) in self.bits.to_le_bytes()[..count].iter().enumerate() {
            if let Some(room) = self.buffer.get_mut(self.length + i) {
                *room = *byte;
            }
        }
        self.drop_bytes(count);
    }

    /// Counts bytes that were written.
    #[inline]
    fn drop_bytes(&mut self, count: usize) {
        self.length += count;
        self.bits = if count == 8 { 0 } else { self.bits >> (8 * count) };
        self.count &= 7;
    }
}
