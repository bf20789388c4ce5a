//! What copied bytes are in the new window, told by what differs from the prediction.

use std::mem;

use super::map::Map;
use super::numbers::{self, RECENT, Recent};
use super::predict::{BLOCK, Block, Bytes, Operand, Place, Predictor};
use super::side::Side;
use super::sites::{self, Site};
use super::streams::Stream;
use super::view::{self, SECTION, View};
use crate::Error;

/// What was learnt from the copies coded so far.
pub struct Residue {
    predictor: Predictor,
    recent: Recent,
    /// Where the last words began.
    alignment: usize,
    /// The addresses of the section.
    sites: Vec<Site>,
}

impl Residue {
    /// Nothing was learnt yet.
    pub fn new() -> Self {
        Self {
            predictor: Predictor::new(),
            recent: Recent::NEW,
            alignment: 0,
            sites: Vec::with_capacity(SECTION / 4),
        }
    }

    /// Codes the bytes of a copy from the base window `old`, in which it must lie.
    ///
    /// # Errors
    /// As [`Side::check`].
    pub fn copy(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place) -> Result<(), Error> {
        for start in (0..place.length).step_by(SECTION) {
            self.section(side, old, map, &place.part(start, SECTION));
            side.check()?;
        }
        Ok(())
    }

    fn section(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place) {
        let bytes = &old[place.old..place.old + place.length];
        let view = side.truth().map_or(View::Still, |new| view::choose(old, new, place, self.alignment));
        match View::code(side, view) {
            View::Still => side.put(place.new, bytes, bytes.len()),
            View::Code => self.code(side, old, map, place),
            View::Words { alignment } => {
                self.alignment = alignment;
                self.words(side, old, map, place);
            }
        }
    }

    /// Codes a section of words. What comes before the first one is a block of its own.
    fn words(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place) {
        let (mut at, mut end, mut block) = (0, place.to_word(self.alignment), Block::EMPTY);
        while at < place.length {
            end = end.min(place.length);
            if at < end {
                self.predictor.words(&mut block, old, &place.part(at, end - at));
                if !self.is_clean(side, &block) {
                    self.mend_words(side, map, &block);
                }
            }
            (at, end) = (end, end + BLOCK);
        }
    }

    /// Codes a section of code.
    fn code(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place) {
        let mut sites = mem::take(&mut self.sites);
        sites::find(&mut sites, old, place);
        let (mut at, mut rest, mut block) = (0, &sites[..], Block::EMPTY);
        while at < place.length {
            let mut end = (at + BLOCK).min(place.length);
            let within;
            (within, rest) = rest.split_at(rest.iter().take_while(|site| site.at < end).count());
            end = within.last().map_or(end, |site| end.max(site.at + 4));
            self.predictor.code(&mut block, old, map, &place.part(at, end - at), within, at);
            if !self.is_clean(side, &block) {
                self.mend_code(side, map, &block);
            }
            at = end;
        }
        self.sites = sites;
    }

    /// Codes whether a block is as predicted, and if so, the block.
    #[inline]
    fn is_clean(&mut self, side: &mut impl Side, block: &Block) -> bool {
        let clean =
            side.truth().is_some_and(|new| *block.place.of(new) == block.bytes()[..block.place.length]);
        if side.bits(Stream::Clean, 1, clean.into()) == 0 {
            return false;
        }
        side.put(block.place.new, block.bytes(), block.place.length);
        for operand in block.operands() {
            self.predictor.confirm(operand);
        }
        true
    }

    /// Codes a block of words that is not as predicted: which words are not, and what these are.
    fn mend_words(&mut self, side: &mut impl Side, map: &Map, block: &Block) {
        let mut bytes = *block.bytes();
        let words = block.place.length.div_ceil(4);
        let mut missed = mask(side, Stream::WordsMissed, words, |new| unlike(&bytes, block.place.of(new)));
        for operand in block.operands() {
            let bit = 1 << (operand.at / 4);
            self.operand(side, map, block, operand, missed & bit, &mut bytes);
            missed &= !bit;
        }
        mend(side, [Stream::WordsPattern, Stream::Changed], &block.place, &mut bytes, missed);
        side.put(block.place.new, &bytes, block.place.length);
    }

    /// Codes a block of code that is not as predicted: whether bytes of no address have changed, which addresses are not as
    /// predicted, and what all these are.
    fn mend_code(&mut self, side: &mut impl Side, map: &Map, block: &Block) {
        let mut bytes = *block.bytes();
        let operands = block.operands();
        let missed =
            mask(side, Stream::CodeMissed, 1 + operands.len(), |new| missed(block, block.place.of(new)));
        for (place, operand) in operands.iter().enumerate() {
            self.operand(side, map, block, operand, missed & 2 << place, &mut bytes);
        }
        if missed & 1 == 1 {
            let words = block.place.length.div_ceil(4);
            let changed = mask(side, Stream::CodeChanged, words, |new| unlike(&bytes, block.place.of(new)));
            mend(side, [Stream::CodePattern, Stream::Code], &block.place, &mut bytes, changed);
        }
        side.put(block.place.new, &bytes, block.place.length);
    }

    /// Learns what an operand is: what was predicted if `missed` is 0. Otherwise codes it, and puts it into the block's `bytes`.
    #[inline]
    fn operand(
        &mut self,
        side: &mut impl Side,
        map: &Map,
        block: &Block,
        operand: &Operand,
        missed: u32,
        bytes: &mut Bytes,
    ) {
        let mut value = operand.first;
        if missed != 0 {
            let truth = side.truth().map_or(0, |new| word(&block.place.of(new)[operand.at..]));
            value = self.miss(side, operand, self.predictor.second(operand, map, &block.place), truth);
            self.recent.remember(operand.shift(value));
            bytes[operand.at..operand.at + 4].copy_from_slice(&value.to_le_bytes());
        }
        self.predictor.learn(operand, value);
    }

    /// Codes an operand that is not as predicted.
    fn miss(&mut self, side: &mut impl Side, operand: &Operand, second: u32, truth: u32) -> u32 {
        let miss = truth.wrapping_sub(operand.first) as i32;
        let told = side.truth().map_or(SECOND, |_| {
            if truth == second {
                return SECOND;
            }
            if let Some(place) = self.recent.place(operand.shift(truth)) {
                return SHIFTS + place;
            }
            let (pattern, length) = (numbers::pattern(operand.first, truth), numbers::length(miss));
            if pattern.count_ones() < length as u32 { PATTERNS + pattern } else { LENGTHS + length }
        });
        let stream = if operand.is_of_code() { Stream::CodeMiss } else { Stream::WordsMiss };
        match side.symbol(stream, PATTERNS + numbers::PATTERNS, told) {
            SECOND => second,
            place @ SHIFTS..=LENGTHS => operand.value(self.recent.at(place - SHIFTS)),
            length @ ..=PATTERNS => {
                operand.first.wrapping_add(numbers::bytes(side, length - LENGTHS, miss) as u32)
            }
            pattern => numbers::changes(side, Stream::Changed, pattern - PATTERNS, operand.first, truth),
        }
    }
}

/// What is told of an operand that is not as predicted: that it is what was expected second, which of the recent shifts it
/// has, of how many bytes the difference is, or which bytes have changed. A length or a pattern is at least 1.
const SECOND: usize = 0;
const SHIFTS: usize = 1;
const LENGTHS: usize = SHIFTS + RECENT - 1;
const PATTERNS: usize = LENGTHS + 4;

/// Codes `count` bits as bytes; `truth` makes them of the new window.
#[inline(always)]
fn mask(side: &mut impl Side, stream: Stream, count: usize, truth: impl FnOnce(&[u8]) -> u32) -> u32 {
    let truth = side.truth().map_or(0, truth) as usize;
    let bytes = (0..count).step_by(8);
    let code =
        |place: usize| side.symbol(stream, 1 << (count - place).min(8), truth >> place & 0xff) << place;
    bytes.map(code).sum::<usize>() as u32
}

/// Codes the words in the bytes of a block that have changed, and puts them there.
#[inline]
fn mend(side: &mut impl Side, streams: [Stream; 2], place: &Place, bytes: &mut Bytes, mut changed: u32) {
    while changed != 0 {
        let at = 4 * changed.trailing_zeros() as usize;
        changed &= changed - 1;
        let old = word(&bytes[at..place.length]);
        let truth = side.truth().map_or(0, |new| word(&place.of(new)[at..]));
        let pattern = side.symbol(streams[0], numbers::PATTERNS, numbers::pattern(old, truth));
        let word = numbers::changes(side, streams[1], pattern, old, truth);
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
}

/// A bit for each word that differs.
fn unlike(bytes: &Bytes, new: &[u8]) -> u32 {
    let words = bytes[..new.len()].chunks(4).zip(new.chunks(4)).enumerate();
    words.fold(0, |unlike, (place, (old, new))| unlike | u32::from(old != new) << place)
}

/// A bit for bytes of no operand, and one for each operand: whether they differ.
fn missed(block: &Block, new: &[u8]) -> u32 {
    let (mut bytes, mut missed) = (*block.bytes(), 0);
    for (place, operand) in block.operands().iter().enumerate() {
        let (old, new) = (&mut bytes[operand.at..operand.at + 4], &new[operand.at..operand.at + 4]);
        missed |= u32::from(old != new) << (1 + place);
        old.copy_from_slice(new);
    }
    missed | u32::from(bytes[..new.len()] != *new)
}

/// The word that begins with `bytes`, four at most, and goes on with zeros.
#[inline(always)]
fn word(bytes: &[u8]) -> u32 {
    match bytes.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    }
}
