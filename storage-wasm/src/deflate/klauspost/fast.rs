//! What levels 1 to 6 have in common: blocks of 65535 raw bytes, whose matches a [`Search`] finds in them and in the
//! 32768 bytes before them.
//!
//! Source: klauspost/compress, `flate/fast_encoder.go` and `flate/deflate.go`.

use bytemuck::{Pod, Zeroable};

use super::tokens::Tokens;
use super::window::{MAX_DISTANCE, Window};
use super::writer::{Following, MAX_STORED, Version, Writer};
use super::{DICTIONARY, Method};
use crate::deflate::sink::Sink;

/// See [`Writer::open`].
fn penalty(version: Version) -> u32 {
    match version {
        _ if version < Version::V1_11_13 => 6,
        _ if version < Version::V1_14_0 => 8,
        _ => 7,
    }
}

/// A search counts positions from the beginning of the stream. Before they leave an `i32`, they begin anew.
const RENEWAL: i32 = 1 << 30;

/// A block that is shorter is not searched, and one of not more than `TINY` bytes is stored. Since v1.20.4, that goes for
/// streams alone; other blocks are stored only if they have not more than `LEAST` bytes.
const SMALL: usize = 128;
const TINY: usize = 32;
const LEAST: usize = 12;

/// What is of every level.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    pub window: Window,
    pub tokens: Tokens,
    pub writer: Writer,
    filled: u32,
}

/// How a level finds matches.
pub trait Search: Pod {
    /// The block.
    fn block(&mut self) -> &mut Block;

    /// Adds the tokens of the block and returns from which index on there are none.
    fn search(&mut self) -> i32;

    /// The positions in all tables.
    fn tables(&mut self) -> [&mut [i32]; 2];
}

/// A level from 1 to 6.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub struct Fast<S>(S);

impl<S: Search> Fast<S> {
    /// Writes the block.
    fn encode(&mut self, following: Following, output: &mut Sink<'_>) {
        let Block { window, writer, .. } = self.0.block();
        let length = window.block().len();
        let is_stream = following == Following::End && window.start() == 0;
        let shortest = if writer.version() < Version::V1_20_4 || is_stream { SMALL } else { LEAST + 1 };
        if length >= shortest {
            self.search();
        }
        let Block { window, tokens, writer, .. } = self.0.block();
        let raw = window.block();
        match tokens.count() as usize {
            _ if length == 0 => {}
            _ if length <= TINY.min(shortest - 1) => writer.stored(raw, output),
            0 if length >= SMALL => writer.stored(raw, output),
            0 => writer.literals(raw, following, output),
            count if count > length - length / 16 => writer.literals(raw, following, output),
            _ => writer.block(tokens, Some(raw), following, output),
        }
        tokens.clear();
        window.advance();
    }

    /// Finds the tokens of the block.
    fn search(&mut self) {
        self.renew();
        let from = self.0.search();
        let Block { window, tokens, .. } = self.0.block();
        if tokens.count() > 0 {
            tokens.literals(window.slice(from, window.end()));
        }
    }

    /// Counts positions from the window on, if they become too great. Those that are too far away become 0.
    fn renew(&mut self) {
        let window = &mut self.0.block().window;
        if window.base < RENEWAL {
            return;
        }
        let (base, start) = (window.base, window.start());
        window.base = MAX_DISTANCE;
        let oldest = base + start - MAX_DISTANCE;
        for position in self.0.tables().into_iter().flatten() {
            *position = if *position > oldest { *position - base + MAX_DISTANCE } else { 0 };
        }
    }
}

impl<S: Search> Method for Fast<S> {
    fn open(&mut self, version: Version, _level: u32) {
        let block = self.0.block();
        block.writer.open(version, penalty(version));
        block.window.base = MAX_STORED as i32;
    }

    fn restart(&mut self) {
        let block = self.0.block();
        block.writer.reset();
        let end = block.window.end();
        let mut dictionary = [0; DICTIONARY];
        let tail = block.window.slice(end - DICTIONARY as i32, end);
        if let Some(tail) = tail.first_chunk() {
            dictionary = *tail;
        }
        block.window.reset();
        block.window.take(&dictionary);
        self.search();
        let Block { window, tokens, .. } = self.0.block();
        tokens.clear();
        window.advance();
    }

    fn write(&mut self, mut input: &[u8], output: &mut Sink<'_>) {
        self.0.block().window.check();
        while !input.is_empty() {
            if self.0.block().window.block().len() >= MAX_STORED {
                self.encode(Following::Block, output);
            }
            input = self.0.block().window.take(input);
        }
    }

    fn flush(&mut self, following: Following, output: &mut Sink<'_>) {
        self.encode(following, output);
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.0.block().writer
    }

    fn filled(&mut self) -> &mut u32 {
        &mut self.0.block().filled
    }
}
