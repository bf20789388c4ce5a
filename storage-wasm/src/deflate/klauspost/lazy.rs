//! Levels 7 to 9: chains of positions with the same hash, and matches that are put off while the next one is longer.
//!
//! Source: klauspost/compress, `flate/deflate.go`.

use bytemuck::{Pod, Zeroable};

use super::chains::{Chains, MIN_LENGTH, SIZE, WINDOW};
use super::tokens::{MAX_LENGTH, Tokens};
use super::writer::{Following, Version, Writer};
use super::{DICTIONARY, Method};
use crate::deflate::sink::Sink;

/// The most tokens of a block.
const MAX_TOKENS: u32 = 1 << 15;

/// How far before the end of what is known a search stops.
const LOOKAHEAD: i32 = MIN_LENGTH + MAX_LENGTH;

/// See [`Writer::open`].
const PENALTY: u32 = 8;

/// The beginning of the block has left the window.
const GONE: i32 = i32::MAX;

/// A level from 7 to 9.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Lazy {
    chains: Chains,
    tokens: Tokens,
    writer: Writer,
    filled: u32,
    index: i32,
    block: i32,    // where the block begins, or GONE
    length: i32,   // of the match before
    distance: i32, // of the match before
    pending: u32,  // whether the byte before the index is not a token yet
    literals: u32, // in a row, as 16 bits
}

impl Lazy {
    fn lazy(&self) -> i32 {
        match self.chains.level {
            7 => 12,
            8 => 30,
            _ => 258,
        }
    }

    fn begin(&mut self) {
        (self.length, self.distance) = (MIN_LENGTH - 1, 0);
        (self.pending, self.literals) = (0, 0);
        self.chains.head = -1;
    }

    /// Adds a literal.
    #[inline]
    fn literal(&mut self, index: i32, following: Following, output: &mut Sink<'_>) {
        let byte = self.chains.byte(index);
        self.tokens.literal(byte);
        self.write_full(following, output);
    }

    /// Writes the block if it has all the tokens it may have.
    #[inline]
    fn write_full(&mut self, following: Following, output: &mut Sink<'_>) {
        if self.tokens.count() >= MAX_TOKENS {
            self.write_block(following, output);
        }
    }

    fn write_block(&mut self, following: Following, output: &mut Sink<'_>) {
        if self.index > 0 {
            let raw = (self.block <= self.index).then(|| self.chains.slice(self.block, self.index));
            self.writer.block(&mut self.tokens, raw, following, output);
            self.block = self.index;
        }
        self.tokens.clear();
    }

    /// Finds tokens as far as enough is known, or of all there is.
    fn step(&mut self, following: Following, output: &mut Sink<'_>) {
        let end = self.chains.end();
        self.index = self.index.clamp(0, end);
        if end - self.index < LOOKAHEAD && following == Following::Block {
            return;
        }
        self.chains.weigh(self.index, self.writer.version());
        loop {
            let ahead = end - self.index;
            if ahead < LOOKAHEAD && following == Following::Block {
                return;
            }
            if ahead <= 0 {
                if self.pending != 0 {
                    let byte = self.chains.byte(self.index - 1);
                    self.tokens.literal(byte);
                    self.pending = 0;
                }
                if self.tokens.count() > 0 {
                    self.write_block(following, output);
                }
                return;
            }
            self.chains.enter(self.index);
            let (length, distance) = (self.length, self.distance);
            (self.length, self.distance) = (MIN_LENGTH - 1, 0);
            if ahead > length
                && length < self.lazy()
                && let Some(found) = self.chains.find(self.index, ahead)
            {
                (self.length, self.distance) = found;
            }
            if length >= MIN_LENGTH && self.length <= length {
                self.take(length, distance, following, output);
            } else {
                self.put_off(following, output);
            }
        }
    }

    /// Adds the match before the index.
    fn take(&mut self, length: i32, distance: i32, following: Following, output: &mut Sink<'_>) {
        let (length, distance) = self.improve(length, distance, following, output);
        self.tokens.one_match(length, distance);
        let index = self.index + length - 1;
        self.chains.enter_all(self.index + 1, index);
        self.index = index;
        self.pending = 0;
        self.length = MIN_LENGTH - 1;
        self.write_full(following, output);
        self.literals = 0;
    }

    /// Looks for a longer match that ends with what follows this one, and may differ from it in the first two bytes:
    /// these become literals then.
    fn improve(
        &mut self,
        length: i32,
        distance: i32,
        following: Following,
        output: &mut Sink<'_>,
    ) -> (i32, i32) {
        let from = self.index - 1;
        let most = (self.chains.end() - self.index).min(MAX_LENGTH + 2) - 2;
        let Some((mut longer, earlier)) = self.chains.find_end(from, length, distance, most) else {
            return (length, distance);
        };
        for i in (0..2).rev() {
            if longer < MAX_LENGTH && self.chains.byte(from + i) == self.chains.byte(earlier + i) {
                longer += 1;
                continue;
            }
            for j in 0..=i {
                self.literal(from + j, following, output);
                self.index += 1;
                self.chains.enter(self.index);
            }
            break;
        }
        (longer, from - earlier)
    }

    /// Goes on by a byte, and adds the one before as a literal. In a long row of these, by more.
    fn put_off(&mut self, following: Following, output: &mut Sink<'_>) {
        if self.length >= MIN_LENGTH {
            self.literals = 0;
        }
        if self.pending == 0 {
            self.index += 1;
            self.pending = 1;
            return;
        }
        self.literals = (self.literals + 1) & 0xffff;
        self.literal(self.index - 1, following, output);
        self.index += 1;
        let many = self.literals as i32 - self.chains.tries();
        if many <= 0 {
            return;
        }
        for _ in 0..1 + (many >> 6) {
            if self.index >= self.chains.end() - 1 {
                break;
            }
            self.literal(self.index - 1, following, output);
            self.chains.enter(self.index);
            self.index += 1;
        }
        let byte = self.chains.byte(self.index - 1);
        self.tokens.literal(byte);
        self.pending = 0;
        self.write_full(following, output);
    }
}

impl Method for Lazy {
    fn open(&mut self, version: Version, level: u32) {
        self.writer.open(version, PENALTY);
        self.chains.level = level;
        self.chains.reset();
        self.begin();
    }

    fn restart(&mut self) {
        let end = self.chains.end();
        let mut dictionary = [0; DICTIONARY];
        if let Some(tail) = self.chains.slice(end - DICTIONARY as i32, end).first_chunk() {
            dictionary = *tail;
        }
        self.writer.reset();
        self.tokens.clear();
        self.chains.reset();
        self.chains.take(&dictionary);
        self.chains.enter_all(0, DICTIONARY as i32);
        self.begin();
        self.index = DICTIONARY as i32;
        // The dictionary was once counted to the first block.
        self.block = if self.writer.version() < Version::V1_18_2 { 0 } else { self.index };
    }

    fn write(&mut self, mut input: &[u8], output: &mut Sink<'_>) {
        self.chains.check();
        while !input.is_empty() {
            if self.chains.end() >= SIZE as i32 {
                self.step(Following::Block, output);
                if self.index >= SIZE as i32 - LOOKAHEAD {
                    self.chains.advance();
                    self.index -= WINDOW;
                    self.block = if self.block >= WINDOW { self.block - WINDOW } else { GONE };
                }
            }
            let rest = self.chains.take(input);
            if rest.len() == input.len() {
                return; // no stream comes here
            }
            input = rest;
        }
    }

    fn flush(&mut self, following: Following, output: &mut Sink<'_>) {
        self.step(following, output);
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn filled(&mut self) -> &mut u32 {
        &mut self.filled
    }
}
