//! One side of the coding: the encoder tells what the decoder finds.

use super::block::Bytes;
use super::streams::{Reader, Stream, Streams};
use crate::Error;

/// One side of the coding. What is coded, and in which streams, is written once for both sides, so that they agree.
pub trait Side {
    /// Codes a number less than `count`, which is at most 256: the encoder tells `number` and the decoder finds it, whatever
    /// it is given.
    fn symbol(&mut self, stream: Stream, count: usize, number: usize) -> usize;

    /// Codes a byte.
    #[inline(always)]
    fn byte(&mut self, stream: Stream, byte: u8) -> u8 {
        self.symbol(stream, 256, byte.into()) as u8
    }

    /// Codes the `count` lowest bits of `number`, at most 32, in a stream that has nothing else.
    fn bits(&mut self, stream: Stream, count: u32, number: u32) -> u32;

    /// The bytes of the new window, if this side knows them: the encoder does.
    fn truth(&self) -> Option<&[u8]>;

    /// Puts the first `length` of `bytes` at their place in the new window; the encoder has them there. What comes after them
    /// may change.
    fn put(&mut self, at: usize, bytes: &[u8], length: usize);

    /// Says whether it makes sense to go on.
    ///
    /// # Errors
    /// [`Error::Corrupt`] once a decoder has found a stream used up, or what no encoder tells.
    fn check(&self) -> Result<(), Error>;
}

/// Tells what makes the window `new`.
pub struct Encoder<'a> {
    new: &'a [u8],
    streams: Streams,
}

impl<'a> Encoder<'a> {
    /// An encoder of the window `new`.
    pub fn new(new: &'a [u8]) -> Self {
        Self { new, streams: Streams::default() }
    }

    /// What was told.
    pub fn finish(self) -> Streams {
        self.streams.finish()
    }
}

impl Side for Encoder<'_> {
    #[inline(always)]
    fn symbol(&mut self, stream: Stream, _count: usize, number: usize) -> usize {
        self.streams.push(stream, number as u8);
        number
    }

    #[inline(always)]
    fn bits(&mut self, stream: Stream, count: u32, number: u32) -> u32 {
        self.streams.push_bits(stream, count, number);
        number
    }

    #[inline(always)]
    fn truth(&self) -> Option<&[u8]> {
        Some(self.new)
    }

    #[inline(always)]
    fn put(&mut self, _at: usize, _bytes: &[u8], _length: usize) {}

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Finds what an [`Encoder`] told, and makes the window `new` of it.
pub struct Decoder<'a, 'b> {
    new: &'b mut [u8],
    streams: Reader<'a>,
}

impl<'a, 'b> Decoder<'a, 'b> {
    /// A decoder of what was told that makes the window `new`.
    pub fn new(streams: Reader<'a>, new: &'b mut [u8]) -> Self {
        Self { new, streams }
    }

    /// Checks that all that was told was needed, and no more.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if not.
    pub fn finish(self) -> Result<(), Error> {
        self.check()?;
        if self.streams.is_empty() { Ok(()) } else { Err(Error::Corrupt) }
    }
}

impl Side for Decoder<'_, '_> {
    #[inline(always)]
    fn symbol(&mut self, stream: Stream, count: usize, _number: usize) -> usize {
        self.streams.next(stream, count)
    }

    #[inline(always)]
    fn bits(&mut self, stream: Stream, count: u32, _number: u32) -> u32 {
        self.streams.next_bits(stream, count)
    }

    #[inline(always)]
    fn truth(&self) -> Option<&[u8]> {
        None
    }

    #[inline(always)]
    fn put(&mut self, at: usize, bytes: &[u8], length: usize) {
        // A known length takes no call.
        if let Some(place) =
            self.new.get_mut(at..).and_then(|new| new.first_chunk_mut::<{ size_of::<Bytes>() }>())
            && let Some(bytes) = bytes.as_array()
        {
            *place = *bytes;
        } else if let Some(place) = self.new.get_mut(at..at + length) {
            place.copy_from_slice(&bytes[..length]);
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.streams.is_wrong() { Err(Error::Corrupt) } else { Ok(()) }
    }
}
