//! Cutting bytes into chunks by their content.

#![forbid(unsafe_code)]

use fastcdc::v2020::FastCDC;

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
/// Chunking for Data Deduplication Based Storage Systems*, IEEE TPDS 2020), normalization level 1, seed 0.
///
/// With [`Following::More`] it ends when fewer than [`MAX_CHUNK`] bytes are left: no cut looks further ahead
/// than that, so input that is given piece by piece, with what was left over before each next piece, is
/// cut exactly as if it was given at once.
pub struct Chunks<'a> {
    cutter: FastCDC<'a>,
    rest: &'a [u8],
    following: Following,
}

impl<'a> Chunks<'a> {
    /// Cuts `input`, after which comes what `following` says.
    pub fn new(input: &'a [u8], following: Following) -> Self {
        Self { cutter: FastCDC::new(input, MIN_CHUNK, AVG_CHUNK, MAX_CHUNK), rest: input, following }
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
        let length = self.cutter.next()?.length;
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Chunk { bytes, id: id(bytes) })
    }
}
