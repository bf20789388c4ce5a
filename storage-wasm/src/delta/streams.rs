//! What a window is made of as bytes, each kind by itself: those of a kind are like each other, and zstd tells by how much.

use super::{MAX_NEW, frames};
use crate::Error;

/// What bytes are of.
#[derive(Clone, Copy)]
pub enum Stream {
    /// The first bytes of the numbers in the list of copies, and bits that follow these.
    Gap,
    Length,
    Jump,
    Extra,
    /// What sections are taken for.
    View,
    /// Bits: whether blocks are as predicted.
    Clean,
    /// Which parts of a block are not as predicted.
    CodeMissed,
    WordsMissed,
    /// Which words of such a block have changed besides addresses.
    CodeChanged,
    /// How an address that is not as predicted is told.
    CodeMiss,
    WordsMiss,
    /// Which bytes of a word have changed.
    CodePattern,
    WordsPattern,
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

const COUNT: usize = 18;

/// The most bytes of a frame: it takes little memory at every level, and more would save nothing.
const FRAME: usize = 1 << 18;

/// A stream of so many bytes takes no frame. Of a longer one its length is told after this byte.
const SHORT: usize = 64;
const LONG: u8 = u8::MAX;

/// Bits that make no byte yet, or of a byte that was read: the lowest are the first.
#[derive(Clone, Copy, Default)]
struct Held {
    bits: u64,
    count: u32,
}

/// The bytes of each [`Stream`].
#[derive(Default)]
pub struct Streams([(Vec<u8>, Held); COUNT]);

impl Streams {
    /// Adds a byte.
    #[inline(always)]
    pub fn push(&mut self, stream: Stream, byte: u8) {
        self.0[stream as usize].0.push(byte);
    }

    /// Adds the `count` lowest bits of `number`, at most 32.
    #[inline(always)]
    pub fn push_bits(&mut self, stream: Stream, count: u32, number: u32) {
        let (bytes, held) = &mut self.0[stream as usize];
        held.bits |= (u64::from(number) & ((1 << count) - 1)) << held.count;
        held.count += count;
        while held.count >= 8 {
            bytes.push(held.bits as u8);
            held.bits >>= 8;
            held.count -= 8;
        }
    }

    /// Makes whole bytes of all bits.
    pub fn finish(mut self) -> Self {
        for (bytes, held) in &mut self.0 {
            if held.count > 0 {
                bytes.push(held.bits as u8);
            }
        }
        self
    }

    /// Writes the streams to the beginning of `output` and returns the length of that: each after its length,
    /// a byte; if that is more than [`SHORT`], after [`LONG`] and its length, u32 LE, in frames.
    ///
    /// # Errors
    /// As [`frames::encode`], [`Error::Space`] also if they have more bytes than the longest window.
    pub fn encode(&self, level: i32, output: &mut [u8]) -> Result<usize, Error> {
        if self.0.iter().map(|(bytes, _)| bytes.len()).sum::<usize>() > MAX_NEW {
            return Err(Error::Space);
        }
        let mut length = 0;
        for (bytes, _) in &self.0 {
            let (head, rest) = output[length..].split_first_mut().ok_or(Error::Space)?;
            length += 1;
            if bytes.len() <= SHORT {
                *head = bytes.len() as u8;
                rest.get_mut(..bytes.len()).ok_or(Error::Space)?.copy_from_slice(bytes);
                length += bytes.len();
            } else {
                *head = LONG;
                let (head, rest) = rest.split_first_chunk_mut().ok_or(Error::Space)?;
                *head = (bytes.len() as u32).to_le_bytes();
                length += head.len() + frames::encode(bytes, FRAME, level, rest)?;
            }
        }
        Ok(length)
    }

    /// The streams that `input` consists of.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not consist of streams, or they have more bytes than the longest window.
    pub fn decode(mut input: &[u8]) -> Result<Self, Error> {
        let (mut streams, mut room) = (Self::default(), MAX_NEW);
        for (bytes, _) in &mut streams.0 {
            let (&head, rest) = input.split_first().ok_or(Error::Corrupt)?;
            if head != LONG {
                let short;
                (short, input) = rest.split_at_checked(head.into()).ok_or(Error::Corrupt)?;
                *bytes = short.to_vec();
                continue;
            }
            let (length, rest) = frames::number(rest)?;
            room = room.checked_sub(length).ok_or(Error::Corrupt)?;
            *bytes = vec![0; length];
            input = frames::decode(rest, FRAME, bytes)?;
        }
        if input.is_empty() { Ok(streams) } else { Err(Error::Corrupt) }
    }

    /// What there is to read.
    pub fn reader(&self) -> Reader<'_> {
        Reader { streams: self.0.each_ref().map(|(bytes, _)| (bytes.iter(), Held::default())), wrong: false }
    }
}

/// Reads [`Streams`].
pub struct Reader<'a> {
    streams: [(std::slice::Iter<'a, u8>, Held); COUNT],
    /// Whether more was needed than there is, or a number was found that is none of those it may be.
    wrong: bool,
}

impl Reader<'_> {
    /// The next byte, if it is less than `count`. Otherwise, as past the end, 0.
    #[inline(always)]
    pub fn next(&mut self, stream: Stream, count: usize) -> usize {
        let next = self.streams[stream as usize]
            .0
            .next()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < count);
        self.wrong |= next.is_none();
        next.unwrap_or(0)
    }

    /// The next `count` bits, at most 32.
    #[inline(always)]
    pub fn next_bits(&mut self, stream: Stream, count: u32) -> u32 {
        while self.streams[stream as usize].1.count < count {
            let byte = self.next(stream, 256) as u64;
            let held = &mut self.streams[stream as usize].1;
            held.bits |= byte << held.count;
            held.count += 8;
        }
        let held = &mut self.streams[stream as usize].1;
        let number = held.bits & ((1 << count) - 1);
        held.bits >>= count;
        held.count -= count;
        number as u32
    }

    /// Whether anything was read that no encoder told.
    pub fn is_wrong(&self) -> bool {
        self.wrong
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.streams.iter().all(|(bytes, held)| bytes.as_slice().is_empty() && held.bits == 0)
    }
}
