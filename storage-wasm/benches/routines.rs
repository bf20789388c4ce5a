//! Speed of the routines, natively, on a real file: the one that `STORAGE_BENCH_FILE` names, or this program.

use std::{env, fs, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use storage::chunk::{Chunks, Following, id};
use storage::compress::{MAX_COMPRESSED_FRAME, compress, decompress};

/// What one call of a host's `split` gets.
const BATCH: usize = 8 << 20;
/// The raw size that a writer of frames aims at.
const FRAME: usize = 1 << 20;
const LEVELS: [i32; 4] = [1, 3, 9, 19];

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

criterion_group!(benches, split, frames);
criterion_main!(benches);
