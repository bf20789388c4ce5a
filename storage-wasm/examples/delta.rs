//! Sizes and speeds of deltas between files, natively, on one thread.
//!
//! `delta OLD NEW [LEVEL [LIMIT]]` codes NEW in windows against OLD, checks that they come back, and prints the bytes, the
//! speeds by the time that the thread itself worked, beside that of zstd -3 in the same run. With a LIMIT, a window whose
//! delta would be longer than that part of its bytes is taken as it is.

use std::{array, env, fs};

use storage::delta::{self, MAX_NEW};

/// How many bytes on both sides of a window belong to its base.
const REACH: usize = 1 << 20;

fn main() {
    let [_, old, new, level, limit] = array::from_fn(|place| env::args().nth(place));
    let (old, new) = (read(old), read(new));
    let level = level.map_or(3, |level| level.parse().expect("a level"));
    let limit = limit.map(|limit| limit.parse().expect("a part of 1"));

    let (deltas, encoding) = timed(|| encode(&old, &new, level, limit));
    let (back, decoding) = timed(|| decode(&old, &deltas, new.len()));
    assert!(back == new, "the file came back differently");
    let (_, reference) =
        timed(|| zstd_safe::compress(&mut vec![0; zstd_safe::compress_bound(new.len())][..], &new, 3));

    let size: usize = deltas.iter().map(Vec::len).sum();
    let megabytes = new.len() as f64 / 1e6;
    println!(
        "{size} bytes of {}; encode {:.0} MB/s, decode {:.0} MB/s, zstd -3 {:.0} MB/s",
        new.len(),
        megabytes / encoding,
        megabytes / decoding,
        megabytes / reference,
    );
}

fn read(name: Option<String>) -> Vec<u8> {
    fs::read(name.expect("two arguments, the old and the new file")).expect("a readable file")
}

/// The bytes of `old` at the place of a window of `new`, scaled by the lengths of both, and as many on both sides as there
/// may be.
fn around<'a>(old: &'a [u8], new: &[u8], offset: usize) -> &'a [u8] {
    let place = (offset as u64 * old.len() as u64 / new.len() as u64) as usize;
    let length = (offset + MAX_NEW).min(new.len()) - offset;
    &old[place.saturating_sub(REACH)..old.len().min(place + length + REACH)]
}

fn encode(old: &[u8], new: &[u8], level: i32, limit: Option<f64>) -> Vec<Vec<u8>> {
    let windows = (0..).step_by(MAX_NEW).zip(new.chunks(MAX_NEW));
    let deltas = windows.map(|(offset, window)| {
        let room = limit.map_or(window.len() + 1000, |limit| (window.len() as f64 * limit) as usize);
        let mut delta = vec![0; room];
        match delta::encode(around(old, new, offset), window, level, &mut delta) {
            Ok(length) => delta.truncate(length),
            Err(error) => {
                assert!(limit.is_some(), "{error:?}");
                delta = window.to_vec();
            }
        }
        delta
    });
    deltas.collect()
}

fn decode(old: &[u8], deltas: &[Vec<u8>], length: usize) -> Vec<u8> {
    let mut new = vec![0; length];
    for (place, delta) in deltas.iter().enumerate() {
        let offset = place * MAX_NEW;
        let base = around(old, &new, offset);
        let end = (offset + MAX_NEW).min(length);
        if delta.len() == end - offset {
            new[offset..end].copy_from_slice(delta);
        } else {
            delta::decode(base, delta, &mut new[offset..end]).expect("an intact delta");
        }
    }
    new
}

/// What `work` returns, and the seconds that the thread worked: other programs do not count.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = seconds();
    let result = work();
    (result, seconds() - begin)
}

fn seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux system");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    nanoseconds / 1e9
}
