//! Cutting bytes into chunks by their content.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use fastcdc::v2020::{Normalization, get_gear_with_seed, select_masks};

/// The smallest chunk in bytes; only the last chunk of an input may be smaller.
pub const MIN_CHUNK: usize = 16 << 10;
/// The chunk length, in bytes, that the cut points aim at.
pub const AVG_CHUNK: usize = 64 << 10;
/// The largest chunk in bytes.
pub const MAX_CHUNK: usize = 256 << 10;

/// The BLAKE3-256 hash of a chunk's bytes.
pub type Id = [u8; 32];

/// The [`Id`] of the chunk that consists of `bytes`.
pub fn id(bytes: &[u8]) -> Id {
    *blake3::hash(bytes).as_bytes()
}

/// What follows the bytes given to [`Chunks::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// Nothing: the input ends here, and its last bytes are a chunk whatever their number.
    Nothing,
    /// More input: bytes whose chunk could come out differently with it are left over.
    More,
}

/// A run of bytes cut out of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The bytes themselves, between 1 and [`MAX_CHUNK`].
    pub bytes: &'a [u8],
    /// Their BLAKE3-256 hash.
    pub id: Id,
}

/// The chunks of an input, back to back from its first byte, each hashed while it is still in the cache.
///
/// The cut points are those of FastCDC in its 2020 form (Xia et al., *The Design of Fast Content-Defined
/// Chunking for Data Deduplication Based Storage Systems*, IEEE TPDS 2020), normalization level 1, seed 0, as
/// crate `fastcdc` 5.0 finds them. Only its tables are used: on wazero the loop below makes
/// splitting a third faster.
///
/// With [`Following::More`] it ends when fewer than [`MAX_CHUNK`] bytes are left: no cut looks further ahead
/// than that, so input that is given piece by piece, with what was left over before each next piece, is
/// cut exactly as if it was given at once.
pub struct Chunks<'a> {
    gear: Cow<'static, [u64]>,
    strict: u64,
    loose: u64,
    rest: &'a [u8],
    following: Following,
}

impl<'a> Chunks<'a> {
    /// Cuts `input`, after which comes what `following` says.
    pub fn new(input: &'a [u8], following: Following) -> Self {
        let (gear, _) = get_gear_with_seed(0);
        let (strict, loose) = select_masks(AVG_CHUNK, Normalization::Level1);
        Self { gear, strict, loose, rest: input, following }
    }

    /// The length of the next chunk.
    fn cut(&self) -> usize {
        let end = self.rest.len().min(MAX_CHUNK);
        if end <= MIN_CHUNK {
            return end;
        }
        // The crate looks at pairs of bytes, so the last of an odd number is no cut point.
        let even = end & !1;
        let middle = even.min(AVG_CHUNK);
        let mut scan = Scan { gear: self.gear.first_chunk().expect("a gear for each byte"), hash: 0 };
        if let Some(at) = scan.find(&self.rest[MIN_CHUNK..middle], self.strict) {
            return MIN_CHUNK + at;
        }
        if let Some(at) = scan.find(&self.rest[middle..even], self.loose) {
            return middle + at;
        }
        end
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let enough = match self.following {
            Following::Nothing => 1,
            Following::More => MAX_CHUNK,
        };
        if self.rest.len() < enough {
            return None;
        }
        let (bytes, rest) = self.rest.split_at(self.cut());
        self.rest = rest;
        Some(Chunk { bytes, id: id(bytes) })
    }
}

/// A search for the next cut point.
struct Scan<'a> {
    gear: &'a [u64; 256],
    hash: u64,
}

impl Scan<'_> {
    /// The first of `bytes` with which the hash has no bit of `mask`.
    fn find(&mut self, bytes: &[u8], mask: u64) -> Option<usize> {
        let (words, tail) = bytes.as_chunks::<8>();
        for (at, word) in words.iter().enumerate() {
            // One load for eight bytes: every load of its own costs a bounds check of the engine.
            let word = u64::from_le_bytes(*word);
            for byte in 0..8 {
                if self.step((word >> (8 * byte)) as u8, mask) {
                    return Some(8 * at + byte);
                }
            }
        }
        let at = tail.iter().position(|&byte| self.step(byte, mask))?;
        Some(8 * words.len() + at)
    }

    /// Takes `byte` into the hash and tells whether that has no bit of `mask` then.
    fn step(&mut self, byte: u8, mask: u64) -> bool {
        self.hash = (self.hash << 1).wrapping_add(self.gear[usize::from(byte)]);
        self.hash & mask == 0
    }
}
