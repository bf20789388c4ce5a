//! Inputs that every language can generate: testdata/README.md describes them.

#![allow(dead_code)] // not every test uses every kind

/// The pseudo-random generator SplitMix64.
pub struct SplitMix64(u64);

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Bytes without any pattern.
pub fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut source = SplitMix64::new(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&source.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Bytes that repeat earlier ones here and there, so that they compress.
pub fn copies(seed: u64, length: usize) -> Vec<u8> {
    let mut source = SplitMix64::new(seed);
    let mut bytes = Vec::with_capacity(length + 64);
    while bytes.len() < length {
        let step = source.next();
        let run = 4 + (step >> 8) as usize % 60;
        if step & 1 == 0 && !bytes.is_empty() {
            let distance = 1 + (step >> 32) as usize % bytes.len().min(1 << 16);
            for _ in 0..run {
                bytes.push(bytes[bytes.len() - distance]);
            }
        } else {
            for _ in 0..run / 4 {
                bytes.push(source.next() as u8 & 0x3f);
            }
        }
    }
    bytes.truncate(length);
    bytes
}

/// Zeros, then [`copies`], then bytes that hardly repeat, then some that are the less frequent the greater they are.
pub fn mixed(seed: u64, length: usize) -> Vec<u8> {
    let mut source = SplitMix64::new(seed);
    let mut bytes = vec![0; length / 4];
    bytes.extend(copies(seed, length / 4));
    bytes.extend((0..length / 4).map(|_| (source.next() % 96) as u8));
    bytes.resize_with(length, || source.next().trailing_zeros() as u8);
    bytes
}

/// Something like a program: functions that call each other, and a table of addresses. `moved` says how far they are apart.
pub fn program(seed: u64, length: usize, moved: usize) -> Vec<u8> {
    const BODY: usize = 256;
    let functions = length / (2 * BODY);
    let start = |function: usize| function * BODY + function / 16 * moved;
    let mut program = vec![0x90; start(functions)];
    for (function, body) in random(seed, functions * BODY).chunks(BODY).enumerate() {
        let at = start(function);
        program[at..at + BODY].copy_from_slice(body);
        for call in (at..at + BODY - 16).step_by(16) {
            let target = start(usize::from(program[call]) % functions);
            program[call] = 0xe8;
            let operand = (target as i32).wrapping_sub(call as i32 + 5);
            program[call + 1..call + 5].copy_from_slice(&operand.to_le_bytes());
        }
    }
    program.extend((0..length / 16).flat_map(|row| (100_000 + 40 * row + row / 8 * moved).to_le_bytes()));
    program
}

/// The input of `kind`, by its name in the test vectors.
pub fn of_kind(kind: &str, seed: u64, length: usize) -> Vec<u8> {
    match kind {
        "random" => random(seed, length),
        "copies" => copies(seed, length),
        "mixed" => mixed(seed, length),
        "zeros" => vec![0; length],
        _ => panic!("unknown kind of input: {kind}"),
    }
}
