//! The encoder of Go's `compress/flate` makes what Go makes, however its input is divided into pieces.
//!
//! The golden streams are those of Go 1.21 to 1.26: scripts/golden-deflate-go.sh writes them. They stay as they are:
//! what is kept as raw bytes of a stream could not be made into that stream again.

mod samples;

use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::Error;
use storage::deflate::{GO, MAX_PIECE, MAX_STATE, bound, open, write};

const GOLDEN: &str = include_str!("../testdata/deflate/go.json");

/// The levels, in the order of the golden streams; the last one is `HuffmanOnly`.
const LEVELS: std::ops::RangeInclusive<u32> = 0..=10;

/// A state that is aligned as it must be.
struct State(Vec<u128>);

impl State {
    fn new() -> Self {
        Self(vec![u128::MAX; MAX_STATE / 16])
    }

    fn bytes(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
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

/// The stream that pieces make.
fn stream<'a>(level: u32, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut state = State::new();
    let length = open(GO, level, state.bytes()).expect("a state fits");
    let state = &mut state.bytes()[..length];
    let mut stream = Vec::new();
    let mut add = |piece: &[u8], last| {
        let mut output = vec![0; bound(piece.len())];
        let length = write(state, piece, last, &mut output).expect("a piece fits");
        stream.extend_from_slice(&output[..length]);
    };
    pieces.into_iter().for_each(|piece| add(piece, false));
    add(&[], true);
    stream
}

#[test]
fn streams_are_those_of_go() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("the golden streams are JSON");
    for case in golden.as_array().expect("a list of inputs") {
        let (kind, seed) = (case["kind"].as_str().expect("a kind"), case["seed"].as_u64().expect("a seed"));
        let raw = input(kind, seed, case["length"].as_u64().expect("a length") as usize);
        let sums = case["sha256"].as_array().expect("a list of sums");
        assert_eq!(sums.len(), LEVELS.count());
        for (level, sum) in LEVELS.zip(sums) {
            let stream = stream(level, raw.chunks(MAX_PIECE));
            let actual: String = Sha256::digest(stream).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(actual, sum.as_str().expect("a sum"), "{kind} {seed}, {} at level {level}", raw.len());
        }
    }
}

#[test]
fn no_bytes_make_the_final_block_alone() {
    for level in LEVELS {
        assert_eq!(stream(level, []), [1, 0, 0, 0xff, 0xff]);
    }
}

#[test]
fn there_are_no_other_levels() {
    let mut state = State::new();
    for level in [11, u32::MAX] {
        assert_eq!(open(GO, level, state.bytes()), Err(Error::Argument));
    }
    for level in LEVELS {
        let length = open(GO, level, state.bytes()).expect("a state fits");
        assert_eq!(open(GO, level, &mut state.bytes()[..length - 1]), Err(Error::Space));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_make_no_difference(
        seed: u64,
        length in 0usize..150_000,
        level in LEVELS,
        size in prop_oneof![1usize..20, 200usize..600, 30_000usize..70_000],
    ) {
        let raw = samples::copies(seed, length);
        prop_assert!(stream(level, raw.chunks(size)) == stream(level, [&raw[..]]));
    }

    #[test]
    fn a_damaged_state_does_no_harm(seed: u64, level in LEVELS, length in 0usize..100_000) {
        let raw = samples::copies(seed, length);
        let mut state = State::new();
        let size = open(GO, level, state.bytes()).expect("a state fits");
        let state = &mut state.bytes()[..size];
        let header = 32; // says which encoder it is of
        state[header..].copy_from_slice(&samples::random(seed, size - header));
        let mut output = vec![0; bound(length)];
        prop_assert!(matches!(write(state, &raw, true, &mut output), Ok(_) | Err(Error::Internal)));
    }
}
