//! A stream does not depend on how its raw bytes are divided into pieces, and holds them.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::decompress_to_vec;
use storage::deflate::{MAX_STATE, PGZIP_1_10_3, bound, open, write};

/// An encoder, and an input for it that compresses: a few bytes, repeated with variations.
#[derive(Arbitrary, Debug)]
struct Case {
    encoder: u8,
    level: u8,
    pattern: Vec<u8>,
    changes: Vec<(u32, u8)>,
    length: u32,
    pieces: Vec<u32>,
}

impl Case {
    fn input(&self) -> Vec<u8> {
        let length = self.length as usize % (300 << 10);
        let mut input: Vec<u8> = self.pattern.iter().copied().cycle().take(length).collect();
        for (place, byte) in &self.changes {
            if let Some(count) = (*place as usize).checked_rem(input.len()) {
                input[count] ^= byte;
            }
        }
        input
    }

    /// The stream of pieces of these lengths, and of the rest, if there are such an encoder and level.
    fn stream(&self, mut input: &[u8], lengths: &[u32]) -> Option<Vec<u8>> {
        let mut state = Box::new(State([0xa5; MAX_STATE]));
        let encoder = u32::from(self.encoder) % (PGZIP_1_10_3 + 1);
        let size = open(encoder, (self.level % 11).into(), &mut state.0).ok()?;
        let mut stream = Vec::new();
        let mut add = |piece: &[u8], last| {
            let mut output = vec![0; bound(piece.len())];
            let length = write(&mut state.0[..size], piece, last, &mut output).expect("a piece fits");
            stream.extend_from_slice(&output[..length]);
        };
        for length in lengths {
            let (piece, rest) = input.split_at(*length as usize % (input.len() + 1));
            add(piece, false);
            input = rest;
        }
        add(input, true);
        Some(stream)
    }
}

/// A state, aligned as it must be.
#[repr(C, align(16))]
struct State([u8; MAX_STATE]);

fuzz_target!(|case: Case| {
    let input = case.input();
    let Some(whole) = case.stream(&input, &[]) else { return };
    assert_eq!(decompress_to_vec(&whole).ok().as_ref(), Some(&input));
    assert_eq!(case.stream(&input, &case.pieces), Some(whole));
});
