//! Streams of klauspost's encoders against those that the programs themselves made, see
//! `scripts/golden-deflate-klauspost.sh`. What an encoder's number means never changes: a stream that differs is a gzip
//! file that is not made again.

mod samples;

use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::deflate::{
    self, GO_1_27, KLAUSPOST, KLAUSPOST_1_10_3, KLAUSPOST_1_11_13, KLAUSPOST_1_12_2, KLAUSPOST_1_12_3,
    KLAUSPOST_1_14, KLAUSPOST_1_14_3, KLAUSPOST_1_15, KLAUSPOST_1_20_4, KLAUSPOST_2022, MAX_PIECE, MAX_STATE,
    PGZIP, PGZIP_1_10_3, PGZIP_1_11_13, PGZIP_1_12_2, PGZIP_1_12_3, PGZIP_1_14, PGZIP_1_14_3, PGZIP_1_15,
    PGZIP_1_20_4, PGZIP_2022,
};

const GOLDEN: &str = include_str!("../testdata/deflate/klauspost.json");

/// The names of the encoders in the file, and their levels.
const ENCODERS: [(&str, u32, &[i32]); 22] = [
    ("flate v1.20.4", KLAUSPOST_1_20_4, &LEVELS),
    ("pgzip v1.3.0 with flate v1.20.4", PGZIP_1_20_4, &LEVELS),
    ("flate v1.20.3", KLAUSPOST, &LEVELS),
    ("pgzip v1.2.6 with flate v1.20.3", PGZIP, &LEVELS),
    ("flate v1.18.0", KLAUSPOST_2022, &LEVELS),
    ("pgzip v1.2.6 with flate v1.18.0", PGZIP_2022, &LEVELS),
    ("flate v1.15.9", KLAUSPOST_1_15, &OLD_LEVELS),
    ("pgzip v1.2.6 with flate v1.15.9", PGZIP_1_15, &OLD_LEVELS),
    ("flate v1.14.4", KLAUSPOST_1_14_3, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.14.4", PGZIP_1_14_3, &OLD_LEVELS),
    ("flate v1.14.2", KLAUSPOST_1_14, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.14.2", PGZIP_1_14, &OLD_LEVELS),
    ("flate v1.13.6", KLAUSPOST_1_12_3, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.13.6", PGZIP_1_12_3, &OLD_LEVELS),
    ("flate v1.12.2", KLAUSPOST_1_12_2, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.12.2", PGZIP_1_12_2, &OLD_LEVELS),
    ("flate v1.11.13", KLAUSPOST_1_11_13, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.11.13", PGZIP_1_11_13, &OLD_LEVELS),
    ("flate v1.11.12", KLAUSPOST_1_10_3, &OLD_LEVELS),
    ("pgzip v1.2.5 with flate v1.11.12", PGZIP_1_10_3, &OLD_LEVELS),
    ("Go 1.27.0", GO_1_27, &[9]),
    ("Go 1.27.0", KLAUSPOST, &[-2, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
];

/// Of the old versions' levels those that there are.
const OLD_LEVELS: [i32; 3] = [1, 5, 6];

/// Go's levels, from `HuffmanOnly` on.
const LEVELS: [i32; 11] = [-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

#[repr(C, align(16))]
struct State([u8; MAX_STATE]);

/// The stream of `input`, made in pieces of `piece` bytes.
fn stream(encoder: u32, level: i32, input: &[u8], piece: usize) -> Vec<u8> {
    let mut state = Box::new(State([0xa5; MAX_STATE]));
    let length = deflate::open(encoder, level as u32, &mut state.0).unwrap();
    let state = &mut state.0[..length];
    let mut output = vec![0; deflate::bound(piece.min(input.len()))];
    let mut stream = Vec::new();
    let mut rest = input;
    loop {
        let (now, after) = rest.split_at(rest.len().min(piece));
        let length = deflate::write(state, now, after.is_empty(), &mut output).unwrap();
        stream.extend_from_slice(&output[..length]);
        rest = after;
        if rest.is_empty() {
            return stream;
        }
    }
}

/// The inputs of the file.
fn inputs(golden: &Value) -> Vec<Vec<u8>> {
    let input = |input: &Value| {
        let number = |i: usize| input[i].as_u64().unwrap();
        samples::of_kind(input[0].as_str().unwrap(), number(1), number(2) as usize)
    };
    golden["inputs"].as_array().unwrap().iter().map(input).collect()
}

#[test]
fn streams_are_those_of_the_programs() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let inputs = inputs(&golden);
    for (name, encoder, levels) in ENCODERS {
        for &level in levels {
            let mut hash = Sha256::new();
            for input in &inputs {
                hash.update(stream(encoder, level, input, MAX_PIECE));
            }
            let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(golden["streams"][name][level.to_string()], hash, "{name}, level {level}");
        }
    }
}

#[test]
fn pieces_make_no_difference() {
    let mut input = samples::copies(7, 1 << 20);
    input.extend(samples::random(8, 70_000));
    input.extend([b'a'; 66_000]);
    for (_, encoder, levels) in ENCODERS {
        for &level in levels {
            let whole = stream(encoder, level, &input, MAX_PIECE);
            assert!(whole == stream(encoder, level, &input, 511), "encoder {encoder}, level {level}: 511");
            assert!(
                whole == stream(encoder, level, &input, 65_535),
                "encoder {encoder}, level {level}: 65535"
            );
            let few = &input[input.len() - 140_000..];
            let whole = stream(encoder, level, few, MAX_PIECE);
            assert!(whole == stream(encoder, level, few, 1), "encoder {encoder}, level {level}: 1");
        }
    }
}

#[test]
fn levels_that_no_program_has_are_refused() {
    let mut state = Box::new(State([0; MAX_STATE]));
    for (_, encoder, _) in ENCODERS {
        for level in [10, u32::MAX, -3i32 as u32] {
            assert!(deflate::open(encoder, level, &mut state.0).is_err(), "encoder {encoder}, level {level}");
        }
        assert!(deflate::open(encoder, 5, &mut state.0[..1024]).is_err());
    }
}
