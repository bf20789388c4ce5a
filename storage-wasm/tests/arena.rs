//! A host's regions are checked, whatever they say, and routines touch nothing but their output.

mod samples;

use proptest::prelude::*;
use storage::Error;
use storage::arena::{Arena, EXTENT_SIZE, RECORD_SIZE, Region};
use storage::chunk::{Following, MAX_CHUNK, id};

/// Where the arenas of these tests claim to lie.
const BASE: usize = 1 << 20;

fn at(offset: usize, length: usize) -> Region {
    Region { address: BASE + offset, length }
}

/// An extent as a host writes it.
fn extent(offset: u32, bytes: &[u8]) -> Vec<u8> {
    [&offset.to_le_bytes(), &(bytes.len() as u32).to_le_bytes(), &id(bytes)[..]].concat()
}

#[test]
fn regions_must_lie_in_the_arena() {
    let mut memory = vec![0; 1000];
    let mut arena = Arena::new(BASE, &mut memory);
    let regions = [
        at(0, 1001),
        at(1000, 1),
        at(1001, 0),
        at(1, usize::MAX),
        Region { address: BASE - 1, length: 1 },
        Region { address: 0, length: BASE + 500 },
        Region { address: usize::MAX, length: 1 },
        Region { address: usize::MAX, length: usize::MAX },
    ];
    for region in regions {
        let fine = at(0, 0);
        let more = Following::More;
        assert_eq!(arena.put(b"", region), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.split(region, more, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.split(fine, more, region), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.compress(region, 1, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.compress(fine, 1, region), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.restore(region, fine, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.restore(fine, region, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.restore(fine, fine, region), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.delta(region, fine, 1, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.delta(fine, region, 1, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.delta(fine, fine, 1, region), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.patch(region, fine, fine, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.patch(fine, region, fine, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.patch(fine, fine, region, fine), Err(Error::Argument), "{region:?}");
        assert_eq!(arena.patch(fine, fine, fine, region), Err(Error::Argument), "{region:?}");
    }
    assert_eq!(arena.split(at(0, 0), Following::Nothing, at(1000, 0)), Ok(0), "the end is still inside");
}

#[test]
fn regions_must_not_overlap() {
    let mut memory = vec![1; 1000];
    let mut arena = Arena::new(BASE, &mut memory);
    assert_eq!(arena.compress(at(0, 101), 1, at(100, 500)), Err(Error::Argument));
    assert_eq!(arena.compress(at(599, 100), 1, at(100, 500)), Err(Error::Argument));
    assert_eq!(arena.compress(at(200, 100), 1, at(100, 500)), Err(Error::Argument));
    assert!(arena.compress(at(0, 100), 1, at(100, 500)).is_ok());
    assert_eq!(arena.split(at(0, 100), Following::Nothing, at(99, 36)), Err(Error::Argument));
    assert_eq!(arena.split(at(50, 0), Following::Nothing, at(0, 100)), Ok(0), "nothing overlaps nothing");
}

#[test]
fn split_writes_a_record_for_each_chunk() {
    let input = samples::random(3, 500_000);
    let mut memory = [&input[..], &[0xee; 1000]].concat();
    let count = Arena::new(BASE, &mut memory)
        .split(at(0, input.len()), Following::Nothing, at(input.len(), 1000))
        .expect("there is room");
    let (records, rest) = memory[input.len()..].split_at(count * RECORD_SIZE);
    let mut begin = 0;
    for record in records.chunks(RECORD_SIZE) {
        let end = begin + u32::from_le_bytes(record[..4].try_into().unwrap()) as usize;
        assert_eq!(record[4..], id(&input[begin..end]));
        begin = end;
    }
    assert_eq!(begin, input.len());
    assert!(rest.iter().all(|&byte| byte == 0xee), "nothing is written behind the records");
}

#[test]
fn split_needs_room_for_all_records() {
    let mut memory = vec![0; 3 * MAX_CHUNK + 3 * RECORD_SIZE];
    let mut arena = Arena::new(BASE, &mut memory);
    let mut split = |room| arena.split(at(0, 3 * MAX_CHUNK), Following::Nothing, at(3 * MAX_CHUNK, room));
    assert_eq!(split(3 * RECORD_SIZE - 1), Err(Error::Space));
    assert_eq!(split(3 * RECORD_SIZE), Ok(3));
}

/// An arena of a frame of `raw`, then the bytes of `extents`, then room for `raw`; and the regions of the three.
fn restorable(raw: &[u8], extents: &[Vec<u8>]) -> (Vec<u8>, [Region; 3]) {
    let mut frame = vec![0; raw.len() + 1000];
    let length = storage::compress::compress(raw, 3, &mut frame).expect("a frame fits");
    frame.truncate(length);
    let extents = extents.concat();
    let regions = [at(0, length), at(length, extents.len()), at(length + extents.len(), raw.len())];
    ([frame, extents, vec![0; raw.len()]].concat(), regions)
}

#[test]
fn restore_checks_every_extent() {
    let raw = samples::copies(5, 100_000);
    let good = [extent(0, &raw[..40_000]), extent(40_000, &raw[40_000..]), extent(99_999, &raw[99_999..])];
    let (mut memory, [frame, extents, output]) = restorable(&raw, &good);
    assert_eq!(Arena::new(BASE, &mut memory).restore(frame, extents, output), Ok(raw.len()));
    assert_eq!(memory[memory.len() - raw.len()..], raw);

    for wrong in 0..good.len() {
        let mut extents = good.clone();
        extents[wrong][EXTENT_SIZE - 1] ^= 1;
        let (mut memory, [frame, extents, output]) = restorable(&raw, &extents);
        let result = Arena::new(BASE, &mut memory).restore(frame, extents, output);
        assert_eq!(result, Err(Error::Mismatch(wrong as u32)));
        assert_eq!(result.unwrap_err().code(), -4096 - wrong as i64);
    }
}

#[test]
fn restore_names_the_first_mismatch() {
    let raw = samples::copies(5, 1000);
    let wrong = extent(0, b"other bytes");
    let (mut memory, [frame, extents, output]) = restorable(&raw, &[extent(0, &raw), wrong.clone(), wrong]);
    let result = Arena::new(BASE, &mut memory).restore(frame, extents, output);
    assert_eq!(result, Err(Error::Mismatch(1)));
}

#[test]
fn extents_must_be_whole() {
    let raw = samples::copies(5, 1000);
    let (mut memory, [frame, mut extents, output]) = restorable(&raw, &[extent(0, &raw)]);
    extents.length -= 1;
    let result = Arena::new(BASE, &mut memory).restore(frame, extents, output);
    assert_eq!(result, Err(Error::Argument));
}

#[test]
fn extents_must_be_chunks_within_the_frame() {
    let raw = vec![7; MAX_CHUNK + 2];
    let with =
        |offset: u32, length: u32| [&offset.to_le_bytes(), &length.to_le_bytes(), &[0; 32][..]].concat();
    let impossible = [
        with(0, 0),
        with(0, MAX_CHUNK as u32 + 1),
        with(3, MAX_CHUNK as u32),
        with(raw.len() as u32, 1),
        with(raw.len() as u32 + 1, 1),
        with(u32::MAX, 1),
        with(u32::MAX, u32::MAX),
    ];
    for extent in impossible {
        let (mut memory, [frame, extents, output]) = restorable(&raw, &[extent]);
        let result = Arena::new(BASE, &mut memory).restore(frame, extents, output);
        assert_eq!(result, Err(Error::Argument));
    }
}

#[test]
fn put_fills_its_region() {
    let mut memory = vec![0; 4];
    assert_eq!(Arena::new(BASE, &mut memory).put(b"ab", at(1, 2)), Ok(2));
    assert_eq!(memory, b"\0ab\0");
    assert_eq!(Arena::new(BASE, &mut memory).put(b"ab", at(1, 3)), Err(Error::Argument));
}

/// Regions in, around and far from an arena of `size` bytes.
fn any_region(size: usize) -> impl Strategy<Value = Region> {
    let length = prop_oneof![8 => 0..size, 1 => Just(usize::MAX), 1 => any::<usize>()];
    let address = prop_oneof![8 => BASE - 2..BASE + size + 2, 1 => any::<usize>()];
    (address, length).prop_map(|(address, length)| Region { address, length })
}

proptest! {
    #[test]
    fn whatever_a_host_says_only_its_output_changes(
        seed: u64,
        routine in 0..5,
        regions in [any_region(5000), any_region(5000), any_region(5000), any_region(5000)],
        level: i32,
    ) {
        let before = samples::copies(seed, 5000);
        let mut memory = before.clone();
        let mut arena = Arena::new(BASE, &mut memory);
        let [input, extents, base, output] = regions;
        let result = match routine {
            0 => arena.split(input, Following::Nothing, output),
            1 => arena.compress(input, level % 20, output),
            2 => arena.restore(input, extents, output),
            3 => arena.delta(base, input, level % 20, output),
            _ => arena.patch(base, input, extents, output),
        };
        let place = match result {
            Err(Error::Argument) => 0..0,
            _ => output.address - BASE..output.address - BASE + output.length,
        };
        prop_assert_eq!(&memory[..place.start], &before[..place.start]);
        prop_assert_eq!(&memory[place.end..], &before[place.end..]);
    }
}
