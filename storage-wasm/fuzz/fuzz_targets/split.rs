//! Splitting an input in two pieces gives the chunks of the whole, and these cover it.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::chunk::{Chunk, Chunks, Following};

/// An input of a size that makes several chunks: a few bytes, repeated with variations.
#[derive(Arbitrary, Debug)]
struct Case {
    pattern: Vec<u8>,
    length: u32,
    cut: u32,
}

impl Case {
    fn input(&self) -> Vec<u8> {
        let length = self.length as usize % (640 << 10);
        let mut state = 1u8;
        let pattern = self.pattern.iter().cycle().take(length);
        pattern
            .map(|byte| {
                state = state.wrapping_mul(5).wrapping_add(*byte);
                state
            })
            .collect()
    }
}

fuzz_target!(|case: Case| {
    let input = case.input();
    let whole: Vec<Chunk> = Chunks::new(&input, Following::Nothing).collect();
    assert!(whole.iter().flat_map(|chunk| chunk.bytes).eq(&input));

    let cut = case.cut as usize % (input.len() + 1);
    let mut pieces: Vec<Chunk> = Chunks::new(&input[..cut], Following::More).collect();
    let consumed: usize = pieces.iter().map(|chunk| chunk.bytes.len()).sum();
    pieces.extend(Chunks::new(&input[consumed..], Following::Nothing));
    assert_eq!(pieces, whole);
});
