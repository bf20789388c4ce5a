//! What copied bytes are in the new window, told by what differs from the prediction.

use std::mem;

use super::block::{BLOCK, Block, Place};
use super::choice::Choice;
use super::map::Map;
use super::mend::Mending;
use super::predict::Predictor;
use super::side::Side;
use super::sites::{self, Site};
use super::streams::Stream;
use super::view::{SECTION, View};
use crate::Error;

/// What was learnt from the copies coded so far.
pub struct Residue {
    predictor: Predictor,
    mending: Mending,
    choice: Choice,
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
            mending: Mending::new(),
            choice: Choice::default(),
            alignment: 0,
            sites: Vec::with_capacity(SECTION / 4),
        }
    }

    /// Codes the bytes of a copy from the base window `old`, in which it must lie.
    ///
    /// # Errors
    /// As [`Side::check`].
    pub fn copy(&mut self, side: &mut impl Side, old: &[u8], map: &Map, copy: &Place) -> Result<(), Error> {
        for start in (0..copy.length).step_by(SECTION) {
            self.section(side, old, map, &copy.part(start, SECTION), copy);
            side.check()?;
        }
        Ok(())
    }

    fn section(&mut self, side: &mut impl Side, old: &[u8], map: &Map, place: &Place, copy: &Place) {
        let bytes = &old[place.old..place.old + place.length];
        let view = side
            .truth()
            .map_or(View::Still, |new| self.choice.choose(old, new, place, &self.predictor, self.alignment));
        match View::code(side, view, self.predictor.pages) {
            View::Still => side.put(place.new, bytes, bytes.len()),
            View::X86 => {
                let mut sites = mem::take(&mut self.sites);
                sites::x86(&mut sites, old, place);
                self.code(side, old, map, place, &sites, BLOCK);
                self.sites = sites;
            }
            View::Words { alignment } => {
                self.alignment = alignment;
                self.words(side, old, map, place);
            }
            View::Arm64 { pages } => {
                self.predictor.pages = pages;
                let mut sites = mem::take(&mut self.sites);
                sites::arm64(&mut sites, old, pages, place, copy);
                self.code(side, old, map, place, &sites, pages.to_instruction(place));
                self.sites = sites;
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
                    self.mending.words(side, &mut self.predictor, map, &block);
                }
            }
            (at, end) = (end, end + BLOCK);
        }
    }

    /// Codes a section of code with addresses at `sites`, the first block of which ends at `end`, if that is not where it
    /// begins. A block ends later if an address would be cut.
    fn code(
        &mut self,
        side: &mut impl Side,
        old: &[u8],
        map: &Map,
        place: &Place,
        sites: &[Site],
        mut end: usize,
    ) {
        let (mut at, mut rest, mut block) = (0, sites, Block::EMPTY);
        while at < place.length {
            end = end.min(place.length);
            let within;
            (within, rest) = rest.split_at(rest.iter().take_while(|site| site.at < end).count());
            end = within.last().map_or(end, |site| end.max(site.at + 4));
            if at < end {
                self.predictor.code(&mut block, old, map, &place.part(at, end - at), within, at);
                if !self.is_clean(side, &block) {
                    self.mending.code(side, &mut self.predictor, map, &block);
                }
            }
            (at, end) = (end, end + BLOCK);
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::side::{Decoder, Encoder};

    #[test]
    fn what_changes_behind_a_block_does_no_harm() {
        // The operand behind 0xe8 makes the first block three bytes longer.
        let mut old = vec![0x90; 200];
        old[62] = 0xe8;
        let mut told = Encoder::new(&[]);
        // x86-64 code, the first block of which is mended: bytes of no operand change, of the words the last one.
        told.symbol(Stream::View, 8, 1);
        for clean in [0, 1, 1, 1] {
            told.bits(Stream::Clean, 1, clean);
        }
        told.byte(Stream::CodeMissed, 1);
        for missed in [0, 0, 1] {
            told.byte(Stream::CodeChanged, missed);
        }
        told.byte(Stream::CodePattern, 0b1111);
        for _ in 0..4 {
            told.byte(Stream::Code, 1);
        }
        let streams = told.finish();
        let mut new = vec![0; old.len()];
        let mut side = Decoder::new(streams.reader(), &mut new);
        let copy = Place { old: 0, new: 0, length: old.len() };
        assert_eq!(Residue::new().copy(&mut side, &old, &Map::new(&[]), &copy), Ok(()));
        assert_eq!(side.finish(), Ok(()));
    }
}
