//! Levels 0 and `HuffmanOnly`: blocks of literals.

use bytemuck::{Pod, Zeroable};

use super::block::{self, MAX_STORED};
use crate::deflate::Encoder;
use crate::deflate::sink::Sink;
use crate::error::Error;

/// The state: the bytes of a block that is not full.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Plain {
    level: u32,
    length: u32,
    raw: [u8; MAX_STORED + 1],
}

impl Encoder for Plain {
    fn open(&mut self, _encoder: u32, level: u32) -> Result<(), Error> {
        self.level = level;
        Ok(())
    }

    fn write(&mut self, mut input: &[u8], last: bool, sink: &mut Sink<'_>) {
        while !input.is_empty() {
            let room = &mut self.raw[..MAX_STORED][(self.length as usize).min(MAX_STORED)..];
            let (head, rest) = input.split_at(input.len().min(room.len()));
            room[..head.len()].copy_from_slice(head);
            self.length += head.len() as u32;
            input = rest;
            if self.length as usize >= MAX_STORED {
                self.end_block(sink);
            }
        }
        if last {
            self.end_block(sink);
            super::close(sink);
        }
    }
}

impl Plain {
    /// Writes the bytes so far as a block, if there are any.
    fn end_block(&mut self, sink: &mut Sink<'_>) {
        let raw = &self.raw[..(self.length as usize).min(MAX_STORED)];
        match self.level {
            _ if raw.is_empty() => {}
            0 => block::store(raw, false, sink),
            _ => block::write_dynamic(raw, raw, sink),
        }
        self.length = 0;
    }
}
