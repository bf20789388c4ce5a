//! A frame does not depend on how its raw bytes are divided into pieces, and holds them.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::deflate::{KLAUSPOST_ZSTD, MAX_ZSTD_STATE, bound, open, write};

/// An encoder, and an input for it that compresses: a few bytes, repeated with variations.
#[derive(Arbitrary, Debug)]
struct Case {
    encoder: u8,
    pattern: Vec<u8>,
    changes: Vec<(u32, u8)>,
    length: u32,
    pieces: Vec<u32>,
}

impl Case {
    fn input(&self) -> Vec<u8> {
        let length = self.length as usize % (600 << 10);
        let mut input: Vec<u8> = self.pattern.iter().copied().cycle().take(length).collect();
        for (place, byte) in &self.changes {
            if let Some(place) = (*place as usize).checked_rem(input.len()) {
                input[place] ^= byte;
            }
        }
        input
    }

    /// The frame of pieces of these lengths, and of the rest.
    fn frame(&self, mut input: &[u8], lengths: &[u32]) -> Vec<u8> {
        let mut state = vec![u128::MAX / 3; MAX_ZSTD_STATE / 16];
        let state: &mut [u8] = bytemuck::cast_slice_mut(&mut state);
        let encoder = KLAUSPOST_ZSTD + u32::from(self.encoder) % 3;
        let size = open(encoder, 3, state).expect("there is this encoder");
        let mut frame = Vec::new();
        let mut add = |piece: &[u8], last| {
            let mut output = vec![0; bound(piece.len())];
            let length = write(&mut state[..size], piece, last, &mut output).expect("a piece fits");
            frame.extend_from_slice(&output[..length]);
        };
        for length in lengths {
            let (piece, rest) = input.split_at(*length as usize % (input.len() + 1));
            add(piece, false);
            input = rest;
        }
        add(input, true);
        frame
    }
}

fuzz_target!(|case: Case| {
    let input = case.input();
    let mut whole = case.frame(&input, &[]);
    assert_eq!(case.frame(&input, &case.pieces), whole);
    if let Some(descriptor) = whole.get_mut(4) {
        *descriptor &= !(1 << 2); // there is no checksum
    }
    let mut back = vec![0; input.len()];
    assert_eq!(zstd_safe::decompress(back.as_mut_slice(), &whole), Ok(input.len()));
    assert_eq!(back, input);
});
