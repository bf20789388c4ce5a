//! Adaptive binary arithmetic coding: what a window holds is told bit by bit, each with the probability that its context
//! has learnt.
//!
//! The coder is the carryless one of lpaq (Mahoney, *Adaptive Weighing of Context Models for Lossless Data Compression*,
//! Florida Tech. CS-2005-16), and as there an estimate changes the less the more bits it has seen.

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

    /// The bytes of the new window, if this side knows them: the encoder does.
    fn truth(&self) -> Option<&[u8]>;

    /// Puts bytes at their place in the new window; the encoder has them there.
    fn put(&mut self, at: usize, bytes: &[u8]);
}

/// Codes bits into bytes.
pub struct Encoder<'a> {
    new: &'a [u8],
    low: u32,
    high: u32,
    output: Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// An encoder of the window `new`.
    pub fn new(new: &'a [u8]) -> Self {
        Self { new, low: 0, high: u32::MAX, output: Vec::new() }
    }

    /// The bytes that all bits were coded to.
    pub fn finish(mut self) -> Vec<u8> {
        self.output.extend_from_slice(&self.high.to_be_bytes());
        self.output
    }
}

#[inline(always)]
fn middle(low: u32, high: u32, one: u16) -> u32 {
    low + ((u64::from(high - low) * u64::from(one)) >> 16) as u32
}

impl Side for Encoder<'_> {
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
            self.output.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
        bit
    }

    fn truth(&self) -> Option<&[u8]> {
        Some(self.new)
    }

    #[inline(always)]
    fn put(&mut self, _at: usize, _bytes: &[u8]) {}
}

/// Finds the bits that an [`Encoder`] coded. Of any other input it makes some bits, without end.
pub struct Decoder<'a, 'b> {
    new: &'b mut [u8],
    low: u32,
    high: u32,
    code: u32,
    input: std::slice::Iter<'a, u8>,
}

impl<'a, 'b> Decoder<'a, 'b> {
    /// A decoder of `input` that makes the window `new`.
    pub fn new(input: &'a [u8], new: &'b mut [u8]) -> Self {
        let mut decoder = Self { new, low: 0, high: u32::MAX, code: 0, input: input.iter() };
        for _ in 0..4 {
            decoder.shift();
        }
        decoder
    }

    /// Takes the next byte. Past the end come ones.
    #[inline(always)]
    fn shift(&mut self) {
        self.code = self.code << 8 | u32::from(self.input.next().copied().unwrap_or(255));
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
    fn truth(&self) -> Option<&[u8]> {
        None
    }

    #[inline(always)]
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.new.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
}
