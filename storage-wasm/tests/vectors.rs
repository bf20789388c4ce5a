//! The test vectors, which other implementations of the routines are checked against too.
//!
//! `cargo test --test vectors -- --ignored` writes them anew. That they differ then means that chunks or packs
//! already pushed are not found again: never do it only to make a test pass.

mod samples;

use std::fs;
use std::ops::RangeInclusive;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use storage::chunk::{Chunks, Following};
use storage::compress::{MAX_COMPRESSED_FRAME, compress};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/vectors.json");

/// Inputs to split: their kinds, seeds and lengths, on both sides of every limit.
const SPLITS: [(&str, u64, usize); 16] = [
    ("random", 1, 0),
    ("random", 1, 1),
    ("random", 1, 16_383),
    ("random", 1, 16_384),
    ("random", 1, 16_385),
    ("random", 1, 65_535),
    ("random", 1, 65_536),
    ("random", 1, 65_537),
    ("random", 1, 262_143),
    ("random", 1, 262_144),
    ("random", 1, 262_145),
    ("random", 2, 1_048_576),
    ("copies", 3, 1_048_577),
    ("zeros", 0, 262_143),
    ("zeros", 0, 262_144),
    ("zeros", 0, 600_000),
];

/// Inputs to compress, each at all of [`LEVELS`].
const FRAMES: [(&str, u64, usize); 13] = [
    ("copies", 4, 1),
    ("copies", 4, 1_000),
    ("copies", 4, 16_384),
    ("copies", 6, 16_385),
    ("copies", 7, 131_072),
    ("copies", 7, 131_073),
    ("copies", 4, 200_000),
    ("copies", 8, 262_145),
    ("copies", 4, 1_048_576),
    ("random", 5, 1_000),
    ("random", 5, 1_048_576),
    ("zeros", 0, 131_073),
    ("zeros", 0, 2_097_152),
];
const LEVELS: RangeInclusive<i32> = storage::compress::LEVELS;

/// Programs to make a delta of: the seed and the length, how far apart functions are in the base and in the new
/// window, and the level. A vector says what a delta is decoded to: another encoder may make another delta.
const DELTAS: [(u64, usize, usize, usize, i32); 4] =
    [(9, 1_000, 0, 5, 3), (10, 20_000, 0, 16, 3), (11, 40_000, 24, 8, 1), (12, 40_000, 0, 1_000, 19)];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn split((kind, seed, length): (&str, u64, usize)) -> Value {
    let input = samples::of_kind(kind, seed, length);
    let chunks: Vec<_> = Chunks::new(&input, Following::Nothing)
        .map(|chunk| json!({"length": chunk.bytes.len(), "id": hex(&chunk.id)}))
        .collect();
    json!({"kind": kind, "seed": seed, "length": length, "chunks": chunks})
}

fn frames((kind, seed, length): (&str, u64, usize)) -> Value {
    let input = samples::of_kind(kind, seed, length);
    let mut output = vec![0; MAX_COMPRESSED_FRAME];
    let frames: Vec<_> = LEVELS
        .map(|level| {
            let size = compress(&input, level, &mut output).expect("a frame fits");
            json!({"level": level, "size": size, "sha256": hex(&Sha256::digest(&output[..size]))})
        })
        .collect();
    json!({"kind": kind, "seed": seed, "length": length, "frames": frames})
}

fn delta((seed, length, base, new, level): (u64, usize, usize, usize, i32)) -> Value {
    let windows = [base, new].map(|moved| samples::program(seed, length, moved));
    let mut output = vec![0; 2 * length];
    let size = storage::delta::encode(&windows[0], &windows[1], level, &mut output).expect("a delta fits");
    json!({"seed": seed, "length": length, "base": base, "new": new, "delta": hex(&output[..size])})
}

/// The bytes that pairs of digits tell.
fn unhex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits");
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// The vectors as these routines give them.
fn vectors() -> Value {
    json!({
        "split": SPLITS.map(split),
        "compress": FRAMES.map(frames),
        "patch": DELTAS.map(delta),
    })
}

#[test]
fn routines_agree_with_the_vectors() {
    let text = fs::read_to_string(FILE).expect("the vectors are there");
    let expected: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let actual = vectors();
    for routine in ["split", "compress"] {
        let expected = expected[routine].as_array().expect("a list of cases");
        let actual = actual[routine].as_array().expect("a list of cases");
        assert_eq!(actual.len(), expected.len(), "{routine}");
        for (actual, expected) in actual.iter().zip(expected) {
            assert_eq!(actual, expected, "{routine}");
        }
    }
}

#[test]
fn deltas_of_the_vectors_are_decoded() {
    let text = fs::read_to_string(FILE).expect("the vectors are there");
    let vectors: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let cases = vectors["patch"].as_array().expect("a list of cases");
    assert_eq!(cases.len(), DELTAS.len());
    for case in cases {
        let number = |name: &str| case[name].as_u64().expect("a number");
        let [base, new] = ["base", "new"].map(|window| {
            samples::program(number("seed"), number("length") as usize, number(window) as usize)
        });
        let mut made = vec![0; new.len()];
        let delta = unhex(case["delta"].as_str().expect("digits"));
        assert_eq!(storage::delta::decode(&base, &delta, &mut made), Ok(()), "{}", number("seed"));
        assert!(made == new, "{}: another window", number("seed"));
    }
}

#[test]
#[ignore = "writes the vectors anew"]
fn write_vectors() {
    let text = serde_json::to_string_pretty(&vectors()).expect("values are JSON");
    fs::write(FILE, text + "\n").expect("the file can be written");
}
