//! Windows come back from their deltas, and decoding whatever a registry says ends with a result.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use storage::Error;
use storage::compress::LEVELS;
use storage::delta;

#[derive(Arbitrary, Debug)]
struct Case {
    base: Vec<u8>,
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
    let base = &case.base;
    let decode = |delta: &[u8], length| {
        let mut new = vec![0; length];
        delta::decode(base, delta, &mut new).map(|()| new)
    };
    match case.delta {
        Delta::Bytes { bytes, length } => {
            assert!(matches!(decode(&bytes, usize::from(length) + 1), Ok(_) | Err(Error::Corrupt)));
        }
        Delta::Damaged { edits, more, level, changes } => {
            let mut new = [base, &b"a window has a byte"[..], &more].concat();
            change(&mut new, &edits);
            let level = i32::from(level) % LEVELS.end() + 1;
            let mut delta = vec![0; new.len() + 1024];
            let length = delta::encode(base, &new, level, &mut delta).expect("there is room");
            delta.truncate(length);
            assert_eq!(decode(&delta, new.len()).as_ref(), Ok(&new));
            change(&mut delta, &changes);
            assert!(matches!(decode(&delta, new.len()), Ok(_) | Err(Error::Corrupt)));
        }
    }
});
