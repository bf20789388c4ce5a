//! Chunks are cut as the format says, wherever the input comes from and whatever happens to it.

mod samples;

use std::collections::HashSet;

use fastcdc::v2020::{FastCDC, Normalization, get_gear_with_seed, select_masks};
use proptest::prelude::*;
use storage::chunk::{AVG_CHUNK, Chunks, Following, Id, MAX_CHUNK, MIN_CHUNK, id};

fn lengths(input: &[u8]) -> Vec<usize> {
    Chunks::new(input, Following::Nothing).map(|chunk| chunk.bytes.len()).collect()
}

/// The lengths of chunks that the crate gives to which the format refers.
fn lengths_by_the_crate(input: &[u8]) -> Vec<usize> {
    FastCDC::new(input, MIN_CHUNK, AVG_CHUNK, MAX_CHUNK).map(|chunk| chunk.length).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chunks_cover_every_byte_in_order(seed: u64, length in 0usize..2_000_000) {
        let input = samples::copies(seed, length);
        let mut rest = &input[..];
        for chunk in Chunks::new(&input, Following::Nothing) {
            let (bytes, after) = rest.split_at(chunk.bytes.len());
            prop_assert_eq!(chunk.bytes, bytes);
            prop_assert_eq!(chunk.id, id(bytes));
            prop_assert!(bytes.len() <= MAX_CHUNK);
            prop_assert!(bytes.len() >= MIN_CHUNK || after.is_empty());
            prop_assert!(!bytes.is_empty());
            rest = after;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn cut_points_are_those_of_the_crate(seed: u64, length in 0usize..2_000_000) {
        let random = samples::random(seed, length);
        prop_assert_eq!(lengths(&random), lengths_by_the_crate(&random));
        let copies = samples::copies(seed, length);
        prop_assert_eq!(lengths(&copies), lengths_by_the_crate(&copies));
    }

    #[test]
    fn pieces_are_cut_like_the_whole(
        seed: u64,
        length in 0usize..3_000_000,
        pieces in prop::collection::vec(0usize..1_000_000, 0..8),
    ) {
        let input = samples::random(seed, length);
        let whole: Vec<_> = Chunks::new(&input, Following::Nothing).map(|chunk| chunk.id).collect();

        let mut ids = Vec::new();
        let mut begin = 0;
        let mut end = 0;
        for piece in pieces {
            end = (end + piece).min(length);
            for chunk in Chunks::new(&input[begin..end], Following::More) {
                ids.push(chunk.id);
                begin += chunk.bytes.len();
            }
            prop_assert!(end - begin < MAX_CHUNK, "what is left over is bounded");
        }
        ids.extend(Chunks::new(&input[begin..], Following::Nothing).map(|chunk| chunk.id));
        prop_assert_eq!(ids, whole);
    }
}

/// The places in `input` with which the hash has no bit of one of the masks.
fn candidates(input: &[u8]) -> Vec<usize> {
    let (gear, _) = get_gear_with_seed(0);
    let (strict, loose) = select_masks(AVG_CHUNK, Normalization::Level1);
    let mut hash = 0u64;
    let mut matches = |&at: &usize| {
        hash = (hash << 1).wrapping_add(gear[usize::from(input[at])]);
        hash & strict == 0 || hash & loose == 0
    };
    (0..input.len()).filter(|at| matches(at)).collect()
}

#[test]
fn candidates_at_every_limit_are_taken_as_by_the_crate() {
    let random = samples::random(11, 1 << 20);
    for candidate in candidates(&random) {
        for limit in [MIN_CHUNK, 50_000, AVG_CHUNK, 100_000, MAX_CHUNK] {
            for begin in (candidate.saturating_sub(limit)..=candidate).take(2) {
                for end in candidate..(candidate + 10).min(random.len()) {
                    let input = &random[begin..end];
                    assert_eq!(lengths(input), lengths_by_the_crate(input), "{begin}..{end}");
                }
            }
        }
    }
}

#[test]
fn short_inputs_are_one_chunk() {
    assert_eq!(lengths(b""), []);
    assert_eq!(lengths(b"x"), [1]);
    assert_eq!(lengths(&samples::random(1, MIN_CHUNK)), [MIN_CHUNK]);
}

#[test]
fn input_without_cut_points_is_cut_at_the_maximum() {
    assert_eq!(lengths(&vec![0; MAX_CHUNK * 2 + 1]), [MAX_CHUNK, MAX_CHUNK, 1]);
}

#[test]
fn nothing_is_cut_while_the_next_cut_point_could_still_move() {
    let input = samples::random(1, MAX_CHUNK);
    let count = |input| Chunks::new(input, Following::More).count();
    assert_eq!(count(&input[..MAX_CHUNK - 1]), 0);
    assert_eq!(count(&input), 1);
}

/// The part of `new`, in bytes, that consists of chunks of `old`.
fn shared(old: &[u8], new: &[u8]) -> usize {
    let old: HashSet<Id> = Chunks::new(old, Following::Nothing).map(|chunk| chunk.id).collect();
    Chunks::new(new, Following::Nothing)
        .filter(|chunk| old.contains(&chunk.id))
        .map(|chunk| chunk.bytes.len())
        .sum()
}

#[test]
fn cut_points_realign_after_an_edit() {
    const LENGTH: usize = 8 << 20;
    let old = samples::random(7, LENGTH);
    for at in [0, 1_000_000, LENGTH / 2, LENGTH - 1] {
        let mut inserted = old.clone();
        inserted.splice(at..at, *b"an insertion");
        let mut deleted = old.clone();
        deleted.remove(at);
        let mut overwritten = old.clone();
        overwritten[at] ^= 1;
        for (edit, new) in [("insert", inserted), ("delete", deleted), ("overwrite", overwritten)] {
            let changed = new.len() - shared(&old, &new);
            assert!(changed <= 4 * MAX_CHUNK, "{edit} at {at}: {changed} bytes are in new chunks");
        }
    }
}
