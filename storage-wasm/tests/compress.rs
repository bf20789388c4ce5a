//! Frames come back as they were, depend on input and level alone, and damaged ones are refused.

mod samples;

use proptest::prelude::*;
use storage::Error;
use storage::compress::{LEVELS, MAX_COMPRESSED_FRAME, MAX_FRAME, compress, decompress};

fn frame(input: &[u8], level: i32) -> Vec<u8> {
    let mut output = vec![0; MAX_COMPRESSED_FRAME];
    let length = compress(input, level, &mut output).expect("a frame fits");
    output.truncate(length);
    output
}

/// What `frame` decompresses to if `length` bytes are expected.
fn raw(frame: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let mut output = vec![0; length];
    decompress(frame, &mut output).map(|()| output)
}

/// A skippable frame with four bytes in it.
const SKIPPABLE: &[u8] = b"\x5e\x2a\x4d\x18\x04\0\0\0skip";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_come_back(seed: u64, length in 1usize..300_000, level in LEVELS) {
        let input = samples::copies(seed, length);
        prop_assert_eq!(raw(&frame(&input, level), length), Ok(input));
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), length in 1usize..5000) {
        let mut magic = b"\x28\xb5\x2f\xfd".to_vec();
        magic.extend_from_slice(&bytes);
        prop_assert_eq!(raw(&bytes, length), Err(Error::Corrupt));
        prop_assert!(matches!(raw(&magic, length), Err(Error::Corrupt) | Ok(_)));
    }

    #[test]
    fn no_damage_to_a_frame_does_harm(seed: u64, at: prop::sample::Index, flip in 1u8..) {
        let input = samples::copies(seed, 20_000);
        let mut damaged = frame(&input, 3);
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        // There is no checksum: a frame can be damaged and still decode, to something else of the same length.
        if let Err(error) = raw(&damaged, input.len()) {
            prop_assert_eq!(error, Error::Corrupt);
        }
    }

    #[test]
    fn truncated_frames_are_refused(seed: u64, at: prop::sample::Index) {
        let input = samples::copies(seed, 20_000);
        let frame = frame(&input, 3);
        prop_assert_eq!(raw(&frame[..at.index(frame.len())], input.len()), Err(Error::Corrupt));
    }
}

#[test]
fn the_largest_frame_comes_back() {
    let repetitive = samples::copies(1, MAX_FRAME);
    let random = samples::random(1, MAX_FRAME);
    for level in LEVELS.step_by(3) {
        let compressed = frame(&repetitive, level);
        assert!(compressed.len() < MAX_FRAME / 2, "level {level}: {} bytes", compressed.len());
        assert_eq!(raw(&compressed, MAX_FRAME).as_ref(), Ok(&repetitive), "level {level}");
        assert_eq!(raw(&frame(&random, level), MAX_FRAME).as_ref(), Ok(&random), "level {level}");
    }
}

#[test]
fn frames_do_not_depend_on_what_was_compressed_before() {
    let inputs: Vec<_> = (0..4).map(|seed| samples::copies(seed, 40_000 << seed)).collect();
    for level in LEVELS {
        let first: Vec<_> = inputs.iter().map(|input| frame(input, level)).collect();
        let again: Vec<_> = inputs.iter().rev().map(|input| frame(input, level)).collect();
        assert!(first.iter().eq(again.iter().rev()), "level {level}");
    }
}

/// In wasm, contexts are a little smaller than here, so the heap there has room for them. Their size depends on
/// the level and on the length of the input only.
#[test]
fn the_heap_has_room_for_every_context() {
    let input = vec![0; MAX_FRAME];
    let mut frame = vec![0; MAX_COMPRESSED_FRAME];
    let mut largest = 0;
    for level in LEVELS {
        for length in [MAX_FRAME, 256 << 10, 128 << 10, 16 << 10] {
            let mut context = zstd_safe::CCtx::create();
            context.compress(&mut frame[..], &input[..length], level).expect("a frame fits");
            largest = largest.max(context.sizeof());
        }
    }
    assert!(largest <= storage::HEAP_SIZE, "{largest} bytes");
    assert!(largest > storage::HEAP_SIZE - (1 << 20), "the heap could be smaller: {largest} bytes");
}

#[test]
fn frames_state_their_size_and_have_no_checksum() {
    const CHECKSUM_FLAG: u8 = 1 << 2;
    const DICTIONARY_FLAGS: u8 = 3;
    for input in [&b"x"[..], &samples::copies(1, MAX_FRAME)] {
        let frame = frame(input, 3);
        let size = zstd_safe::get_frame_content_size(&frame).expect("a frame header");
        assert_eq!(size, Some(input.len() as u64));
        assert_eq!(frame[4] & (CHECKSUM_FLAG | DICTIONARY_FLAGS), 0);
    }
}

#[test]
fn limits_of_compress() {
    let mut output = vec![0; MAX_COMPRESSED_FRAME];
    let input = samples::random(1, MAX_FRAME + 1);
    assert_eq!(compress(b"", 3, &mut output), Err(Error::Argument));
    assert_eq!(compress(&input, 3, &mut output), Err(Error::Argument));
    for level in [i32::MIN, -1, 0, 20, i32::MAX] {
        assert_eq!(compress(b"x", level, &mut output), Err(Error::Argument), "level {level}");
    }
    assert_eq!(compress(&input[..1000], 3, &mut output[..999]), Err(Error::Space));
    assert_eq!(compress(&input[..1000], 3, &mut []), Err(Error::Space));
}

#[test]
fn only_one_intact_frame_of_the_expected_size_is_decompressed() {
    let input = samples::copies(1, 1000);
    let frame = frame(&input, 3);
    assert_eq!(raw(&frame, 1000).as_ref(), Ok(&input));

    assert_eq!(raw(&frame, 999), Err(Error::Corrupt), "too long");
    assert_eq!(raw(&frame, 1001), Err(Error::Corrupt), "too short");
    assert_eq!(raw(&[&frame, &frame[..]].concat(), 2000), Err(Error::Corrupt), "two frames");
    assert_eq!(raw(&[&frame, &frame[..]].concat(), 1000), Err(Error::Corrupt), "two frames");
    assert_eq!(raw(&[&frame, SKIPPABLE].concat(), 1000), Err(Error::Corrupt), "skippable behind");
    assert_eq!(raw(&[SKIPPABLE, &frame[..]].concat(), 1000), Err(Error::Corrupt), "skippable before");
    assert_eq!(raw(SKIPPABLE, 4), Err(Error::Corrupt), "skippable only");
    assert_eq!(raw(&[&frame[..], b"\0"].concat(), 1000), Err(Error::Corrupt), "a byte behind");
    assert_eq!(raw(b"", 1000), Err(Error::Corrupt), "nothing");
    assert_eq!(raw(&frame, 0), Err(Error::Argument), "no output");
    assert_eq!(raw(&frame, MAX_FRAME + 1), Err(Error::Argument), "too much output");
}

#[test]
fn a_frame_that_does_not_state_its_size_is_refused() {
    let mut context = zstd_safe::CCtx::create();
    context.set_parameter(zstd_safe::CParameter::ContentSizeFlag(false)).expect("a known parameter");
    let mut frame = vec![0; 1000];
    let length = context.compress2(&mut frame[..], b"some bytes").expect("a frame fits");
    assert_eq!(raw(&frame[..length], 10), Err(Error::Corrupt));
}

#[test]
fn a_frame_cannot_claim_memory() {
    // A header that states 2^60 bytes of content and a window to match.
    let frame = b"\x28\xb5\x2f\xfd\xc0\xf8\0\0\0\0\0\0\0\x10\x01\0\0";
    assert_eq!(raw(frame, MAX_FRAME), Err(Error::Corrupt));
}
