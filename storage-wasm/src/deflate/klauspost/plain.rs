//! Level 0, which stores, and the level that knows of literals only.
//!
//! Source: klauspost/compress, `flate/deflate.go`.

use bytemuck::{Pod, Zeroable};

use super::Method;
use super::writer::{Following, MAX_STORED, Version, Writer};
use crate::deflate::sink::Sink;

/// How long a block of literals is.
const LITERALS: u32 = 32 << 10;

/// See [`Writer::open`].
const PENALTY: u32 = 10;

/// Level 0, or the one of literals only.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Plain {
    bytes: [u8; 1 << 16],
    end: u32,
    most: u32,
    filled: u32,
    writer: Writer,
}

impl Plain {
    fn write_block(&mut self, following: Following, output: &mut Sink<'_>) {
        let raw = self.bytes.get(..self.end as usize).unwrap_or_default();
        match self.most {
            _ if raw.is_empty() => {}
            LITERALS => self.writer.literals(raw, following, output),
            _ => self.writer.stored(raw, output),
        }
        self.end = 0;
    }
}

impl Method for Plain {
    fn open(&mut self, version: Version, level: u32) {
        self.writer.open(version, PENALTY);
        self.most = if level == 0 { MAX_STORED as u32 } else { LITERALS };
    }

    fn restart(&mut self) {
        self.writer.reset();
    }

    fn write(&mut self, mut input: &[u8], output: &mut Sink<'_>) {
        self.most = self.most.clamp(1, MAX_STORED as u32);
        while !input.is_empty() {
            if self.end >= self.most {
                self.write_block(Following::Block, output);
            }
            let room = self.bytes[..self.most as usize].get_mut(self.end as usize..).unwrap_or_default();
            let (now, rest) = input.split_at(input.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            self.end += now.len() as u32;
            input = rest;
        }
    }

    fn flush(&mut self, following: Following, output: &mut Sink<'_>) {
        self.write_block(following, output);
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn filled(&mut self) -> &mut u32 {
        &mut self.filled
    }
}
