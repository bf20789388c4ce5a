//! What copied bytes are in the new window, told by what differs from the prediction.

use std::ops::Range;

use super::map::Map;
use super::numbers::{Byte, Number, Recent, Recurrence};
use super::predict::{Block, CLASSES, Operand, Place, Predictor};
use super::range::{Bit, Side};
use super::view::{self, SECTION, View};
use crate::Error;

/// The contexts of operands of a class.
#[derive(Clone)]
struct Class {
    /// Whether it is as predicted, by what the last two places of the block were.
    first: [Bit; 4],
    second: Bit,
    recent: Recurrence,
    bytewise: Bit,
    miss: Number,
}

impl Class {
    const NEW: Self = Self {
        first: [Bit::NEW; 4],
        second: Bit::NEW,
        recent: Recurrence::NEW,
        bytewise: Bit::NEW,
        miss: Number::NEW,
    };
}

/// What was learnt from the copies coded so far.
pub struct Residue {
    predictor: Predictor,
    recent: Recent,
    /// Whether the last section was as in the base, whether the last one that was not was taken for words, and where
    /// the last words began.
    still: bool,
    words: bool,
    alignment: usize,
    /// A bit for each of the last blocks: whether it was not as predicted.
    missed_blocks: usize,
    contexts: Contexts,
}

struct Contexts {
    still: [Bit; 2],
    words: [Bit; 2],
    aligned: Bit,
    alignment: Number,
    /// Whether a block is as predicted, by the view and the last three blocks.
    clean: [[Bit; 8]; 2],
    classes: Vec<Class>,
    /// Whether a byte is as it was, by it, the byte before it and what the last two places of the block were.
    same: Vec<Bit>,
    /// What a byte is, by what it was or, in an operand, what it was predicted to be.
    bytes: Vec<Byte>,
    operand_bytes: Vec<Byte>,
}

impl Residue {
    /// Nothing was learnt yet.
    pub fn new() -> Self {
        let contexts = Contexts {
            still: [Bit::NEW; 2],
            words: [Bit::NEW; 2],
            aligned: Bit::NEW,
            alignment: Number::NEW,
            clean: [[Bit::NEW; 8]; 2],
            classes: vec![Class::NEW; CLASSES],
            same: vec![Bit::NEW; 1 << 18],
            bytes: vec![Byte::NEW; 256],
            operand_bytes: vec![Byte::NEW; 256],
        };
        Self {
            predictor: Predictor::new(),
            recent: Recent::NEW,
            still: false,
            words: false,
            alignment: 0,
            missed_blocks: 0,
            contexts,
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
        let still = side.truth().is_some_and(|new| new[place.new..place.new + place.length] == *bytes);
        self.still = side.bit(&mut self.contexts.still[usize::from(self.still)], still);
        if self.still {
            side.put(place.new, bytes);
            return;
        }
        let best = side.truth().map_or(View::Code, |new| view::choose(old, new, place, self.alignment));
        let view = self.view(side, best);
        let (mut at, mut block) = (0, Block::EMPTY);
        while at < place.length {
            let rest = place.part(at, place.length);
            self.predictor.predict(&mut block, view, old, map, &rest);
            self.block(side, old, map, &rest, &block);
            at += block.length;
        }
    }

    /// Codes what a section is taken for.
    fn view(&mut self, side: &mut impl Side, view: View) -> View {
        let contexts = &mut self.contexts;
        self.words = side.bit(&mut contexts.words[usize::from(self.words)], view != View::Code);
        if !self.words {
            return View::Code;
        }
        let alignment = if let View::Words { alignment } = view { alignment } else { self.alignment };
        if !side.bit(&mut contexts.aligned, alignment == self.alignment) {
            self.alignment = contexts.alignment.code(side, alignment as u32) as usize % 4;
        }
        View::Words { alignment: self.alignment }
    }

    fn block(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place, block: &Block) {
        let bytes = &block.bytes[..block.length];
        let clean = side.truth().is_some_and(|new| new[place.new..place.new + block.length] == *bytes);
        let context = &mut self.contexts.clean[usize::from(self.words)][self.missed_blocks & 7];
        if side.bit(context, clean) {
            self.missed_blocks <<= 1;
            side.put(place.new, bytes);
            for operand in block.operands() {
                self.predictor.confirm(operand);
            }
            return;
        }
        self.missed_blocks = self.missed_blocks << 1 | 1;
        let (mut at, mut missed) = (0, 0);
        for operand in block.operands() {
            self.bytes(side, old, place, at..operand.at, &mut missed);
            self.operand(side, map, place, operand, &mut missed);
            at = operand.at + 4;
        }
        self.bytes(side, old, place, at..block.length, &mut missed);
    }

    /// Codes bytes of a block that belong to no operand.
    fn bytes(
        &mut self,
        side: &mut impl Side,
        old: &[u8],
        place: &Place,
        range: Range<usize>,
        missed: &mut usize,
    ) {
        for at in range {
            let byte = old[place.old + at];
            let before = (place.old + at).checked_sub(1).map_or(0, |at| old[at]);
            let truth = side.truth().map_or(0, |new| new[place.new + at]);
            let found = match side.bit(self.contexts.same(byte, before, *missed), truth == byte) {
                true => byte,
                false => self.contexts.bytes[usize::from(byte)].code(side, truth),
            };
            *missed = *missed << 1 | usize::from(found != byte);
            side.put(place.new + at, &[found]);
        }
    }

    fn operand(
        &mut self,
        side: &mut impl Side,
        map: &Map,
        place: &Place,
        operand: &Operand,
        missed: &mut usize,
    ) {
        let at = place.new + operand.at;
        let truth =
            side.truth().and_then(|new| new[at..].first_chunk().copied()).map_or(0, u32::from_le_bytes);
        let context = &mut self.contexts.classes[operand.class].first[*missed & 3];
        let hit = side.bit(context, truth == operand.first);
        *missed = *missed << 1 | usize::from(!hit);
        let mut value = operand.first;
        if !hit {
            value = self.missed_operand(side, operand, self.predictor.second(operand, map, place), truth);
            self.recent.remember(operand.shift(value));
        }
        side.put(at, &value.to_le_bytes());
        self.predictor.learn(operand, value);
    }

    /// Codes an operand that is not as predicted.
    fn missed_operand(&mut self, side: &mut impl Side, operand: &Operand, second: u32, truth: u32) -> u32 {
        let class = &mut self.contexts.classes[operand.class];
        if second != operand.first && side.bit(&mut class.second, truth == second) {
            return second;
        }
        if let Some(shift) = self.recent.code(side, &mut class.recent, operand.shift(truth)) {
            return operand.value(shift);
        }
        let miss = truth.wrapping_sub(operand.first) as i32;
        let bits = 32 - miss.unsigned_abs().leading_zeros();
        let changed = (truth ^ operand.first).to_le_bytes().iter().filter(|&&byte| byte != 0).count() as u32;
        if side.bit(&mut class.bytewise, 8 * changed < bits + 4) {
            self.contexts.operand_bytes(side, operand.first, truth)
        } else {
            operand.first.wrapping_add(class.miss.code_signed(side, miss) as u32)
        }
    }
}

impl Contexts {
    fn same(&mut self, byte: u8, before: u8, missed: usize) -> &mut Bit {
        &mut self.same[usize::from(byte) << 10 | usize::from(before) << 2 | missed & 3]
    }

    /// Codes each byte of an operand.
    fn operand_bytes(&mut self, side: &mut impl Side, predicted: u32, truth: u32) -> u32 {
        let mut before = 0;
        let mut bytes = predicted.to_le_bytes();
        for (byte, truth) in bytes.iter_mut().zip(truth.to_le_bytes()) {
            let predicted = *byte;
            if !side.bit(self.same(predicted, before, 3), truth == predicted) {
                *byte = self.operand_bytes[usize::from(predicted)].code(side, truth);
            }
            before = predicted;
        }
        u32::from_le_bytes(bytes)
    }
}
