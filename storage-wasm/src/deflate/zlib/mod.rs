//! The encoders that descend from zip's of 1993: zlib, GNU gzip, and pigz, whose threads let zlib
//! compress a piece each.
//!
//! All find copies with the same chains of hashes in a window of 64 KiB whose upper half moves down
//! now and then, put a copy off by a byte from level 4 on, and make the same Huffman codes. They
//! differ in where blocks end and in what they do in the last bytes of the input, see [`Program`].
//! After deflate.c and trees.c of zlib 1.3.1 and of gzip 1.12, and pigz.c of pigz 2.8.
//!
//! zlib takes input as it comes. In pieces whose lengths are no multiples of 512 bytes it may,
//! rarely and in data of a short period only, do without a copy of the longest distance that it
//! takes otherwise. Here it has all input at once.

mod block;
mod huffman;
mod lengths;
mod search;
mod symbols;
mod window;

use bytemuck::{Pod, Zeroable};

use super::Encoder;
use super::sink::Sink;
use crate::error::Error;
use block::Block;
use search::Search;
use window::Window;

/// Which program's ways to follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Zlib,
    Gzip,
}

/// What zlib's `deflate` makes with a window of 32 KiB, memory level 8 and the default strategy,
/// never flushed.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct Zlib(Stream);

/// What GNU gzip makes.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct Gzip(Stream);

/// What pigz makes with two threads or more: every [`PIECE`] of input is a stream of zlib whose
/// dictionary is the 32 KiB before, and ends at a whole byte.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Pigz {
    stream: Stream,
    taken: u32, // of the piece
}

/// How much input a thread of pigz takes.
const PIECE: usize = 128 << 10;

impl Encoder for Zlib {
    fn open(&mut self, _encoder: u32, level: u32) -> Result<(), Error> {
        self.0.search.open(level)
    }

    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.write(Program::Zlib, input, last, output);
        if last {
            self.0.end_block(true, output);
        }
    }
}

impl Encoder for Gzip {
    fn open(&mut self, _encoder: u32, level: u32) -> Result<(), Error> {
        self.0.search.open(level)
    }

    fn write(&mut self, input: &[u8], last: bool, output: &mut Sink<'_>) {
        self.0.write(Program::Gzip, input, last, output);
        if last {
            self.0.end_block(true, output);
        }
    }
}

impl Encoder for Pigz {
    fn open(&mut self, _encoder: u32, level: u32) -> Result<(), Error> {
        self.stream.search.open(level)
    }

    fn write(&mut self, mut input: &[u8], last: bool, output: &mut Sink<'_>) {
        while !input.is_empty() {
            let mut room = PIECE.saturating_sub(self.taken as usize);
            if room == 0 {
                self.stream.end_piece(output);
                (self.taken, room) = (0, PIECE);
            }
            let (piece, rest) = input.split_at(input.len().min(room));
            self.taken += piece.len() as u32;
            self.stream.write(Program::Zlib, piece, piece.len() == room, output);
            input = rest;
        }
        if last {
            self.stream.write(Program::Zlib, &[], true, output);
            self.stream.end_block(true, output);
        }
    }
}

/// Compresses a stretch of input.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Stream {
    window: Window,
    block: Block,
    search: Search,
}

impl Stream {
    /// Takes input, and makes literals and copies of it: of all if the stretch `ends` here,
    /// otherwise as far as what follows makes no difference.
    fn write(&mut self, program: Program, mut input: &[u8], ends: bool, output: &mut Sink<'_>) {
        self.window.check();
        loop {
            self.window.fill(program, &mut input, ends);
            if self.window.is_low() && !ends {
                return;
            }
            if self.window.ahead() == 0 {
                break;
            }
            if let Some(end) = self.search.run(program, &mut self.window, &mut self.block) {
                self.write_block(end, false, output);
            }
        }
        self.search.end(&self.window, &mut self.block);
        self.window.keep_last();
    }

    /// Ends the stretch with a block, which is the last of the stream if `last`.
    fn end_block(&mut self, last: bool, output: &mut Sink<'_>) {
        self.write_block(self.window.start(), last, output);
    }

    /// Ends the stretch, and prepares for another one that has the 32 KiB before as its dictionary.
    /// The stretch was as long as pigz' pieces, so those are what the window begins with.
    fn end_piece(&mut self, output: &mut Sink<'_>) {
        if !self.block.is_empty() {
            self.end_block(false, output);
        }
        block::fill_byte(output);
        self.window.restart();
    }

    /// Writes the block that ends before `end` in the window.
    fn write_block(&mut self, end: usize, last: bool, output: &mut Sink<'_>) {
        self.block.write(self.window.take_block(end), last, output);
        self.block.clear();
    }
}
