//! Restoring whatever a host or a registry says ends with a result, and touches nothing but its output.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::arena::{Arena, EXTENT_SIZE, Region};
use storage::compress::compress;

const BASE: usize = 1 << 20;

#[derive(Arbitrary, Debug)]
struct Case {
    extents: Vec<[u8; EXTENT_SIZE]>,
    frame: Frame,
}

#[derive(Arbitrary, Debug)]
enum Frame {
    /// Bytes that may have nothing to do with a frame.
    Bytes { bytes: Vec<u8>, raw_length: u16 },
    /// A frame in which some bytes were changed.
    Damaged { raw: Vec<u8>, level: u8, changes: Vec<(u16, u8)> },
}

impl Frame {
    /// The frame's bytes and the number of raw bytes to expect.
    fn build(self) -> (Vec<u8>, usize) {
        match self {
            Frame::Bytes { bytes, raw_length } => (bytes, raw_length.into()),
            Frame::Damaged { raw, level, changes } => {
                let mut frame = vec![0; raw.len() + 1024];
                let level = i32::from(level % 19) + 1;
                let length = compress(&raw, level, &mut frame).unwrap_or(0);
                frame.truncate(length);
                for (place, change) in changes {
                    if let Some(byte) = frame.get_mut(usize::from(place)) {
                        *byte ^= change;
                    }
                }
                (frame, raw.len())
            }
        }
    }
}

fuzz_target!(|case: Case| {
    let extents = case.extents.concat();
    let (frame, raw_length) = case.frame.build();
    let inputs = [&extents[..], &frame].concat();
    let mut memory = [&inputs[..], &vec![0; raw_length], &[0xee; 64]].concat();

    let at = |offset, length| Region { address: BASE + offset, length };
    let result = Arena::new(BASE, &mut memory).restore(
        at(extents.len(), frame.len()),
        at(0, extents.len()),
        at(inputs.len(), raw_length),
    );

    assert!(result.is_err() || result == Ok(raw_length));
    assert_eq!(memory[..inputs.len()], inputs);
    assert_eq!(memory[inputs.len() + raw_length..], [0xee; 64]);
});
