//! Windows come back from their deltas, moved code costs little, and no damage does harm.

mod samples;

use proptest::prelude::*;
use proptest::sample::Index;
use storage::Error;
use storage::arena::{Arena, Region};
use storage::chunk::id;
use storage::delta::{self, MAX_BASE, MAX_NEW};

/// The delta of `new`, which may be as long as it wants to.
fn encode(base: &[u8], new: &[u8], level: i32) -> Vec<u8> {
    encode_into(new.len() + 1024, base, new, level).expect("there is room")
}

fn encode_into(room: usize, base: &[u8], new: &[u8], level: i32) -> Result<Vec<u8>, Error> {
    let mut delta = vec![0; room];
    let length = delta::encode(base, new, level, &mut delta)?;
    delta.truncate(length);
    Ok(delta)
}

fn decode(base: &[u8], delta: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let mut new = vec![0; length];
    delta::decode(base, delta, &mut new).map(|()| new)
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

/// Something like arm64 code at `address`: functions that call each other and load from a few places behind them, at places
/// that `gap` pushes apart.
fn arm64(seed: u64, address: usize, gap: usize) -> Vec<u8> {
    const FUNCTIONS: usize = 400;
    const BODY: usize = 256;
    let noise = samples::random(seed, FUNCTIONS * BODY);
    let start = |function: usize| function * BODY + function / 20 * gap;
    let data = address + start(FUNCTIONS) + 0x1_0000;
    let mut code = vec![0; start(FUNCTIONS)];
    for (place, noise) in noise.chunks(32).enumerate() {
        let at = start(place / 8) + place % 8 * 32;
        let any = usize::from(noise[0]);
        let call = 0x9400_0000 | (start(any).wrapping_sub(at) >> 2 & 0x3ff_ffff);
        let target = data + any % 16 * 0x4d8;
        let pages = (target >> 12) - ((address + at + 4) >> 12);
        let page = 0x9000_0001 | (pages & 3) << 29 | pages >> 2 << 5;
        let load = 0xf940_0020 | (target & 0xfff) >> 3 << 10;
        let add = 0x8b00_0000 | any << 5;
        let rest = noise[1..4].iter().map(|byte| 0xaa00_0000 | usize::from(*byte));
        let instructions = [call, page, load, add, 0xd65f_03c0].into_iter().chain(rest);
        for (place, instruction) in code[at..].chunks_mut(4).zip(instructions) {
            place.copy_from_slice(&(instruction as u32).to_le_bytes());
        }
    }
    code
}

/// A table of pointers to what `moved`.
fn table(moved: u64) -> Vec<u8> {
    (0..5000).flat_map(|row| (row * 40 + 100_000 + moved).to_le_bytes()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn windows_come_back(seed: u64, edits in edits(), length in 0usize..120_000, level in 1..=19) {
        let base = samples::copies(seed, length);
        let new = [edited(&base, &edits), vec![0]].concat();
        let delta = encode(&base, &new, level);
        prop_assert_eq!(decode(&base, &delta, new.len()), Ok(new));
    }

    #[test]
    fn windows_that_have_nothing_in_common_come_back(seed: u64, old in 0usize..5000, new in 1usize..5000) {
        let (old, new) = (samples::random(seed, old), samples::random(!seed, new));
        prop_assert_eq!(decode(&old, &encode(&old, &new, 3), new.len()), Ok(new));
    }

    #[test]
    fn a_delta_fits_or_there_is_no_space(seed: u64, edits in edits(), room in any::<Index>()) {
        let base = samples::copies(seed, 50_000);
        let new = [edited(&base, &edits), vec![0]].concat();
        let delta = encode(&base, &new, 3);
        let room = room.index(delta.len());
        prop_assert_eq!(encode_into(room, &base, &new, 3), Err(Error::Space));
    }

    #[test]
    fn no_damage_to_a_delta_does_harm(seed: u64, damage in prop::collection::vec((any::<Index>(), 1u8..), 1..8)) {
        let (base, new) = (code(seed, 0), code(seed, 16));
        let mut delta = encode(&base, &new, 3);
        for (place, flip) in damage {
            let place = place.index(delta.len());
            delta[place] ^= flip;
        }
        let result = decode(&base, &delta, new.len());
        prop_assert!(matches!(result, Ok(_) | Err(Error::Corrupt)));
    }

    #[test]
    fn arm64_code_comes_back(
        seed: u64,
        [old, new] in [0usize..0x2_0000, 0usize..0x2_0000],
        gap in 0usize..100,
        edits in edits(),
    ) {
        let base = arm64(seed, old & !7, 0);
        let new = [edited(&arm64(seed, new & !7, gap), &edits), vec![0]].concat();
        let delta = encode(&base, &new, 3);
        prop_assert_eq!(decode(&base, &delta, new.len()), Ok(new));
    }

    #[test]
    fn no_damage_to_a_delta_of_arm64_code_does_harm(
        seed: u64,
        damage in prop::collection::vec((any::<Index>(), 1u8..), 1..8),
    ) {
        let (base, new) = (arm64(seed, 0, 0), arm64(seed, 0x20, 16));
        let mut delta = encode(&base, &new, 3);
        for (place, flip) in damage {
            let place = place.index(delta.len());
            delta[place] ^= flip;
        }
        let result = decode(&base, &delta, new.len());
        prop_assert!(matches!(result, Ok(_) | Err(Error::Corrupt)));
    }

    #[test]
    fn no_coded_bit_is_without_meaning(seed: u64, back in 1usize..100, flip in 1u8..) {
        let (base, new) = (code(seed, 0), code(seed, 16));
        let mut delta = encode(&base, &new, 3);
        let place = delta.len() - back;
        delta[place] ^= flip;
        prop_assert_ne!(decode(&base, &delta, new.len()), Ok(new));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(seed: u64, length in 0usize..3000, split in 0u32..3000, size in 1usize..200_000) {
        let base = code(seed, 0);
        let mut delta = split.to_le_bytes().to_vec();
        delta.extend(samples::random(seed, length));
        prop_assert!(matches!(decode(&base, &delta, size), Ok(_) | Err(Error::Corrupt)));
    }

    #[test]
    fn deltas_of_another_length_are_refused(seed: u64, length in any::<Index>()) {
        let (base, new) = (code(seed, 0), code(seed, 16));
        let mut delta = encode(&base, &new, 3);
        delta.push(0);
        prop_assert_eq!(decode(&base, &delta, new.len()), Err(Error::Corrupt));
        delta.truncate(length.index(delta.len() - 1));
        prop_assert_eq!(decode(&base, &delta, new.len()), Err(Error::Corrupt));
    }
}

#[test]
fn what_did_not_change_costs_next_to_nothing() {
    let window = samples::random(1, 1 << 20);
    let delta = encode(&window, &window, 3);
    assert!(delta.len() < 64, "{} bytes", delta.len());
}

#[test]
fn calls_of_functions_that_moved_cost_little() {
    let (base, new) = (code(1, 0), code(1, 16));
    let changed = 400 * 14;
    let delta = encode(&base, &new, 3);
    assert!(delta.len() < changed / 4, "{} bytes for {changed} calls", delta.len());
}

#[test]
fn arm64_code_that_moved_costs_little_wherever_it_is() {
    for (old, new, before) in [(0, 0, 0), (0x1_0238, 0x2_0e40, 0), (0x1_0238, 0x1_0238, 3)] {
        let base = [&[7; 5][..before], &arm64(1, old, 0)].concat();
        let window = [&[7; 5][..2 * before / 3], &arm64(1, new, 16)].concat();
        let changed = 400 * 8 * 3;
        let delta = encode(&base, &window, 3);
        assert!(delta.len() < changed / 5, "{} bytes for {changed} instructions at {new:x}", delta.len());
        assert_eq!(decode(&base, &delta, window.len()), Ok(window));
    }
}

#[test]
fn pointers_to_what_moved_cost_little_at_any_alignment() {
    let (header, second) = (samples::random(2, 100), samples::random(3, 100));
    for (old, new) in [(0, 0), (1, 0), (2, 3), (3, 3)] {
        let base = [&header[..], &[7; 3][..old], &second, &table(0)].concat();
        let new = [&header[..], &[7; 3][..new], &second, &table(0x1230)].concat();
        let delta = encode(&base, &new, 3);
        assert!(delta.len() < 600, "{} bytes for 5000 pointers after {old} bytes", delta.len());
    }
}

#[test]
fn windows_may_hold_files_of_different_alignments() {
    let apart = samples::random(3, 3001);
    let base = [&table(0)[..], &apart, &table(0)].concat();
    let new = [&table(0x1230)[..], &apart, &table(0x4560)].concat();
    let delta = encode(&base, &new, 3);
    assert!(delta.len() < 1200, "{} bytes for twice 5000 pointers", delta.len());
}

#[test]
fn a_window_finds_its_bytes_elsewhere_in_the_base() {
    let base = samples::random(7, 100_000);
    let new = [&base[70_000..], &base[..30_000]].concat();
    assert!(encode(&base, &new, 3).len() < 100);
}

#[test]
fn the_largest_windows_come_back() {
    let base = samples::copies(1, MAX_BASE);
    let mut new = base[MAX_NEW / 2..][..MAX_NEW].to_vec();
    for place in (0..MAX_NEW).step_by(1000) {
        new[place] ^= 1;
    }
    let delta = encode(&base, &new, 3);
    assert!(delta.len() < MAX_NEW / 100, "{} bytes", delta.len());
    assert_eq!(decode(&base, &delta, MAX_NEW), Ok(new));
}

#[test]
fn large_windows_that_have_little_in_common_are_given_up() {
    let (base, other) = (samples::random(8, MAX_NEW), samples::random(9, MAX_NEW / 2));
    let new = [&base[..MAX_NEW / 2], &other].concat();
    assert_eq!(encode_into(MAX_NEW / 4, &base, &new, 3), Err(Error::Space));
    let delta = encode_into(MAX_NEW / 2 + 1000, &base, &new, 3).expect("there is room");
    assert_eq!(decode(&base, &delta, MAX_NEW), Ok(new));
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let (long, short) = (vec![0; MAX_BASE + 1], [0; 10]);
    for (base, new, level) in [
        (&long[..], &short[..], 3),
        (&short, &long[..=MAX_NEW], 3),
        (&short, &[], 3),
        (&short, &short, 0),
        (&short, &short, 20),
    ] {
        assert_eq!(delta::encode(base, new, level, &mut [0; 1000]), Err(Error::Argument));
    }
    for (base, size) in [(&long[..], 10), (&short, MAX_NEW + 1), (&short, 0)] {
        assert_eq!(delta::decode(base, &[0; 4], &mut vec![0; size]), Err(Error::Argument));
    }
}

#[test]
fn patch_checks_every_extent() {
    let (base, new) = (samples::copies(5, 10_000), samples::copies(6, 9000));
    let delta = encode(&base, &new, 3);
    let extent = |bytes: &[u8]| [&[0; 4], &(bytes.len() as u32).to_le_bytes(), &id(bytes)[..]].concat();
    let patch = |extent: &[u8]| {
        let mut memory = [&base[..], &delta, extent, &vec![0; new.len()]].concat();
        let mut address = 0;
        let [base, delta, extents, output] =
            [base.len(), delta.len(), extent.len(), new.len()].map(|length| {
                address += length;
                Region { address: address - length, length }
            });
        Arena::new(0, &mut memory).patch(base, delta, extents, output)
    };
    assert_eq!(patch(&extent(&new)), Ok(new.len()));
    assert_eq!(patch(&extent(b"other bytes")), Err(Error::Mismatch(0)));
    assert_eq!(patch(&extent(&[&new[..], b"more"].concat())), Err(Error::Argument));
    assert_eq!(patch(&extent(&new)[1..]), Err(Error::Argument));
}
