//! Speed of the routines, natively, on a real file: the one that `STORAGE_BENCH_FILE` names, or this program.

use std::{env, fs, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use storage::chunk::{Chunks, Following, id};
use storage::compress::{MAX_COMPRESSED_FRAME, compress, decompress};
use storage::deflate::{self, GO, GZIP, KLAUSPOST, MAX_STATE, PGZIP, PIGZ, ZLIB};
use storage::delta::{self, MAX_NEW};

/// What one call of a host's `split` gets.
const BATCH: usize = 8 << 20;
/// The raw size that a writer of frames aims at.
const FRAME: usize = 1 << 20;
const LEVELS: [i32; 4] = [1, 3, 9, 19];
/// The most raw bytes of a piece of a stream.
const STREAM: usize = deflate::MAX_PIECE;
/// The encoders, and their default levels.
const PROGRAMS: [(&str, u32, u32); 6] = [
    ("go", GO, 6),
    ("klauspost", KLAUSPOST, 5),
    ("pgzip", PGZIP, 5),
    ("zlib", ZLIB, 6),
    ("gzip", GZIP, 6),
    ("pigz", PIGZ, 6),
];

/// The middle of the file, at most `limit` bytes: executables begin and end with tables.
fn input(limit: usize) -> Vec<u8> {
    let file = match env::var_os("STORAGE_BENCH_FILE") {
        Some(name) => name.into(),
        None => env::current_exe().expect("a program knows its file"),
    };
    let bytes = fs::read(file).expect("a readable file");
    let length = bytes.len().min(limit);
    let start = (bytes.len() - length) / 2;
    bytes[start..start + length].to_vec()
}

fn split(c: &mut Criterion) {
    let input = input(BATCH);
    let mut group = c.benchmark_group("split");
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function("cut and hash", |b| {
        b.iter(|| {
            for chunk in Chunks::new(&input, Following::Nothing) {
                black_box(chunk);
            }
        });
    });
    group.bench_function("hash only", |b| {
        b.iter(|| {
            for bytes in input.chunks(64 << 10) {
                black_box(id(bytes));
            }
        });
    });
}

fn frames(c: &mut Criterion) {
    let input = input(FRAME);
    let mut frame = vec![0; MAX_COMPRESSED_FRAME];
    let mut raw = vec![0; input.len()];

    let mut group = c.benchmark_group("compress");
    group.throughput(Throughput::Bytes(input.len() as u64)).sample_size(10);
    for level in LEVELS {
        group.bench_function(BenchmarkId::from_parameter(level), |b| {
            b.iter(|| compress(black_box(&input), level, &mut frame));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("decompress");
    group.throughput(Throughput::Bytes(input.len() as u64));
    for level in LEVELS {
        let length = compress(&input, level, &mut frame).expect("a frame fits");
        group.bench_function(BenchmarkId::from_parameter(level), |b| {
            b.iter(|| decompress(black_box(&frame[..length]), &mut raw));
        });
    }
}

/// What becomes of a program in its next release: here and there a byte more, and addresses that moved.
fn release(old: &[u8]) -> Vec<u8> {
    let mut new = Vec::with_capacity(old.len() + old.len() / 512);
    for (place, part) in old.chunks(1 << 10).enumerate() {
        new.extend_from_slice(part);
        if let Some(address) = new.last_chunk_mut::<4>() {
            *address = u32::from_le_bytes(*address).wrapping_add(0x40).to_le_bytes();
        }
        if place % 64 == 0 {
            new.push(0x90);
        }
    }
    new.truncate(old.len());
    new
}

/// A window against the one before it at the same place.
fn deltas(c: &mut Criterion) {
    let base = input(MAX_NEW);
    let new = release(&base);
    let mut delta = vec![0; new.len()];
    let mut back = vec![0; new.len()];
    let mut group = c.benchmark_group("delta");
    group.throughput(Throughput::Bytes(new.len() as u64)).sample_size(10);
    for level in LEVELS {
        group.bench_function(BenchmarkId::new("encode", level), |b| {
            b.iter(|| delta::encode(black_box(&base), &new, level, &mut delta));
        });
        let length = delta::encode(&base, &new, level, &mut delta).expect("a delta fits");
        group.bench_function(BenchmarkId::new("decode", level), |b| {
            b.iter(|| delta::decode(&base, black_box(&delta[..length]), &mut back));
        });
    }
}

/// A state, aligned as it must be.
#[repr(C, align(16))]
struct State([u8; MAX_STATE]);

/// The streams of each program at its default level and at the least one.
fn streams(c: &mut Criterion) {
    let input = input(STREAM);
    let mut output = vec![0; deflate::bound(input.len())];
    let mut state = Box::new(State([0; MAX_STATE]));

    let mut group = c.benchmark_group("deflate");
    group.throughput(Throughput::Bytes(input.len() as u64)).sample_size(10);
    for (name, encoder, default) in PROGRAMS {
        for level in [default, 1] {
            group.bench_function(BenchmarkId::new(name, level), |b| {
                b.iter(|| {
                    let length = deflate::open(encoder, level, &mut state.0).expect("a state fits");
                    deflate::write(&mut state.0[..length], black_box(&input), true, &mut output)
                });
            });
        }
    }
}

criterion_group!(benches, split, frames, deltas, streams);
criterion_main!(benches);
