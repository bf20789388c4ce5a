//! Windows come back from their deltas, moved code costs little, and no damage does harm.

mod samples;

use proptest::prelude::*;
use proptest::sample::Index;
use storage::Error;
use storage::delta::{Decoder, Encoder, MAX_BASE, MAX_NEW, Window};

/// The deltas of `new`, in windows of `size` bytes, each against the bytes of `base` at the same place and `reach` more
/// on both sides.
fn encode(base: &[u8], new: &[u8], size: usize, reach: usize, level: i32) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new();
    let windows = new.chunks(size).enumerate();
    let deltas = windows.map(|(place, bytes)| {
        let offset = place * size;
        let new = Window { offset: offset as u64, bytes };
        encoder
            .encode(around(base, offset, bytes.len(), reach), new, level)
            .expect("windows of the right size")
    });
    deltas.collect()
}

fn decode(
    base: &[u8],
    deltas: &[Vec<u8>],
    length: usize,
    size: usize,
    reach: usize,
) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new();
    let mut new = vec![0; length];
    for (place, (delta, window)) in deltas.iter().zip(new.chunks_mut(size)).enumerate() {
        let offset = place * size;
        decoder.decode(around(base, offset, window.len(), reach), delta, offset as u64, window)?;
    }
    Ok(new)
}

fn around(file: &[u8], offset: usize, length: usize, reach: usize) -> Window<'_> {
    let start = offset.saturating_sub(reach).min(file.len());
    let end = (offset + length + reach).min(file.len());
    Window { offset: start as u64, bytes: &file[start..end] }
}

/// An edit of a file: at a place, some bytes are replaced by others.
fn edits() -> impl Strategy<Value = Vec<(Index, usize, Vec<u8>)>> {
    let inserted = prop::collection::vec(any::<u8>(), 0..100);
    prop::collection::vec((any::<Index>(), 0usize..2000, inserted), 0..20)
}

fn edited(base: &[u8], edits: &[(Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut new = base.to_vec();
    for (place, removed, inserted) in edits {
        let start = place.index(new.len() + 1);
        let end = (start + removed).min(new.len());
        new.splice(start..end, inserted.iter().copied());
    }
    new
}

/// Something like code: functions of random bytes that call each other, at places that `gap` pushes apart.
fn code(seed: u64, gap: usize) -> Vec<u8> {
    const FUNCTIONS: usize = 400;
    const BODY: usize = 300;
    let noise = samples::random(seed, FUNCTIONS * BODY);
    let start = |function: usize| function * BODY + function / 20 * gap;
    let mut code = vec![0x90; start(FUNCTIONS)];
    for (function, body) in noise.chunks(BODY).enumerate() {
        let at = start(function);
        code[at..at + BODY].copy_from_slice(body);
        for call in (at..at + BODY - 20).step_by(20) {
            let target = start(usize::from(code[call]) % FUNCTIONS);
            code[call] = 0xe8;
            let operand = (target as i32).wrapping_sub(call as i32 + 5);
            code[call + 1..call + 5].copy_from_slice(&operand.to_le_bytes());
        }
    }
    code
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn windows_come_back(seed: u64, edits in edits(), size in 1000usize..100_000, reach in 0usize..50_000, level in 1..=19) {
        let base = samples::copies(seed, 120_000);
        let new = edited(&base, &edits);
        let deltas = encode(&base, &new, size, reach, level);
        prop_assert_eq!(decode(&base, &deltas, new.len(), size, reach), Ok(new));
    }

    #[test]
    fn windows_that_have_nothing_in_common_come_back(seed: u64, old in 0usize..5000, new in 0usize..5000) {
        let (old, new) = (samples::random(seed, old), samples::random(!seed, new));
        let deltas = encode(&old, &new, 5000, 0, 3);
        prop_assert_eq!(decode(&old, &deltas, new.len(), 5000, 0), Ok(new));
    }

    #[test]
    fn no_damage_to_a_delta_does_harm(seed: u64, damage in prop::collection::vec((any::<Index>(), 1u8..), 1..8)) {
        let (base, new) = (code(seed, 0), code(seed, 16));
        let mut deltas = encode(&base, &new, new.len(), 0, 3);
        for (place, flip) in damage {
            let place = place.index(deltas[0].len());
            deltas[0][place] ^= flip;
        }
        let result = decode(&base, &deltas, new.len(), new.len(), 0);
        prop_assert!(matches!(result, Ok(_) | Err(Error::Corrupt)));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(seed: u64, length in 0usize..3000, split in 0u32..3000, size in 0usize..200_000) {
        let base = code(seed, 0);
        let mut delta = split.to_le_bytes().to_vec();
        delta.extend(samples::random(seed, length));
        let result = decode(&base, &[delta], size, size.max(1), 0);
        prop_assert!(matches!(result, Ok(_) | Err(Error::Corrupt)));
    }

    #[test]
    fn truncated_deltas_are_refused(seed: u64, length in any::<Index>()) {
        let new = samples::random(seed, 5000);
        let mut deltas = encode(&[], &new, 5000, 0, 3);
        let length = length.index(deltas[0].len());
        deltas[0].truncate(length);
        prop_assert_eq!(decode(&[], &deltas, 5000, 5000, 0), Err(Error::Corrupt));
    }
}

#[test]
fn what_did_not_change_costs_next_to_nothing() {
    let file = samples::random(1, 1 << 20);
    let deltas = encode(&file, &file, 1 << 18, 0, 3);
    assert!(
        deltas.iter().all(|delta| delta.len() < 64),
        "{:?}",
        deltas.iter().map(Vec::len).collect::<Vec<_>>()
    );
}

#[test]
fn calls_of_functions_that_moved_cost_little() {
    let (base, new) = (code(1, 0), code(1, 16));
    let changed = 400 * 14;
    let delta = encode(&base, &new, new.len(), 0, 3).remove(0);
    assert!(delta.len() < changed / 4, "{} bytes for {changed} calls", delta.len());
}

#[test]
fn pointers_to_what_moved_cost_little() {
    let table = |moved: u64| -> Vec<u8> {
        (0..5000).flat_map(|row| (row * 40 + 100_000 + moved).to_le_bytes()).collect()
    };
    let (base, new) = (table(0), table(0x1230));
    let delta = encode(&base, &new, new.len(), 0, 3).remove(0);
    assert!(delta.len() < 500, "{} bytes for 5000 pointers", delta.len());
}

#[test]
fn a_window_finds_its_bytes_elsewhere_in_the_base() {
    let base = samples::random(7, 100_000);
    let new = [&base[70_000..], &base[..30_000]].concat();
    assert!(encode(&base, &new, new.len(), base.len(), 3)[0].len() < 100);
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let (long, short) = (vec![0; MAX_BASE + 1], [0; 10]);
    let window = |bytes| Window { offset: 0, bytes };
    let encode = |base, new, level| Encoder::new().encode(window(base), window(new), level);
    assert_eq!(encode(&long, &short, 3), Err(Error::Argument));
    assert_eq!(encode(&short, &long[..=MAX_NEW], 3), Err(Error::Argument));
    assert_eq!(encode(&short, &short, 0), Err(Error::Argument));
    assert_eq!(encode(&short, &short, 20), Err(Error::Argument));
    assert_eq!(Decoder::new().decode(window(&long), &[0; 4], 0, &mut [0; 10]), Err(Error::Argument));
    assert_eq!(
        Decoder::new().decode(window(&short), &[0; 4], 0, &mut vec![0; MAX_NEW + 1]),
        Err(Error::Argument)
    );
}
