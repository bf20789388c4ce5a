//! What is compressed comes back, at every level.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::Error;
use storage::compress::{LEVELS, compress, decompress};

#[derive(Arbitrary, Debug)]
struct Case {
    level: u8,
    input: Vec<u8>,
}

fuzz_target!(|case: Case| {
    let level = i32::from(case.level) % LEVELS.end() + 1;
    let mut frame = vec![0; case.input.len() + 1024];
    match compress(&case.input, level, &mut frame) {
        Ok(length) => {
            let mut raw = vec![0; case.input.len()];
            assert_eq!(decompress(&frame[..length], &mut raw), Ok(()));
            assert_eq!(raw, case.input);
        }
        Err(error) => assert_eq!((error, case.input.len()), (Error::Argument, 0)),
    }
});
