//! Adaptive binary arithmetic coding: what a window holds is told bit by bit, each with the probability that its context
//! has learnt.
//!
//! The coder is the carryless one of lpaq (Mahoney, *Adaptive Weighing of Context Models for Lossless Data Compression*,
//! Florida Tech. CS-2005-16), and as there an estimate changes the less the more bits it has seen.

use super::streams::{Reader, Stream, Streams};
use crate::Error;

/// The probability of a one in one context, learnt from the bits coded in it.
#[derive(Clone, Copy)]
pub struct Bit {
    one: u16,
    seen: u8,
}

/// How many bits an estimate is an average of, at most.
const MEMORY: usize = 160;

/// How near to certain an estimate may come, in 1/65536.
const DOUBT: i32 = 24;

/// What part of its error an estimate is mended by, in 1/65536, by the number of bits that it has seen.
static RATES: [u16; MEMORY + 1] = rates();

const fn rates() -> [u16; MEMORY + 1] {
    let mut rates = [0; MEMORY + 1];
    let mut seen = 0;
    while seen <= MEMORY {
        rates[seen] = (131_072 / (2 * seen + 3)) as u16;
        seen += 1;
    }
    rates
}

impl Bit {
    /// A context in which nothing was coded yet.
    pub const NEW: Self = Self { one: 1 << 15, seen: 0 };

    #[inline(always)]
    fn learn(&mut self, bit: bool) {
        let rate = i32::from(RATES[usize::from(self.seen)]);
        let goal = if bit { 65_535 - DOUBT } else { DOUBT };
        let one = i32::from(self.one);
        self.one = (one + (((goal - one) * (rate >> 1)) >> 15)) as u16;
        self.seen += u8::from(usize::from(self.seen) < MEMORY);
    }
}

/// One side of the coding. What is coded, and in which contexts, is written once for both sides, so that they agree.
pub trait Side {
    /// Codes one bit: the encoder tells `bit` and the decoder finds it, whatever it is given.
    fn bit(&mut self, context: &mut Bit, bit: bool) -> bool;

    /// Codes a byte aside, with others of its stream.
    fn byte(&mut self, stream: Stream, byte: u8) -> u8;

    /// The bytes of the new window, if this side knows them: the encoder does.
    fn truth(&self) -> Option<&[u8]>;

    /// Puts bytes at their place in the new window; the encoder has them there.
    fn put(&mut self, at: usize, bytes: &[u8]);

    /// Says whether it makes sense to go on.
    ///
    /// # Errors
    /// [`Error::Space`] once an encoder's output is full, [`Error::Corrupt`] once a decoder's input is used up.
    fn check(&self) -> Result<(), Error>;
}

/// Codes bits into bytes.
pub struct Encoder<'a, 'b> {
    new: &'a [u8],
    streams: Streams,
    low: u32,
    high: u32,
    output: &'b mut [u8],
    /// The number of bytes so far, also of those that the output had no room for.
    length: usize,
}

impl<'a, 'b> Encoder<'a, 'b> {
    /// An encoder of the window `new`, which writes to the beginning of `output`.
    pub fn new(new: &'a [u8], output: &'b mut [u8]) -> Self {
        Self { new, streams: Streams::default(), low: 0, high: u32::MAX, output, length: 0 }
    }

    /// Ends the output, and returns its length and what was told aside.
    ///
    /// # Errors
    /// [`Error::Space`] if the output did not fit.
    pub fn finish(mut self) -> Result<(usize, Streams), Error> {
        for byte in self.high.to_be_bytes() {
            self.push(byte);
        }
        self.check()?;
        Ok((self.length, self.streams))
    }

    #[inline(always)]
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.output.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
    }
}

#[inline(always)]
fn middle(low: u32, high: u32, one: u16) -> u32 {
    low + ((u64::from(high - low) * u64::from(one)) >> 16) as u32
}

impl Side for Encoder<'_, '_> {
    #[inline(always)]
    fn bit(&mut self, context: &mut Bit, bit: bool) -> bool {
        let middle = middle(self.low, self.high, context.one);
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        context.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
        bit
    }

    #[inline(always)]
    fn byte(&mut self, stream: Stream, byte: u8) -> u8 {
        self.streams.push(stream, byte);
        byte
    }

    #[inline(always)]
    fn truth(&self) -> Option<&[u8]> {
        Some(self.new)
    }

    #[inline(always)]
    fn put(&mut self, _at: usize, _bytes: &[u8]) {}

    fn check(&self) -> Result<(), Error> {
        if self.length > self.output.len() { Err(Error::Space) } else { Ok(()) }
    }
}

/// Finds the bits that an [`Encoder`] coded. Of any other input it makes some bits, as many as are asked for.
pub struct Decoder<'a, 'b> {
    new: &'b mut [u8],
    streams: Reader<'a>,
    low: u32,
    high: u32,
    code: u32,
    input: std::slice::Iter<'a, u8>,
    /// Whether bytes were needed that the input does not have.
    short: bool,
}

impl<'a, 'b> Decoder<'a, 'b> {
    /// A decoder of `input`, and of what was told aside, that makes the window `new`.
    pub fn new(input: &'a [u8], streams: Reader<'a>, new: &'b mut [u8]) -> Self {
        let mut decoder =
            Self { new, streams, low: 0, high: u32::MAX, code: 0, input: input.iter(), short: false };
        for _ in 0..4 {
            decoder.shift();
        }
        decoder
    }

    /// Checks that all of the input was needed, and no more. Of damaged input that is seldom true.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if not.
    pub fn finish(self) -> Result<(), Error> {
        let used_up = self.input.as_slice().is_empty() && self.streams.is_empty();
        let intact = !self.short && used_up && self.code == self.high;
        if intact { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// Takes the next byte. Past the end come zeros.
    #[inline(always)]
    fn shift(&mut self) {
        let next = self.input.next();
        self.short |= next.is_none();
        self.code = self.code << 8 | u32::from(next.copied().unwrap_or(0));
    }
}

impl Side for Decoder<'_, '_> {
    #[inline(always)]
    fn bit(&mut self, context: &mut Bit, _bit: bool) -> bool {
        let middle = middle(self.low, self.high, context.one);
        let bit = self.code <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        context.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            self.shift();
        }
        bit
    }

    #[inline(always)]
    fn byte(&mut self, stream: Stream, _byte: u8) -> u8 {
        let next = self.streams.next(stream);
        self.short |= next.is_none();
        next.unwrap_or(0)
    }

    #[inline(always)]
    fn truth(&self) -> Option<&[u8]> {
        None
    }

    #[inline(always)]
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.new.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.short { Err(Error::Corrupt) } else { Ok(()) }
    }
}
