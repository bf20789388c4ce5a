//! The routines on regions of an arena: all of the ABI that can be said in safe code.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::chunk::{self, Chunks, Following, MAX_CHUNK};
use crate::compress;
use crate::deflate;
use crate::delta;
use crate::error::Error;

/// Bytes of a record that [`Arena::split`] writes: u32 LE length, 32 bytes ID.
pub const RECORD_SIZE: usize = 4 + 32;
/// Bytes of an extent that [`Arena::restore`] and [`Arena::patch`] read: u32 LE offset, u32 LE length, 32 bytes ID.
pub const EXTENT_SIZE: usize = 4 + 4 + 32;

/// A region of memory as a host names it: unchecked until an [`Arena`] resolves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The address of its first byte.
    pub address: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// The memory in which a host places inputs and finds outputs.
///
/// Every routine returns [`Error::Argument`] when a region does not lie in the arena as a whole, or when two
/// regions of a call overlap. So nothing that a host says reaches any other memory.
pub struct Arena<'a> {
    address: usize,
    memory: &'a mut [u8],
}

impl<'a> Arena<'a> {
    /// The arena that consists of `memory`, whose first byte the host knows as `address`.
    pub fn new(address: usize, memory: &'a mut [u8]) -> Self {
        Self { address, memory }
    }

    /// Puts `bytes` into `output` and returns their number.
    ///
    /// # Errors
    /// [`Error::Argument`], as for every routine; the length of `output` must be that of `bytes`.
    pub fn put(&mut self, bytes: &[u8], output: Region) -> Result<usize, Error> {
        let [output] = self.resolve([output])?;
        if output.len() != bytes.len() {
            return Err(Error::Argument);
        }
        output.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Cuts `input` into chunks, writes a record of each to `output` and returns their number.
    ///
    /// # Errors
    /// [`Error::Space`] if `output` cannot hold all records.
    pub fn split(&mut self, input: Region, following: Following, output: Region) -> Result<usize, Error> {
        let [input, output] = self.resolve([input, output])?;
        let (records, _) = output.as_chunks_mut::<RECORD_SIZE>();
        let mut records = records.iter_mut();
        let mut count = 0;
        for chunk in Chunks::new(input, following) {
            let record = records.next().ok_or(Error::Space)?;
            let (length, id) = record.split_at_mut(4);
            length.copy_from_slice(&(chunk.bytes.len() as u32).to_le_bytes());
            id.copy_from_slice(&chunk.id);
            count += 1;
        }
        Ok(count)
    }

    /// Compresses `input` into a frame at the beginning of `output` and returns the frame's length.
    ///
    /// # Errors
    /// As [`compress::compress`].
    pub fn compress(&mut self, input: Region, level: i32, output: Region) -> Result<usize, Error> {
        let [input, output] = self.resolve([input, output])?;
        compress::compress(input, level, output)
    }

    /// Decompresses the frame `input` so that it fills `output`, checks each of the `extents` in it, and
    /// returns the length of `output`.
    ///
    /// # Errors
    /// [`Error::Argument`] if an extent is empty, longer than [`MAX_CHUNK`] or reaches beyond `output`,
    /// [`Error::Mismatch`] with the first extent whose bytes do not have its ID; otherwise as
    /// [`compress::decompress`].
    pub fn restore(&mut self, input: Region, extents: Region, output: Region) -> Result<usize, Error> {
        let [input, extents, output] = self.resolve([input, extents, output])?;
        let extents = parse(extents, output.len())?;
        compress::decompress(input, output)?;
        check(extents, output)
    }

    /// Writes the delta of `input` against `base` to the beginning of `output` and returns the delta's length.
    ///
    /// # Errors
    /// As [`delta::encode`].
    pub fn delta(&mut self, base: Region, input: Region, level: i32, output: Region) -> Result<usize, Error> {
        let [base, input, output] = self.resolve([base, input, output])?;
        delta::encode(base, input, level, output)
    }

    /// Fills `output` with what `delta` makes of `base`, checks each of the `extents` in it, and returns the length of
    /// `output`.
    ///
    /// # Errors
    /// As [`delta::decode`]; for extents as [`Arena::restore`].
    pub fn patch(
        &mut self,
        base: Region,
        delta: Region,
        extents: Region,
        output: Region,
    ) -> Result<usize, Error> {
        let [base, delta, extents, output] = self.resolve([base, delta, extents, output])?;
        let extents = parse(extents, output.len())?;
        delta::decode(base, delta, output)?;
        check(extents, output)
    }

    /// Begins a deflate stream as `encoder` writes it at `level`: puts its state at the beginning of `state`, whose address is
    /// a multiple of 16, and returns the state's length.
    ///
    /// # Errors
    /// As [`deflate::open`].
    pub fn deflate_open(&mut self, encoder: i32, level: i32, state: Region) -> Result<usize, Error> {
        let [state] = self.resolve([state])?;
        let [encoder, level] = [encoder, level].map(u32::try_from);
        deflate::open(encoder.map_err(|_| Error::Argument)?, level.map_err(|_| Error::Argument)?, state)
    }

    /// Goes on with the stream of a state, which it changes: compresses `input`, the last of the stream if `last`, puts what is
    /// made of it at the beginning of `output` and returns the length of that.
    ///
    /// # Errors
    /// As [`deflate::write()`].
    pub fn deflate(
        &mut self,
        state: Region,
        input: Region,
        last: bool,
        output: Region,
    ) -> Result<usize, Error> {
        let [state, input, output] = self.resolve([state, input, output])?;
        deflate::write(state, input, last, output)
    }

    /// The bytes of `regions`, each of which lies in the arena and none of which overlap.
    fn resolve<const N: usize>(&mut self, regions: [Region; N]) -> Result<[&mut [u8]; N], Error> {
        let mut places = [const { 0..0 }; N];
        for (place, region) in places.iter_mut().zip(regions) {
            *place = self.place(region)?;
        }
        self.memory.get_disjoint_mut(places).map_err(|_| Error::Argument)
    }

    /// Where in the arena `region` lies. An empty one overlaps nothing, so it is moved to the beginning.
    fn place(&self, region: Region) -> Result<Range<usize>, Error> {
        let start = region.address.checked_sub(self.address).ok_or(Error::Argument)?;
        let end = start.checked_add(region.length).ok_or(Error::Argument)?;
        if end > self.memory.len() {
            return Err(Error::Argument);
        }
        Ok(if start == end { 0..0 } else { start..end })
    }
}

/// The extents that `bytes` are, each of a chunk within `size` bytes.
fn parse(bytes: &[u8], size: usize) -> Result<&[[u8; EXTENT_SIZE]], Error> {
    match bytes.as_chunks() {
        (extents, []) if extents.iter().all(|extent| fits(extent, size)) => Ok(extents),
        _ => Err(Error::Argument),
    }
}

/// The length of `bytes`, if each of the extents has its ID.
fn check(extents: &[[u8; EXTENT_SIZE]], bytes: &[u8]) -> Result<usize, Error> {
    match extents.iter().position(|extent| !matches(extent, bytes)) {
        Some(place) => Err(Error::Mismatch(place as u32)),
        None => Ok(bytes.len()),
    }
}

/// The place in the raw bytes that `extent` names.
fn place_of(extent: &[u8; EXTENT_SIZE]) -> (usize, usize) {
    let [o0, o1, o2, o3, l0, l1, l2, l3, ..] = *extent;
    (u32::from_le_bytes([o0, o1, o2, o3]) as usize, u32::from_le_bytes([l0, l1, l2, l3]) as usize)
}

/// Whether `extent` has the length of a chunk and lies within `size` bytes.
fn fits(extent: &[u8; EXTENT_SIZE], size: usize) -> bool {
    let (offset, length) = place_of(extent);
    (1..=MAX_CHUNK).contains(&length) && offset <= size && length <= size - offset
}

/// Whether the bytes that `extent` names have its ID. The extent must fit.
fn matches(extent: &[u8; EXTENT_SIZE], bytes: &[u8]) -> bool {
    let (offset, length) = place_of(extent);
    chunk::id(&bytes[offset..offset + length]) == extent[8..]
}
