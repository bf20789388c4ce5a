//! Level 1: the first match that a small hash table finds, as Snappy takes it, in blocks of 65535 bytes.

use bytemuck::{Pod, Zeroable};

use super::block::{self, MAX_STORED, Step, Symbols};
use super::codes::{MAX_DISTANCE, MAX_LENGTH, MIN_LENGTH};
use crate::deflate::Encoder;
use crate::deflate::sink::Sink;
use crate::error::Error;

/// The bytes before a block that it may copy.
const HISTORY: usize = MAX_DISTANCE;
/// The bits of a hash.
const HASH_BITS: u32 = 14;
/// The bytes of a match that its hash is of.
const SEED: usize = 4;
/// The bytes at the end of a block where no match begins.
const MARGIN: usize = 15;
/// The most steps of a block: one for each match, of 4 bytes or more, and those of nothing but literals.
const MAX_STEPS: usize = (MAX_STORED / SEED + MAX_STORED / MAX_RUN + 2).next_multiple_of(4);
/// The bits of a step that say how many literals there are.
const RUN_BITS: u32 = 9;
/// The most literals of a step.
const MAX_RUN: usize = (1 << RUN_BITS) - 1;

/// The state.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Fast {
    /// How many bytes the block has.
    length: u32,
    /// How many steps it takes.
    count: u32,
    steps: [u32; MAX_STEPS],
    /// Where bytes of a hash were last, 1 more than that; 0 if they were nowhere.
    table: [u32; 1 << HASH_BITS],
    /// What is before the block, and then the block.
    window: [u8; HISTORY + MAX_STORED + 1],
}

impl Encoder for Fast {
    fn open(&mut self, _encoder: u32, _level: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, mut input: &[u8], last: bool, sink: &mut Sink<'_>) {
        while !input.is_empty() {
            let length = (self.length as usize).min(MAX_STORED);
            let room = &mut self.window[HISTORY + length..HISTORY + MAX_STORED];
            let (head, rest) = input.split_at(input.len().min(room.len()));
            room[..head.len()].copy_from_slice(head);
            self.length = (length + head.len()) as u32;
            input = rest;
            if self.length as usize == MAX_STORED {
                self.end_block(sink);
                self.slide();
            }
        }
        if last {
            self.end_last_block(sink);
            super::close(sink);
        }
    }
}

impl Fast {
    /// Writes what is left, in ways of its own if that is little.
    fn end_last_block(&mut self, sink: &mut Sink<'_>) {
        let end = HISTORY + (self.length as usize).min(MAX_STORED);
        let raw = &self.window[HISTORY..end];
        match raw.len() {
            0 => {}
            1..=16 => block::store(raw, false, sink),
            17..128 => block::write_dynamic(raw, raw, sink),
            _ => self.end_block(sink),
        }
    }

    /// Writes the block.
    fn end_block(&mut self, sink: &mut Sink<'_>) {
        let length = (self.length as usize).min(MAX_STORED);
        self.find(HISTORY + length);
        let raw = &self.window[HISTORY..HISTORY + length];
        let steps = Steps { raw, steps: &self.steps[..(self.count as usize).min(MAX_STEPS)] };
        if steps.count() > raw.len() - raw.len() / 16 {
            block::write_dynamic(raw, raw, sink);
        } else {
            block::write_dynamic(&steps, raw, sink);
        }
    }

    /// Makes a full block what is before the next one.
    fn slide(&mut self) {
        self.window.copy_within(MAX_STORED..MAX_STORED + HISTORY, 0);
        for place in &mut self.table {
            *place = place.saturating_sub(MAX_STORED as u32);
        }
        self.length = 0;
    }

    /// Finds the matches of the block, which ends at `end` and has 128 bytes or more.
    ///
    /// The more bytes there are since the last match, the fewer of them are looked up.
    fn find(&mut self, end: usize) {
        self.count = 0;
        let limit = end - MARGIN;
        let mut written = HISTORY;
        let mut at = HISTORY;
        'matches: loop {
            let mut skip = 32;
            let mut seed = self.seed(at);
            let mut distance = loop {
                let next = at + (skip >> 5);
                skip += skip >> 5;
                if next > limit {
                    break 'matches;
                }
                if let Some(distance) = self.exchange(seed, at) {
                    break distance;
                }
                at = next;
                seed = self.seed(at);
            };
            loop {
                let length = SEED + self.common(at + SEED, distance, end);
                self.push(at - written, length, distance);
                at += length;
                written = at;
                if at >= limit {
                    break 'matches;
                }
                self.exchange(self.seed(at - 1), at - 1);
                match self.exchange(self.seed(at), at) {
                    Some(found) => distance = found,
                    None => break,
                }
            }
            at += 1;
        }
        self.push(end - written, MIN_LENGTH, 1);
    }

    /// The bytes at a place.
    #[inline]
    fn seed(&self, at: usize) -> u32 {
        self.window.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |seed| u32::from_le_bytes(*seed))
    }

    /// Notes that `seed` is at a place, and returns the distance to where it was before, if that is not too far.
    #[inline]
    fn exchange(&mut self, seed: u32, at: usize) -> Option<usize> {
        let hash = seed.wrapping_mul(0x1e35_a7bd) >> (32 - HASH_BITS);
        let place = &mut self.table[hash as usize & ((1 << HASH_BITS) - 1)];
        let distance = (at + 1).wrapping_sub(*place as usize);
        *place = at as u32 + 1;
        (distance <= MAX_DISTANCE && self.seed(at.wrapping_sub(distance)) == seed).then_some(distance)
    }

    /// How many bytes from a place on, as many as a match may go on with, are those at a distance before them.
    #[inline]
    fn common(&self, at: usize, distance: usize, end: usize) -> usize {
        let end = end.min(at + MAX_LENGTH - SEED);
        let new = self.window.get(at..end).unwrap_or_default();
        let old = self.window.get(at.wrapping_sub(distance)..).unwrap_or_default();
        let (words, _) = new.as_chunks::<8>();
        let mut length = 0;
        for (new, old) in words.iter().zip(old.as_chunks::<8>().0) {
            let difference = u64::from_le_bytes(*new) ^ u64::from_le_bytes(*old);
            if difference != 0 {
                return length + difference.trailing_zeros() as usize / 8;
            }
            length += 8;
        }
        length + new[length..].iter().zip(&old[length..]).take_while(|(new, old)| new == old).count()
    }

    /// Notes that `literals` of them come, and then a match if it is longer than [`MIN_LENGTH`].
    #[inline]
    fn push(&mut self, mut literals: usize, length: usize, distance: usize) {
        while literals > MAX_RUN {
            self.push_step(MAX_RUN as u32);
            literals -= MAX_RUN;
        }
        let matched = (length - MIN_LENGTH) << RUN_BITS | (distance - 1) << (RUN_BITS + 8);
        self.push_step((literals | matched) as u32);
    }

    #[inline]
    fn push_step(&mut self, step: u32) {
        if let Some(room) = self.steps.get_mut(self.count as usize) {
            *room = step;
            self.count += 1;
        }
    }
}

/// The steps of a block: literals and a match each, but none if its length is [`MIN_LENGTH`].
struct Steps<'a> {
    raw: &'a [u8],
    steps: &'a [u32],
}

impl Steps<'_> {
    /// How many symbols there are.
    fn count(&self) -> usize {
        let mut count = 0;
        self.each(|step| count += step.literals.len() + usize::from(step.length != 0));
        count
    }
}

impl Symbols for Steps<'_> {
    fn each(&self, mut visit: impl FnMut(Step<'_>)) {
        let mut rest = self.raw;
        for step in self.steps {
            let (literals, length) = (*step as usize & MAX_RUN, (step >> RUN_BITS) as u8);
            let (literals, after) = rest.split_at(literals.min(rest.len()));
            visit(Step { literals, length, distance: (step >> (RUN_BITS + 8)) as u16 });
            rest = after;
            if length != 0 {
                rest = rest.get(usize::from(length) + MIN_LENGTH..).unwrap_or_default();
            }
        }
    }
}
