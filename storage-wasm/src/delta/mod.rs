//! A window of a new file told by how it differs from a window of an older one.
//!
//! Executables change everywhere from one release to the next, though little of them is new: what moved makes other
//! addresses of all that refers to it. So a delta consists of
//! - the copies: bytes of the base that are, most of them, in the new window too (`copies`, `seeds`, `list`),
//! - the residue: what these differ in from a prediction, in which addresses are mended (`predict`, `residue`, `mend`), and
//! - the literals: all else.
//!
//! All of it is zstd frames: the literals, and the copies and the residue as bytes of a few kinds, each kind by itself
//! (`streams`). Most of these are numbers of a few values, that follow no order but are not equally frequent: zstd's
//! Huffman codes tell them almost as short as adaptive arithmetic coding would, and faster by far.
//!
//! **Addresses** are told in x86-64 code (`x86`), in arm64 code (`arm64`, `pages`), and in words of data. What copied bytes are
//! taken for is told for every 2 KiB of them (`view`), by what costs the least (`choice`): so nothing is predicted
//! where that does not pay.
//!
//! **Windows** bound the memory: a file of any size is coded window by window, each against bytes of the base that the
//! caller chooses, such as those at the same place and some on both sides. A window may be the bytes of several files, one
//! after the other. Each delta stands alone: nothing is remembered from one to the next. So a copy reaches as far as the
//! base does, [`MAX_BASE`] bytes for [`MAX_NEW`] new ones: what moved farther than the caller foresaw is literal. What addresses
//! refer to may be anywhere: how far that moved is learnt, if the list of copies does not say it.
//!
//! **Both sides** run the same code: [`Side`] is all that differs. So a prediction may depend on anything that
//! was coded before it, and a wrong one costs bytes, never correctness.
//!
//! # Format
//! u32 LE length of the literals, the literals (`literals`), the streams: of the list of copies (`list`), then of each copy's
//! residue.
//! A delta has no checksum, and states neither the window's length nor its base.

#![forbid(unsafe_code)]

mod arm64;
mod block;
mod choice;
mod copies;
mod frames;
mod list;
mod literals;
mod map;
mod marks;
mod mend;
mod numbers;
mod outlook;
mod pages;
mod predict;
mod residue;
mod seeds;
mod shifts;
mod side;
mod sites;
mod starts;
mod streams;
mod view;
mod x86;

use crate::Error;
use crate::compress::LEVELS;
use block::Place;
use copies::Copy;
use list::Bounds;
use map::Map;
use residue::Residue;
use side::Side;
use streams::Streams;

/// The most bytes of the base that a window is coded against.
pub const MAX_BASE: usize = 8 << 20;
/// The most bytes of a window.
pub const MAX_NEW: usize = 4 << 20;

/// The weakest level that literals are coded at: they are few bytes, which have cost time to find, and most of a delta.
const MIN_LEVEL: i32 = 5;

/// The bytes of the length that a delta begins with.
const HEAD: usize = 4;

/// Writes the delta of `new` against `base` to the beginning of `output` and returns its length.
///
/// The delta depends on these bytes and the level alone. To make it takes up to 24 MiB of memory.
///
/// # Errors
/// [`Error::Argument`] if `base` has more than [`MAX_BASE`] bytes, `new` is not between 1 and [`MAX_NEW`], or `level`
/// is not in [`LEVELS`]; [`Error::Space`] if the delta does not fit `output`, or if samples of a large
/// window soon say that it will be far from fitting; [`Error::Internal`] if memory ran out.
pub fn encode(base: &[u8], new: &[u8], level: i32, output: &mut [u8]) -> Result<usize, Error> {
    check_lengths(base, new)?;
    if !LEVELS.contains(&level) {
        return Err(Error::Argument);
    }
    let (head, rest) = output.split_first_chunk_mut::<HEAD>().ok_or(Error::Space)?;
    let mut copies = copies::find(base, new, rest.len())?;
    let literals = literals::encode(new, &copies, level.max(MIN_LEVEL), rest)?;
    let mut side = side::Encoder::new(new);
    code(&mut side, &mut copies, base, new.len())?;
    *head = (literals as u32).to_le_bytes();
    Ok(HEAD + literals + side.finish().encode(level, &mut rest[literals..])?)
}

/// Makes the window `new` from `delta` and the same `base` that it was encoded with. That takes up to 8 MiB of memory.
///
/// Of a damaged delta it makes an error or other bytes: the caller has to check them.
///
/// # Errors
/// [`Error::Argument`] if `base` has more than [`MAX_BASE`] bytes or `new` is not between 1 and [`MAX_NEW`],
/// [`Error::Corrupt`] if `delta` is none of a window of this length against this base, [`Error::Internal`] if memory
/// ran out. After an error what `new` holds is undefined.
pub fn decode(base: &[u8], delta: &[u8], new: &mut [u8]) -> Result<(), Error> {
    check_lengths(base, new)?;
    let (literals, rest) = frames::number(delta)?;
    let (literals, streams) = rest.split_at_checked(literals).ok_or(Error::Corrupt)?;
    let streams = Streams::decode(streams)?;
    let (mut copies, size) = (Vec::new(), new.len());
    let mut side = side::Decoder::new(streams.reader(), new);
    code(&mut side, &mut copies, base, size)?;
    side.finish()?;
    literals::decode(literals, &copies, new)
}

fn check_lengths(base: &[u8], new: &[u8]) -> Result<(), Error> {
    let fit = base.len() <= MAX_BASE && (1..=MAX_NEW).contains(&new.len());
    if fit { Ok(()) } else { Err(Error::Argument) }
}

/// Codes the copies that a window of `size` bytes consists of, and what they differ in.
fn code(side: &mut impl Side, copies: &mut Vec<Copy>, base: &[u8], size: usize) -> Result<(), Error> {
    list::code(side, copies, Bounds { base: base.len(), new: size })?;
    side.check()?;
    let map = Map::new(copies);
    let mut residue = Residue::new();
    for &Copy { old, new, length } in copies.iter() {
        residue.copy(side, base, &map, &Place { old, new, length })?;
    }
    Ok(())
}
