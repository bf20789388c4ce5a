//! What copied bytes are in the new window, told by what differs from the prediction.

use std::mem;

use super::map::Map;
use super::numbers::{Bytes, Changes, Recent, Recurrence, tree};
use super::predict::{BLOCK, Block, CLASSES, Operand, Place, Predictor};
use super::range::{Bit, Side};
use super::sites::{self, Site};
use super::streams::Stream;
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
    miss: Bytes,
    changes: Changes,
}

impl Class {
    const NEW: Self = Self {
        first: [Bit::NEW; 4],
        second: Bit::NEW,
        recent: Recurrence::NEW,
        bytewise: Bit::NEW,
        miss: Bytes::NEW,
        changes: Changes::NEW,
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
    /// The addresses of the section.
    sites: Vec<Site>,
}

struct Contexts {
    still: [Bit; 2],
    words: [Bit; 2],
    aligned: Bit,
    alignment: [Bit; 4],
    /// Whether a block is as predicted, by the view and the last three blocks.
    clean: [[Bit; 8]; 2],
    classes: Vec<Class>,
    /// Whether bytes of no operand are as they were, by the view, whether they are zeros, and what the last two places of
    /// the block were.
    same: [[Bit; 4]; 4],
    changes: [Changes; 2],
}

impl Residue {
    /// Nothing was learnt yet.
    pub fn new() -> Self {
        let contexts = Contexts {
            still: [Bit::NEW; 2],
            words: [Bit::NEW; 2],
            aligned: Bit::NEW,
            alignment: [Bit::NEW; 4],
            clean: [[Bit::NEW; 8]; 2],
            classes: vec![Class::NEW; CLASSES],
            same: [[Bit::NEW; 4]; 4],
            changes: [const { Changes::NEW }; 2],
        };
        Self {
            predictor: Predictor::new(),
            recent: Recent::NEW,
            still: false,
            words: false,
            alignment: 0,
            missed_blocks: 0,
            contexts,
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
        let still = side.truth().is_some_and(|new| new[place.new..place.new + place.length] == *bytes);
        self.still = side.bit(&mut self.contexts.still[usize::from(self.still)], still);
        if self.still {
            side.put(place.new, bytes);
            return;
        }
        let best = side.truth().map_or(View::Code, |new| view::choose(old, new, place, self.alignment));
        let view = self.view(side, best);
        let mut sites = mem::take(&mut self.sites);
        sites::find(&mut sites, view, old, place);
        self.blocks(side, old, map, place, &sites);
        self.sites = sites;
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
            self.alignment = tree(side, &mut contexts.alignment, 2, alignment);
        }
        View::Words { alignment: self.alignment }
    }

    /// Codes a section with addresses at `sites`.
    fn blocks(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place, sites: &[Site]) {
        let (mut at, mut sites, mut block) = (0, sites, Block::EMPTY);
        // Blocks of words end with one.
        let mut end = if self.words { place.to_word(self.alignment) } else { 0 };
        while at < place.length {
            end = (end + BLOCK).min(place.length);
            let count = sites.iter().take_while(|site| site.at < end).count();
            let within;
            (within, sites) = sites.split_at(count);
            end = within.last().map_or(end, |site| end.max(site.at + 4));
            let sites = within.iter().map(|site| Site { at: site.at - at, ..*site });
            self.predictor.predict(&mut block, old, map, &place.part(at, end - at), sites);
            self.block(side, old, map, &block);
            at = end;
        }
    }

    fn block(&mut self, side: &mut impl Side, old: &[u8], map: &Map, block: &Block) {
        let Place { new: at, length, .. } = block.place;
        let clean = side.truth().is_some_and(|new| new[at..at + length] == *block.bytes());
        let context = &mut self.contexts.clean[usize::from(self.words)][self.missed_blocks & 7];
        if side.bit(context, clean) {
            self.missed_blocks <<= 1;
            side.put(at, block.bytes());
            for operand in block.operands() {
                self.predictor.confirm(operand);
            }
            return;
        }
        self.missed_blocks = self.missed_blocks << 1 | 1;
        let (mut at, mut missed) = (0, 0);
        for operand in block.operands() {
            self.bytes(side, old, &block.place.part(at, operand.at - at), &mut missed);
            self.operand(side, map, &block.place, operand, &mut missed);
            at = operand.at + 4;
        }
        self.bytes(side, old, &block.place.part(at, length - at), &mut missed);
    }

    /// Codes bytes of a block that belong to no operand.
    fn bytes(&mut self, side: &mut impl Side, old: &[u8], place: &Place, missed: &mut usize) {
        // Words are whole from the first one on.
        let head = if self.words { place.to_word(self.alignment).min(place.length) } else { 0 };
        if head > 0 {
            self.word(side, old, &place.part(0, head), missed);
        }
        for at in (head..place.length).step_by(4) {
            self.word(side, old, &place.part(at, 4), missed);
        }
    }

    /// Codes up to four bytes.
    fn word(&mut self, side: &mut impl Side, old: &[u8], place: &Place, missed: &mut usize) {
        let before = word(&old[place.old..place.old + place.length]);
        let truth = side.truth().map_or(0, |new| word(&new[place.new..place.new + place.length]));
        let (view, stream) = if self.words { (1, Stream::Changed) } else { (0, Stream::Code) };
        let context = &mut self.contexts.same[view << 1 | usize::from(before == 0)][*missed & 3];
        let same = side.bit(context, truth == before);
        *missed = *missed << 1 | usize::from(!same);
        let found = if same { before } else { self.contexts.changes[view].code(side, stream, before, truth) };
        side.put(place.new, &found.to_le_bytes()[..place.length]);
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
        let truth = side.truth().map_or(0, |new| word(&new[at..at + 4]));
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
        let bytewise = Changes::length(operand.first, truth) < Bytes::length(miss);
        if side.bit(&mut class.bytewise, bytewise) {
            class.changes.code(side, Stream::Changed, operand.first, truth)
        } else {
            operand.first.wrapping_add(class.miss.code(side, miss) as u32)
        }
    }
}

/// The word that begins with `bytes`, four at most, and goes on with zeros.
#[inline(always)]
fn word(bytes: &[u8]) -> u32 {
    match bytes.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    }
}
