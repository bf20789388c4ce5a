//! Blocks that are not as predicted: what in them is not, and what that is.

use super::arm64::Form;
use super::block::{Block, Bytes, Operand, Place};
use super::map::Map;
use super::numbers::{self, RECENT, Recent};
use super::predict::Predictor;
use super::side::Side;
use super::streams::Stream;

/// What was learnt from the blocks that were mended so far.
pub struct Mending {
    /// How far what addresses refer to has moved.
    shifts: Recent,
    /// By how much words of code have changed, and other words.
    code: Recent,
    words: Recent,
}

impl Mending {
    /// Nothing was mended yet.
    pub fn new() -> Self {
        Self { shifts: Recent::NEW, code: Recent::NEW, words: Recent::NEW }
    }

    /// Codes a block of words: which words are not as predicted, and what these are.
    pub fn words(&mut self, side: &mut impl Side, predictor: &mut Predictor, map: &Map, block: &Block) {
        let mut bytes = *block.bytes();
        let words = block.place.length.div_ceil(4);
        let mut missed = mask(side, Stream::WordsMissed, words, |new| unlike(&bytes, block.place.of(new)));
        for operand in block.operands() {
            let bit = 1 << (operand.at / 4);
            let word = self.operand(side, predictor, map, block, operand, missed & bit);
            bytes[operand.at..operand.at + 4].copy_from_slice(&word);
            missed &= !bit;
        }
        let streams = [Stream::WordsPattern, Stream::Changed];
        changes(side, streams, &mut self.words, &block.place, &mut bytes, missed);
        side.put(block.place.new, &bytes, block.place.length);
    }

    /// Codes a block of code: whether bytes of no address have changed, which addresses are not as predicted, and what
    /// all these are.
    pub fn code(&mut self, side: &mut impl Side, predictor: &mut Predictor, map: &Map, block: &Block) {
        let mut bytes = *block.bytes();
        let operands = block.operands();
        let missed = mask(side, Stream::CodeMissed, 1 + operands.len(), |new| missed(predictor, block, new));
        for (place, operand) in operands.iter().enumerate() {
            let mut operand = *operand;
            predictor.follow(&mut operand);
            let word = self.operand(side, predictor, map, block, &operand, missed & 2 << place);
            bytes[operand.at..operand.at + 4].copy_from_slice(&word);
        }
        if missed & 1 == 1 {
            let words = block.place.length.div_ceil(4);
            let changed = mask(side, Stream::CodeChanged, words, |new| unlike(&bytes, block.place.of(new)));
            let streams = [Stream::CodePattern, Stream::Code];
            changes(side, streams, &mut self.code, &block.place, &mut bytes, changed);
        }
        side.put(block.place.new, &bytes, block.place.length);
    }

    /// Codes an operand, and learns how far what it refers to has moved: as was expected if `missed` is 0.
    #[inline]
    fn operand(
        &mut self,
        side: &mut impl Side,
        predictor: &mut Predictor,
        map: &Map,
        block: &Block,
        operand: &Operand,
        missed: u32,
    ) -> [u8; 4] {
        let (mut value, mut shift) = (operand.first, Some(operand.expected));
        if missed != 0 {
            let second = predictor.second(operand, map, &block.place);
            (value, shift) = self.miss(side, block, operand, second);
            if let Some(shift) = shift {
                self.shifts.remember(shift);
            }
        }
        if let Some(shift) = shift {
            predictor.learn(operand, shift);
        }
        value.to_le_bytes()
    }

    /// Codes an operand that is not as predicted, and how far what it refers to has moved, if that is known then.
    fn miss(
        &mut self,
        side: &mut impl Side,
        block: &Block,
        operand: &Operand,
        second: i32,
    ) -> (u32, Option<i32>) {
        let (truth, shift) = side.truth().map_or((0, None), |new| truth(block, operand, new));
        let miss = shift.unwrap_or(0).wrapping_sub(operand.expected);
        let told = side.truth().map_or(SECOND, |_| self.told(operand, second, truth, shift));
        let stream = if operand.is_of_code() { Stream::CodeMiss } else { Stream::WordsMiss };
        let shift = match side.symbol(stream, PATTERNS + numbers::PATTERNS, told) {
            SECOND => second,
            place @ SHIFTS..=LENGTHS => self.shifts.at(place - SHIFTS),
            length @ ..=PATTERNS => {
                operand.expected.wrapping_add(numbers::bytes(side, length - LENGTHS, miss))
            }
            pattern => {
                let pattern = pattern - PATTERNS;
                let word = numbers::changes(side, Stream::Changed, pattern, operand.first, truth);
                return (word, operand.shift(word, 0).filter(|_| operand.low == 0));
            }
        };
        (operand.value(shift), Some(shift))
    }

    /// What is told of an operand that is `word`, because of `shift` if there is one.
    fn told(&self, operand: &Operand, second: i32, word: u32, shift: Option<i32>) -> usize {
        let pattern = numbers::pattern(operand.first, word);
        let Some(shift) = shift else { return PATTERNS + pattern };
        if shift == second {
            return SECOND;
        }
        if let Some(place) = self.shifts.place(shift) {
            return SHIFTS + place;
        }
        let length = numbers::length(shift.wrapping_sub(operand.expected));
        // The lowest bits of a page follow from its shift only.
        let is_shorter = pattern.count_ones() < length as u32 && operand.low == 0;
        if is_shorter { PATTERNS + pattern } else { LENGTHS + length }
    }
}

/// What is told of an operand that is not as predicted: that its shift is what was expected second, which of the recent ones it
/// is, of how many bytes its difference is, or which bytes of the word have changed. A length or a pattern is at least 1.
const SECOND: usize = 0;
const SHIFTS: usize = 1;
const LENGTHS: usize = SHIFTS + RECENT - 1;
const PATTERNS: usize = LENGTHS + 4;

/// What an operand is in the new window, and how far what it refers to has moved, if nothing else of the instruction changed.
fn truth(block: &Block, operand: &Operand, new: &[u8]) -> (u32, Option<i32>) {
    let at = block.place.new + operand.at;
    let [value, low] = [at, at + usize::from(operand.low)].map(|at| word(&new[at..]));
    (value, operand.shift(value, low))
}

/// Codes `count` bits as bytes; `truth` makes them of the new window.
#[inline(always)]
fn mask(side: &mut impl Side, stream: Stream, count: usize, truth: impl FnOnce(&[u8]) -> u32) -> u32 {
    let truth = side.truth().map_or(0, truth) as usize;
    let bytes = (0..count).step_by(8);
    let code =
        |place: usize| side.symbol(stream, 1 << (count - place).min(8), truth >> place & 0xff) << place;
    bytes.map(code).sum::<usize>() as u32
}

/// Codes the words in the bytes of a block that have changed, and puts them there: which of the recent changes it is, or which
/// bytes.
#[inline]
fn changes(
    side: &mut impl Side,
    streams: [Stream; 2],
    recent: &mut Recent,
    place: &Place,
    bytes: &mut Bytes,
    mut changed: u32,
) {
    while changed != 0 {
        let at = 4 * changed.trailing_zeros() as usize;
        changed &= changed - 1;
        let old = word(&bytes[at..place.length]);
        let truth = side.truth().map_or(0, |new| word(&place.of(new)[at..]));
        let told = side.truth().map_or(0, |_| {
            let recurs = recent.place(truth.wrapping_sub(old) as i32);
            recurs.map_or_else(|| numbers::pattern(old, truth), |place| numbers::PATTERNS + place)
        });
        let told = side.symbol(streams[0], numbers::PATTERNS + RECENT, told);
        let word = match told.checked_sub(numbers::PATTERNS) {
            Some(place) => old.wrapping_add_signed(recent.at(place)),
            None => numbers::changes(side, streams[1], told, old, truth),
        };
        recent.remember(word.wrapping_sub(old) as i32);
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
}

/// A bit for each word that differs.
fn unlike(bytes: &Bytes, new: &[u8]) -> u32 {
    let words = bytes[..new.len()].chunks(4).zip(new.chunks(4)).enumerate();
    words.fold(0, |unlike, (place, (old, new))| unlike | u32::from(old != new) << place)
}

/// A bit for bytes of no operand, and one for each operand: whether they differ, and not only because a page before them does.
/// A page also differs by its lowest bits.
fn missed(predictor: &mut Predictor, block: &Block, new: &[u8]) -> u32 {
    let (mut bytes, mut missed) = (*block.bytes(), 0);
    for (place, operand) in block.operands().iter().enumerate() {
        let mut operand = *operand;
        predictor.follow(&mut operand);
        let (value, shift) = truth(block, &operand, new);
        let differs = match operand.form {
            Form::Page => {
                predictor.correct(&operand, shift);
                shift != Some(operand.expected)
            }
            _ => value != operand.first,
        };
        missed |= u32::from(differs) << (1 + place);
        bytes[operand.at..operand.at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let new = block.place.of(new);
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
