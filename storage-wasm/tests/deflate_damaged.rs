//! A state that is not one that an encoder left does no harm: what comes of it is some stream, or an error, and it comes
//! soon. States come from the host itself, so nothing more is promised.

mod samples;

use storage::Error;
use storage::deflate::{GO, MAX_STATE, PGZIP_1_10_3, bound, open, write};

/// What a state begins with: its encoder and level.
const HEADER: usize = 8;

/// Long enough for every window to move.
const LENGTH: usize = 200_000;

#[repr(C, align(16))]
struct State([u8; MAX_STATE]);

/// Writes pieces with each encoder and level that there is, each time to what `damage` made of a state that has seen some
/// of the input already.
fn write_damaged(damage: impl Fn(&mut [u8], u64)) {
    let raw = samples::copies(1, LENGTH);
    let mut state = Box::new(State([0; MAX_STATE]));
    let mut output = vec![0; bound(raw.len())];
    for (encoder, level) in
        (GO..=PGZIP_1_10_3).flat_map(|encoder| (0..=10).map(move |level| (encoder, level)))
    {
        for seed in 0..4 {
            let Ok(length) = open(encoder, level, &mut state.0) else { continue };
            let state = &mut state.0[..length];
            write(state, &raw[..raw.len() / 2], false, &mut output).expect("a sound state");
            damage(&mut state[HEADER..], seed);
            for last in [false, true] {
                let written = write(state, &raw, last, &mut output);
                assert!(
                    matches!(written, Ok(_) | Err(Error::Internal)),
                    "encoder {encoder}, level {level}, seed {seed}: {written:?}"
                );
            }
        }
    }
}

#[test]
fn noise_for_a_state_does_no_harm() {
    write_damaged(|state, seed| state.copy_from_slice(&samples::random(seed, state.len())));
}

#[test]
fn flipped_bytes_in_a_state_do_no_harm() {
    write_damaged(|state, seed| {
        let mut source = samples::SplitMix64::new(seed);
        for _ in 0..1 << (4 * seed) {
            let number = source.next();
            state[(number >> 8) as usize % state.len()] ^= number as u8;
        }
    });
}
