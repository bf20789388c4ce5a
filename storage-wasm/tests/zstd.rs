//! Frames of klauspost's encoders against those that the program itself made, see `scripts/golden-zstd.sh`. What an
//! encoder's number means never changes: a frame that differs is a layer that is not made again.

mod samples;

use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::Error;
use storage::deflate::{
    self, KLAUSPOST_ZSTD, KLAUSPOST_ZSTD_1_17_0, KLAUSPOST_ZSTD_1_20, MAX_PIECE, MAX_ZSTD_STATE,
};

const GOLDEN: &str = include_str!("../testdata/zstd.json");

/// The versions in the file, and the encoders of these.
const VERSIONS: [(&str, u32); 6] = [
    ("v1.17.7", KLAUSPOST_ZSTD_1_17_0),
    ("v1.17.8", KLAUSPOST_ZSTD),
    ("v1.18.0", KLAUSPOST_ZSTD),
    ("v1.20.2", KLAUSPOST_ZSTD),
    ("v1.20.3", KLAUSPOST_ZSTD_1_20),
    ("v1.20.4", KLAUSPOST_ZSTD_1_20),
];

const ENCODERS: [u32; 3] = [KLAUSPOST_ZSTD, KLAUSPOST_ZSTD_1_17_0, KLAUSPOST_ZSTD_1_20];

/// The only level.
const LEVEL: u32 = 3;

/// Memory for a state, at first something else than zeros.
fn state() -> Vec<u128> {
    vec![u128::MAX / 3; MAX_ZSTD_STATE / 16]
}

/// The frame of `input`, made in pieces of `piece` bytes.
fn frame(encoder: u32, input: &[u8], piece: usize) -> Vec<u8> {
    let mut state = state();
    let state: &mut [u8] = bytemuck::cast_slice_mut(&mut state);
    let length = deflate::open(encoder, LEVEL, state).unwrap();
    let mut output = vec![0; deflate::bound(piece.min(input.len()))];
    let mut frame = Vec::new();
    let mut rest = input;
    loop {
        let (now, after) = rest.split_at(rest.len().min(piece));
        let made = deflate::write(&mut state[..length], now, after.is_empty(), &mut output).unwrap();
        frame.extend_from_slice(&output[..made]);
        rest = after;
        if rest.is_empty() {
            return frame;
        }
    }
}

/// What zstd itself makes of a frame of `length` raw bytes.
fn inside(frame: &[u8], length: usize) -> Vec<u8> {
    const CHECKED: u8 = 1 << 2; // in the frame's descriptor; there is no checksum
    let mut frame = frame.to_vec();
    frame[4] &= !CHECKED;
    let mut inside = vec![0; length];
    assert_eq!(zstd_safe::decompress(inside.as_mut_slice(), &frame), Ok(length));
    inside
}

/// The inputs of the file.
fn inputs(golden: &Value) -> Vec<Vec<u8>> {
    let part = |part: &Value| {
        let number = |i: usize| part[i].as_u64().unwrap();
        samples::of_kind(part[0].as_str().unwrap(), number(1), number(2) as usize)
    };
    let input = |parts: &Value| parts.as_array().unwrap().iter().flat_map(part).collect();
    golden["inputs"].as_array().unwrap().iter().map(input).collect()
}

#[test]
fn frames_are_those_of_the_program() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let inputs = inputs(&golden);
    let hashes = ENCODERS.map(|encoder| {
        let mut hash = Sha256::new();
        inputs.iter().for_each(|input| hash.update(frame(encoder, input, MAX_PIECE)));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    for (version, encoder) in VERSIONS {
        let place = ENCODERS.iter().position(|&other| other == encoder).unwrap();
        assert_eq!(golden["frames"][version], hashes[place], "{version}");
    }
}

#[test]
fn pieces_make_no_difference_and_zstd_reads_them() {
    let mut input = samples::copies(7, 700_000);
    input.extend([b'a'; 400_000]);
    for encoder in ENCODERS {
        for length in [input.len(), 131_073, 131_072, 131_071, 5] {
            let input = &input[input.len() - length..];
            let whole = frame(encoder, input, MAX_PIECE);
            assert!(inside(&whole, length) == input, "encoder {encoder}, {length}");
            for piece in [511, 65_535, 131_072] {
                assert!(whole == frame(encoder, input, piece), "encoder {encoder}, {length} in {piece}");
            }
        }
    }
}

#[test]
fn nothing_is_no_frame() {
    assert!(frame(KLAUSPOST_ZSTD, &[], 1).is_empty());
}

#[test]
fn levels_that_there_are_not_are_refused() {
    let mut state = state();
    let state: &mut [u8] = bytemuck::cast_slice_mut(&mut state);
    for encoder in ENCODERS {
        for level in [0, 1, 2, 4, 22] {
            assert_eq!(deflate::open(encoder, level, state), Err(Error::Argument));
        }
        assert_eq!(deflate::open(encoder, LEVEL, &mut state[..1 << 20]), Err(Error::Space));
    }
    assert_eq!(deflate::open(KLAUSPOST_ZSTD_1_20 + 1, LEVEL, state), Err(Error::Argument));
}

/// A state that is not one that an encoder left does no harm: what comes of it is some frame, or an error, and it comes
/// soon. States come from the host itself, so nothing more is promised.
#[test]
fn a_damaged_state_does_no_harm() {
    const HEADER: usize = 8; // its encoder and level
    let raw = samples::copies(1, 400_000);
    let mut output = vec![0; deflate::bound(raw.len())];
    for seed in 0..12 {
        let mut state = state();
        let state: &mut [u8] = bytemuck::cast_slice_mut(&mut state);
        let length = deflate::open(KLAUSPOST_ZSTD, LEVEL, state).unwrap();
        let state = &mut state[..length];
        deflate::write(state, &raw[..raw.len() / 2], false, &mut output).unwrap();
        let damaged = &mut state[HEADER..4 << 20]; // all but most of the window
        if seed < 3 {
            damaged.copy_from_slice(&samples::random(seed, damaged.len()));
        }
        let mut source = samples::SplitMix64::new(seed);
        for _ in 0..1 << seed {
            let number = source.next();
            let end = if number & 1 == 0 { 4000 } else { damaged.len() }; // what is not a table comes first
            damaged[(number >> 8) as usize % end] ^= (number >> 1) as u8;
        }
        for last in [false, true] {
            let written = deflate::write(state, &raw, last, &mut output);
            assert!(matches!(written, Ok(_) | Err(Error::Internal)), "seed {seed}: {written:?}");
        }
    }
}
