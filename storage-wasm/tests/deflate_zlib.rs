//! The encoders of zlib, GNU gzip and pigz make what those make, however their input is divided
//! into pieces.
//!
//! The golden streams are those of zlib 1.2.13, GNU gzip 1.12 and pigz 2.6:
//! scripts/golden-deflate-zlib.py writes them. They stay as they are: what is kept as raw bytes of
//! a stream could not be made into that stream again.

mod samples;

use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::Error;
use storage::deflate::{GZIP, MAX_STATE, PIGZ, ZLIB, bound, open, write};

const GOLDEN: &str = include_str!("../testdata/deflate/zlib.json");

const ENCODERS: [(u32, &str); 3] = [(ZLIB, "zlib"), (GZIP, "gzip"), (PIGZ, "pigz")];

/// A state, aligned as it must be.
struct State {
    memory: Vec<u128>,
    length: usize,
    output: Vec<u8>,
}

impl State {
    fn new(encoder: u32, level: u32) -> Self {
        let mut state =
            Self { memory: vec![u128::MAX; MAX_STATE / 16], length: MAX_STATE, output: Vec::new() };
        state.length = open(encoder, level, state.bytes()).expect("a state fits");
        state
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.memory)[..self.length]
    }

    fn write(&mut self, piece: &[u8], last: bool) -> Result<Vec<u8>, Error> {
        let mut output = std::mem::take(&mut self.output);
        output.resize(output.len().max(bound(piece.len())), 0);
        let length = write(self.bytes(), piece, last, &mut output)?;
        self.output = output;
        Ok(self.output[..length].to_vec())
    }
}

/// The input of a kind: those of the test vectors, and
/// - `period`: the first bytes of `random`, as many as the seed says, again and again;
/// - `skewed`: of each number of the generator how many zero bits it ends with.
fn input(kind: &str, seed: u64, length: usize) -> Vec<u8> {
    match kind {
        "period" => samples::random(seed, seed as usize).into_iter().cycle().take(length).collect(),
        "skewed" => {
            let mut source = samples::SplitMix64::new(seed);
            (0..length).map(|_| source.next().trailing_zeros() as u8).collect()
        }
        _ => samples::of_kind(kind, seed, length),
    }
}

/// The stream that pieces of a length make.
fn stream(encoder: u32, level: u32, raw: &[u8], piece: usize) -> Vec<u8> {
    let mut state = State::new(encoder, level);
    let pieces = raw.chunks(piece).flat_map(|piece| state.write(piece, false).expect("a piece fits"));
    let mut stream: Vec<u8> = pieces.collect();
    stream.extend(state.write(&[], true).expect("the end fits"));
    stream
}

#[test]
fn streams_are_those_of_the_programs() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("the golden streams are JSON");
    for (place, described) in golden["inputs"].as_array().expect("inputs").iter().enumerate() {
        let kind = described[0].as_str().expect("a kind");
        let [seed, length] = [1, 2].map(|i| described[i].as_u64().expect("a number"));
        let raw = input(kind, seed, length as usize);
        for (encoder, name) in ENCODERS {
            for level in 1..=9 {
                let made = stream(encoder, level, &raw, 1 << 20);
                let hash = Sha256::digest(&made).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                let expected = &golden["streams"][name][level.to_string()][place];
                assert_eq!(expected.as_str(), Some(&*hash), "{name} -{level} of {described}");
            }
        }
    }
}

#[test]
fn pieces_make_no_difference() {
    let raw = samples::copies(1, 140_000);
    for (encoder, name) in ENCODERS {
        for level in [1, 6] {
            let whole = stream(encoder, level, &raw, raw.len());
            for piece in [1, 511, 1 << 16, 1 << 17] {
                let same = stream(encoder, level, &raw, piece) == whole;
                assert!(same, "{name} -{level} in pieces of {piece} bytes");
            }
        }
    }
}

#[test]
fn the_last_piece_may_be_any() {
    let raw = samples::copies(2, 200_000);
    for (encoder, name) in ENCODERS {
        let whole = stream(encoder, 6, &raw, raw.len());
        for last in [1, 300, 1 << 16, raw.len()] {
            let (first, rest) = raw.split_at(raw.len() - last);
            let mut state = State::new(encoder, 6);
            let mut stream = state.write(first, false).expect("a piece fits");
            stream.extend(state.write(rest, true).expect("a piece fits"));
            assert!(stream == whole, "{name} with {last} last bytes");
        }
    }
}

#[test]
fn there_are_levels_one_to_nine() {
    let mut state = vec![0; MAX_STATE];
    for (encoder, _) in ENCODERS {
        for level in [0, 10, u32::MAX] {
            assert_eq!(open(encoder, level, &mut state), Err(Error::Argument));
        }
    }
}

#[test]
fn a_made_up_state_does_no_harm() {
    let raw = samples::copies(3, 200_000);
    for (encoder, _) in ENCODERS {
        for seed in 0..16 {
            let mut state = State::new(encoder, 1 + seed as u32 % 9);
            let made_up = samples::random(seed, state.length);
            state.bytes()[16..].copy_from_slice(&made_up[16..]);
            for last in [false, false, true] {
                let written = state.write(&raw, last);
                assert!(matches!(written, Ok(_) | Err(Error::Internal)));
            }
        }
    }
}
