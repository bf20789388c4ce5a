//! Bytes that are told aside: no context tells much about them, but those of a kind are like each other.

use super::{MAX_NEW, frames};
use crate::Error;

/// What bytes are of.
#[derive(Clone, Copy)]
pub enum Stream {
    /// The lowest bytes of numbers.
    Low,
    /// The second bytes of numbers.
    Second,
    /// The other bytes of numbers.
    High,
    /// Words of which only some bytes have changed: these.
    Changed,
    /// The same of code.
    Code,
}

const COUNT: usize = 5;

/// The most bytes of a frame: it takes little memory at every level, and more would save nothing.
const FRAME: usize = 1 << 18;

/// The bytes of each [`Stream`].
#[derive(Default)]
pub struct Streams([Vec<u8>; COUNT]);

impl Streams {
    /// Adds a byte.
    #[inline(always)]
    pub fn push(&mut self, stream: Stream, byte: u8) {
        self.0[stream as usize].push(byte);
    }

    /// Writes the streams to the beginning of `output` and returns the length of that: each in frames, after its length,
    /// u32 LE.
    ///
    /// # Errors
    /// As [`frames::encode`].
    pub fn encode(&self, level: i32, output: &mut [u8]) -> Result<usize, Error> {
        let mut length = 0;
        for bytes in &self.0 {
            let (head, rest) = output[length..].split_first_chunk_mut().ok_or(Error::Space)?;
            *head = (bytes.len() as u32).to_le_bytes();
            length += head.len() + frames::encode(bytes, FRAME, level, rest)?;
        }
        Ok(length)
    }

    /// The streams that `input` consists of.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not consist of streams, or they have more bytes than a window.
    pub fn decode(mut input: &[u8]) -> Result<Self, Error> {
        let (mut streams, mut room) = (Self::default(), MAX_NEW);
        for bytes in &mut streams.0 {
            let length;
            (length, input) = frames::number(input)?;
            room = room.checked_sub(length).ok_or(Error::Corrupt)?;
            *bytes = vec![0; length];
            input = frames::decode(input, FRAME, bytes)?;
        }
        if input.is_empty() { Ok(streams) } else { Err(Error::Corrupt) }
    }

    /// What there is to read.
    pub fn reader(&self) -> Reader<'_> {
        Reader(self.0.each_ref().map(|bytes| bytes.iter()))
    }
}

/// Reads [`Streams`].
pub struct Reader<'a>([std::slice::Iter<'a, u8>; COUNT]);

impl Reader<'_> {
    /// The next byte, if there is one.
    #[inline(always)]
    pub fn next(&mut self, stream: Stream) -> Option<u8> {
        self.0[stream as usize].next().copied()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bytes| bytes.as_slice().is_empty())
    }
}
