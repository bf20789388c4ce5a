//! The routines as a native process: another implementation that engines of the wasm module are compared with.
//!
//! Reads requests from standard input and answers each on standard output, until the input ends. All integers are u32,
//! little endian. A request is a routine, a parameter, the length of the input, and the input:
//!
//! | routine | parameter | answer if it succeeds |
//! |---|---|---|
//! | 0, split | 1 if the input ends here | for each chunk its length and ID |
//! | 1, compress | the level | the frame |
//! | 2, restore | the raw length | the raw bytes |
//! | 3, delta | the level | the delta, if it is no longer than what it makes |
//! | 4, patch | the raw length | the raw bytes |
//! | 5, deflate | the encoder, and 256 times the level | the stream |
//!
//! The input of delta and patch is the length of the base, the base, and what follows.
//!
//! An answer is the length of what follows, and that; or the error's code as an i32.

use std::io::{self, Read, Write};

use storage::Error;
use storage::chunk::{Chunks, Following};
use storage::compress::{MAX_COMPRESSED_FRAME, MAX_FRAME, compress, decompress};
use storage::deflate::{self, MAX_STATE};
use storage::delta::{self, MAX_NEW};

/// The bytes of a stream that are compressed at once, as a host does.
const PIECE: usize = 1 << 20;

fn main() -> io::Result<()> {
    let (mut requests, mut answers) = (io::stdin().lock(), io::stdout().lock());
    while let Some(routine) = read_first(&mut requests)? {
        let parameter = read_u32(&mut requests)?;
        let mut input = vec![0; read_u32(&mut requests)? as usize];
        requests.read_exact(&mut input)?;
        match run(routine, parameter, &input) {
            Ok(output) => {
                answers.write_all(&(output.len() as u32).to_le_bytes())?;
                answers.write_all(&output)?;
            }
            Err(error) => answers.write_all(&(error.code() as i32).to_le_bytes())?,
        }
        answers.flush()?;
    }
    Ok(())
}

fn run(routine: u32, parameter: u32, input: &[u8]) -> Result<Vec<u8>, Error> {
    match routine {
        0 => Ok(split(input, if parameter == 1 { Following::Nothing } else { Following::More })),
        1 => {
            let mut output = vec![0; MAX_COMPRESSED_FRAME];
            let length = compress(input, parameter as i32, &mut output)?;
            output.truncate(length);
            Ok(output)
        }
        2 => {
            let mut output = vec![0; (parameter as usize).min(MAX_FRAME + 1)];
            decompress(input, &mut output)?;
            Ok(output)
        }
        3 => {
            let (base, new) = split_base(input)?;
            let mut output = vec![0; new.len()];
            let length = delta::encode(base, new, parameter as i32, &mut output)?;
            output.truncate(length);
            Ok(output)
        }
        4 => {
            let (base, delta) = split_base(input)?;
            let mut output = vec![0; (parameter as usize).min(MAX_NEW + 1)];
            delta::decode(base, delta, &mut output)?;
            Ok(output)
        }
        _ => deflate(parameter & 0xff, parameter >> 8, input),
    }
}

/// A state, aligned as it must be.
#[repr(C, align(16))]
struct State([u8; MAX_STATE]);

fn deflate(encoder: u32, level: u32, mut input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut state = Box::new(State([0; MAX_STATE]));
    let length = deflate::open(encoder, level, &mut state.0)?;
    let mut output = vec![0; deflate::bound(PIECE)];
    let mut stream = Vec::new();
    loop {
        let (piece, rest) = input.split_at(input.len().min(PIECE));
        let made = deflate::write(&mut state.0[..length], piece, rest.is_empty(), &mut output)?;
        stream.extend_from_slice(&output[..made]);
        if rest.is_empty() {
            return Ok(stream);
        }
        input = rest;
    }
}

fn split_base(input: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (length, rest) = input.split_first_chunk().ok_or(Error::Argument)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Error::Argument)
}

fn split(input: &[u8], following: Following) -> Vec<u8> {
    let mut records = Vec::new();
    for chunk in Chunks::new(input, following) {
        records.extend((chunk.bytes.len() as u32).to_le_bytes());
        records.extend(chunk.id);
    }
    records
}

/// Reads an integer, or nothing at the end of the input.
fn read_first(input: &mut impl Read) -> io::Result<Option<u32>> {
    let mut bytes = Vec::new();
    input.take(4).read_to_end(&mut bytes)?;
    match bytes.try_into() {
        Ok(bytes) => Ok(Some(u32::from_le_bytes(bytes))),
        Err(rest) if rest.is_empty() => Ok(None),
        Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read_u32(input: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
