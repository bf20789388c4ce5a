//! Windows come back from their deltas, and decoding whatever a registry says ends with a result.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::Error;
use storage::compress::LEVELS;
use storage::delta::{Decoder, Encoder, Window};

#[derive(Arbitrary, Debug)]
struct Case {
    base: Vec<u8>,
    /// Where the base window begins, and the new one.
    offsets: (u32, u32),
    delta: Delta,
}

#[derive(Arbitrary, Debug)]
enum Delta {
    /// Bytes that may have nothing to do with a delta.
    Bytes { bytes: Vec<u8>, length: u16 },
    /// The delta of the base with some bytes changed and more bytes after it, in which some bytes were changed.
    Damaged { edits: Vec<(u16, u8)>, more: Vec<u8>, level: u8, changes: Vec<(u16, u8)> },
}

fn change(bytes: &mut [u8], changes: &[(u16, u8)]) {
    for (place, change) in changes {
        if let Some(byte) = bytes.get_mut(usize::from(*place)) {
            *byte ^= change;
        }
    }
}

fuzz_target!(|case: Case| {
    let base = Window { offset: case.offsets.0.into(), bytes: &case.base };
    let offset = case.offsets.1.into();
    let decode = |delta: &[u8], length| {
        let mut new = vec![0; length];
        Decoder::new().decode(base, delta, offset, &mut new).map(|()| new)
    };
    match case.delta {
        Delta::Bytes { bytes, length } => {
            assert!(matches!(decode(&bytes, length.into()), Ok(_) | Err(Error::Corrupt)));
        }
        Delta::Damaged { edits, more, level, changes } => {
            let mut new = [&case.base[..], &more].concat();
            change(&mut new, &edits);
            let level = i32::from(level) % LEVELS.end() + 1;
            let window = Window { offset, bytes: &new };
            let mut delta = Encoder::new().encode(base, window, level).expect("small windows");
            assert_eq!(decode(&delta, new.len()).as_ref(), Ok(&new));
            change(&mut delta, &changes);
            assert!(matches!(decode(&delta, new.len()), Ok(_) | Err(Error::Corrupt)));
        }
    }
});
