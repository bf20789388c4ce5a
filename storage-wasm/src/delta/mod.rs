//! A window of a new file told by how it differs from a window of an older one.
//!
//! Executables change everywhere from one release to the next, though little of them is new: what moved makes other
//! addresses of all that refers to it. So a delta consists of
//! - the copies: bytes of the base that are, most of them, in the new window too (`copies`, `seeds`, `list`),
//! - the residue: what these differ in from a prediction, in which addresses are mended (`predict`, `residue`), and
//! - the literals: all else, as zstd frames.
//!
//! **Windows** bound the memory: a file of any size is coded window by window, each against a window of the base that
//! the caller chooses, such as the bytes at the same place and some on both sides. Nothing outside it is ever copied.
//! What was learnt about addresses goes on from window to window: the windows of a file are decoded in the order
//! and against the base windows they were encoded with.
//!
//! **Both sides** run the same code: [`range::Side`] is all that differs. So a prediction may depend on anything that
//! was coded before it, and a wrong one costs bytes, never correctness.
//!
//! # Format
//! The delta of a window: u32 LE length of the coded bits, the coded bits (the list of copies, then each copy's residue),
//! the frames of the literals. It has no checksum, and states neither the window's length nor its base.

#![forbid(unsafe_code)]

mod copies;
mod list;
mod literals;
mod map;
mod numbers;
mod predict;
mod range;
mod residue;
mod seeds;
mod shifts;
mod view;
mod x86;

use crate::Error;
use crate::compress::LEVELS;
use copies::Copy;
use list::{Bounds, List};
use map::Map;
use predict::Place;
use range::Side;
use residue::Residue;
use seeds::Seeds;

/// The most bytes of a window of a base.
pub const MAX_BASE: usize = 24 << 20;
/// The most bytes of a window of a new file.
pub const MAX_NEW: usize = 16 << 20;

/// Bytes of a file.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Where in the file they begin.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Makes the deltas of a file's windows.
///
/// It takes some 40 MiB, most of it for the index of the base, and while it works on a window as much again as that has
/// copies and literals; the windows themselves are the caller's.
pub struct Encoder {
    seeds: Seeds,
    model: Model,
}

/// Makes a file's windows from their deltas.
///
/// It takes some 8 MiB, and while it works on a window as much again as that has copies and literals.
pub struct Decoder {
    model: Model,
}

/// What is learnt from windows, on both sides the same.
struct Model {
    list: List,
    map: Map,
    residue: Residue,
}

impl Encoder {
    /// An encoder for the first window of a file.
    pub fn new() -> Self {
        Self { seeds: Seeds::EMPTY, model: Model::new() }
    }

    /// The delta of `new` against `base`. It is seldom longer than `new`, but may be.
    ///
    /// # Errors
    /// [`Error::Argument`] if a window is longer than [`MAX_BASE`] or [`MAX_NEW`], or `level` is not in [`LEVELS`];
    /// [`Error::Internal`] if memory ran out. After an error the encoder is of no use.
    pub fn encode(&mut self, base: Window<'_>, new: Window<'_>, level: i32) -> Result<Vec<u8>, Error> {
        if base.bytes.len() > MAX_BASE || new.bytes.len() > MAX_NEW || !LEVELS.contains(&level) {
            return Err(Error::Argument);
        }
        let bounds = bounds(base, new.offset, new.bytes.len());
        self.seeds.index(base.bytes);
        let copies = copies::find(base.bytes, &self.seeds, new.bytes, bounds.expected);
        let mut side = range::Encoder::new(new.bytes);
        self.model.code(&mut side, &copies, base, new.offset, bounds)?;
        let coded = side.finish();
        let mut delta = (coded.len() as u32).to_le_bytes().to_vec();
        delta.extend_from_slice(&coded);
        literals::encode(new.bytes, &copies, level, &mut delta)?;
        Ok(delta)
    }
}

impl Decoder {
    /// A decoder for the first window of a file.
    pub fn new() -> Self {
        Self { model: Model::new() }
    }

    /// Makes the window `new`, which begins at `offset` in its file, from `delta` and the same `base` that it was
    /// encoded with.
    ///
    /// Of a damaged delta it makes an error or other bytes: the caller has to check them.
    ///
    /// # Errors
    /// [`Error::Argument`] if a window is longer than [`MAX_BASE`] or [`MAX_NEW`], [`Error::Corrupt`] if `delta` is
    /// none of a window of this length against this base, [`Error::Internal`] if memory ran out. After an error
    /// what `new` holds is undefined, and the decoder is of no use.
    pub fn decode(
        &mut self,
        base: Window<'_>,
        delta: &[u8],
        offset: u64,
        new: &mut [u8],
    ) -> Result<(), Error> {
        if base.bytes.len() > MAX_BASE || new.len() > MAX_NEW {
            return Err(Error::Argument);
        }
        let (length, rest) = delta.split_first_chunk().ok_or(Error::Corrupt)?;
        let (coded, frames) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Error::Corrupt)?;
        let bounds = bounds(base, offset, new.len());
        let mut side = range::Decoder::new(coded, new);
        let copies = self.model.code(&mut side, &[], base, offset, bounds)?;
        literals::decode(frames, &copies, new)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    fn new() -> Self {
        Self { list: List::NEW, map: Map::new(), residue: Residue::new() }
    }

    /// Codes the copies of a window and what they differ in, and returns them.
    fn code(
        &mut self,
        side: &mut impl Side,
        copies: &[Copy],
        base: Window<'_>,
        offset: u64,
        bounds: Bounds,
    ) -> Result<Vec<Copy>, Error> {
        let copies = self.list.code(side, copies, bounds)?;
        // Addresses are of 32 bits.
        let (old_at, new_at) = (base.offset as u32, offset as u32);
        self.map.add(&copies, old_at, new_at);
        for &Copy { old, new, length } in &copies {
            let place = Place { old, new, length, old_at, new_at };
            self.residue.copy(side, base.bytes, &self.map, &place);
        }
        Ok(copies)
    }
}

fn bounds(base: Window<'_>, offset: u64, size: usize) -> Bounds {
    // Far apart, the windows have nothing in common at the same place.
    let expected = offset.wrapping_sub(base.offset) as i32;
    Bounds { base: base.bytes.len(), new: size, expected: expected.into() }
}
