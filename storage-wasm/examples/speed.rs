//! The routines as a native process, for `bench/codec` to measure: it works whenever it is told to, on data that it has.
//!
//! The argument is a file, which is cut in batches of 8 MiB. Reads requests from standard input, a line of five words
//! each, and answers each on standard output when it is done, with the number of chunks or bytes that came out:
//!
//! `ROUTINE LEVEL EVERY TIMES THREADS`
//!
//! Of what the routine works on it takes one batch or frame of EVERY, and it works TIMES times on each. Each of the
//! threads does all of that.

use std::io::{self, BufRead, Write};
use std::{array, env, fs, thread};

use storage::chunk::{Chunks, Following, Id, id};
use storage::compress::{MAX_COMPRESSED_FRAME, MAX_FRAME, compress, decompress};

/// What is cut at once.
const BATCH: usize = 8 << 20;
/// The raw size that frames are filled up to, and the level of those that are restored.
const FRAME: usize = 1 << 20;
const LEVEL: i32 = 3;

type Extent = (usize, usize, Id);

/// A frame to restore.
struct Frame {
    packed: Vec<u8>,
    raw: usize,
    extents: Vec<Extent>,
}

/// What to work on.
struct Work {
    raw: Vec<u8>,
    frames: Vec<Frame>,
    zeros: Vec<Frame>,
}

/// What a thread writes to. That is allocated and touched once.
struct Scratch {
    input: Vec<u8>,
    gathered: Vec<u8>,
    output: Vec<u8>,
}

/// The numbers of a request but for its threads.
#[derive(Clone, Copy)]
struct Amount {
    level: i32,
    every: usize,
    times: usize,
}

fn main() -> io::Result<()> {
    let file = env::args().nth(1).expect("an argument, the file");
    let work = Work::new(fs::read(file)?);
    let mut scratches: Vec<_> = (0..thread::available_parallelism()?.get()).map(|_| Scratch::new()).collect();
    let mut answers = io::stdout().lock();
    writeln!(answers, "zstd {}", zstd_safe::version_string())?;
    answers.flush()?;
    for request in io::stdin().lock().lines() {
        let request = request?;
        let mut words = request.split(' ');
        let routine = words.next().expect("a routine");
        let [level, every, times, threads]: [usize; 4] =
            array::from_fn(|_| words.next().and_then(|word| word.parse().ok()).expect("a number"));
        let amount = Amount { level: level as i32, every, times };
        writeln!(answers, "{}", run(&work, routine, amount, &mut scratches[..threads]))?;
        answers.flush()?;
    }
    Ok(())
}

/// Lets a thread for each scratch do the work, the calling one among them, and returns what came out of that one.
fn run(work: &Work, routine: &str, amount: Amount, scratches: &mut [Scratch]) -> usize {
    let (own, others) = scratches.split_first_mut().expect("at least one thread");
    thread::scope(|scope| {
        for scratch in others {
            scope.spawn(|| work.run(routine, amount, scratch));
        }
        work.run(routine, amount, own)
    })
}

impl Scratch {
    fn new() -> Self {
        Self { input: vec![1; BATCH], gathered: vec![1; MAX_FRAME], output: vec![1; MAX_COMPRESSED_FRAME] }
    }
}

impl Work {
    fn new(raw: Vec<u8>) -> Self {
        let (frames, zeros) = (frames_of(&raw), frames_of(&vec![0; raw.len()]));
        Self { raw, frames, zeros }
    }

    fn run(&self, routine: &str, amount: Amount, scratch: &mut Scratch) -> usize {
        match routine {
            "split" => self.split(amount),
            "compress" => self.compress(amount, scratch),
            "restore" => restore(&self.frames, amount, scratch),
            "restore-zeros" => restore(&self.zeros, amount, scratch),
            "verify-zeros" => verify(&self.zeros, amount, scratch),
            "push" => {
                let mut size = 0;
                push(&self.raw, amount.level, scratch, |packed, _, _| size += packed.len());
                size
            }
            "pull" => pull(&self.frames, scratch),
            _ => panic!("no such routine: {routine}"),
        }
    }

    fn split(&self, amount: Amount) -> usize {
        let mut chunks = 0;
        for batch in self.raw.chunks(BATCH).step_by(amount.every) {
            for _ in 0..amount.times {
                chunks += Chunks::new(batch, Following::Nothing).count();
            }
        }
        chunks
    }

    fn compress(&self, amount: Amount, scratch: &mut Scratch) -> usize {
        let mut size = 0;
        for raw in self.raw.chunks(FRAME).step_by(amount.every) {
            for _ in 0..amount.times {
                size += compress(raw, amount.level, &mut scratch.output).expect("room for a frame");
            }
        }
        size
    }
}

fn restore(frames: &[Frame], amount: Amount, scratch: &mut Scratch) -> usize {
    let mut size = 0;
    for frame in frames.iter().step_by(amount.every) {
        for _ in 0..amount.times {
            size += open(&frame.packed, frame.raw, &[], &mut scratch.output);
        }
    }
    size
}

fn verify(frames: &[Frame], amount: Amount, scratch: &mut Scratch) -> usize {
    let mut size = 0;
    for frame in frames.iter().step_by(amount.every) {
        for _ in 0..amount.times {
            size += open(&frame.packed, frame.raw, &frame.extents, &mut scratch.output);
        }
    }
    size
}

/// Decompresses a frame, checks the chunks in it, and returns its raw size.
fn open(packed: &[u8], raw: usize, extents: &[Extent], output: &mut [u8]) -> usize {
    decompress(packed, &mut output[..raw]).expect("an intact frame");
    for &(offset, length, expected) in extents {
        assert_eq!(id(&output[offset..offset + length]), expected);
    }
    raw
}

/// Reads batch by batch, cuts it, gathers chunks in frames and compresses these, each of which `take` gets with its raw
/// size and its chunks.
fn push(raw: &[u8], level: i32, scratch: &mut Scratch, mut take: impl FnMut(&[u8], usize, &[Extent])) {
    let Scratch { input, gathered, output } = scratch;
    let (mut filled, mut extents) = (0, Vec::new());
    for batch in raw.chunks(BATCH) {
        let input = &mut input[..batch.len()];
        input.copy_from_slice(batch);
        for chunk in Chunks::new(input, Following::Nothing) {
            gathered[filled..filled + chunk.bytes.len()].copy_from_slice(chunk.bytes);
            extents.push((filled, chunk.bytes.len(), chunk.id));
            filled += chunk.bytes.len();
            if filled >= FRAME {
                let size = compress(&gathered[..filled], level, output).expect("room for a frame");
                take(&output[..size], filled, &extents);
                (filled, extents) = (0, Vec::new());
            }
        }
    }
    if filled > 0 {
        let size = compress(&gathered[..filled], level, output).expect("room for a frame");
        take(&output[..size], filled, &extents);
    }
}

/// Reads frame by frame, decompresses it and checks its chunks.
fn pull(frames: &[Frame], scratch: &mut Scratch) -> usize {
    let mut size = 0;
    for frame in frames {
        let input = &mut scratch.input[..frame.packed.len()];
        input.copy_from_slice(&frame.packed);
        size += open(input, frame.raw, &frame.extents, &mut scratch.output);
    }
    size
}

/// The frames that a push of `raw` makes.
fn frames_of(raw: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    push(raw, LEVEL, &mut Scratch::new(), |packed, raw, extents| {
        frames.push(Frame { packed: packed.to_vec(), raw, extents: extents.to_vec() });
    });
    frames
}
