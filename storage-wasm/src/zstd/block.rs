//! Blocks of a frame (RFC 8878, 3.1.1.2), as klauspost's encoder writes them.

use bytemuck::{Pod, Zeroable};

use super::Version;
use super::bits::Bits;
use super::codes;
use super::fse::{self, Distribution, SYMBOLS, State, Table};
use super::huffman::{self, Huffman, Literals};
use super::search::{Parts, Sequence};

/// The types of blocks.
#[derive(Clone, Copy)]
enum Type {
    Raw,
    Same,
    Compressed,
}

/// How the codes of a field of the sequences are coded.
#[derive(Clone, Copy)]
enum Mode {
    Predefined,
    Single,
    New,
    Repeated,
}

/// The codes of the blocks before, which may be used again.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Codes {
    literals: Huffman,
    fields: [Distribution; 3], // number of literals, offset, length of the match
}

/// What is predefined for the fields.
const PREDEFINED: [Distribution; 3] = [codes::LITERALS, codes::OFFSETS, codes::MATCHED];

impl Codes {
    /// Forgets what no encoder can have left.
    pub fn check(&mut self) {
        self.fields.iter_mut().for_each(Distribution::check);
    }

    /// Appends a block of these bytes and parts.
    pub fn write(&mut self, bytes: &[u8], parts: &Parts, last: bool, version: Version, out: &mut Vec<u8>) {
        let (literals, sequences) = (&parts.literals, &parts.sequences);
        if let [Sequence { literals: before, offset: 4, .. }] = sequences[..]
            && literals.len() == before as usize
            && before <= 1
            && version >= Version::V1_17_8
        {
            out.extend_from_slice(&header(Type::Same, bytes.len(), last));
            return out.push(bytes[0]);
        }
        let saved = bytes.len() as i64 - literals.len() as i64 - (bytes.len() >> 6) as i64;
        if sequences.is_empty() || saved < 16 {
            return raw(bytes, last, out);
        }
        let start = out.len();
        out.extend_from_slice(&header(Type::Compressed, 0, last));
        self.write_literals(literals, out);
        let used = self.write_sequences(sequences, version, out);
        let length = out.len() - start - 3;
        match used {
            Some(used) if length < bytes.len() => {
                out[start..start + 3].copy_from_slice(&header(Type::Compressed, length, last));
                self.fields = used;
            }
            _ => {
                out.truncate(start);
                self.literals.forbid();
                raw(bytes, last, out);
            }
        }
    }

    fn write_literals(&mut self, literals: &[u8], out: &mut Vec<u8>) {
        let mut coded = Vec::with_capacity(literals.len() + (1 << 10));
        match self.literals.write(literals, &mut coded) {
            Literals::Plain => {
                literals_header(0, literals.len(), out);
                out.extend_from_slice(literals);
            }
            Literals::Same => {
                literals_header(1, literals.len(), out);
                out.push(literals[0]);
            }
            Literals::Coded { new, four } => {
                self.literals.allow();
                coded_header(if new { 2 } else { 3 }, four, literals.len(), coded.len(), out);
                out.extend_from_slice(&coded);
            }
        }
    }

    /// Appends sequences, and returns what is to be remembered of how.
    fn write_sequences(
        &mut self,
        sequences: &[Sequence],
        version: Version,
        out: &mut Vec<u8>,
    ) -> Option<[Distribution; 3]> {
        count(sequences.len(), out);
        let mut counts = [[0u32; SYMBOLS]; 3];
        for sequence in sequences {
            for (counts, symbol) in counts.iter_mut().zip(sequence.symbols()) {
                counts[symbol as usize % SYMBOLS] += 1;
            }
        }
        let modes = out.len();
        out.push(0);
        let mut remembered = self.fields;
        let first = sequences.first()?.symbols();
        let mut tables = Vec::with_capacity(3);
        for (i, counts) in counts.iter().enumerate() {
            let field = Field { counts, first: first[i], predefined: &PREDEFINED[i] };
            let (mode, table) = field.choose(version, &mut remembered[i], out)?;
            out[modes] |= (mode as u8) << (6 - 2 * i);
            tables.push(table);
        }
        if let [literals, offset, matched] = &tables[..] {
            put_all(sequences, [literals, offset, matched], out);
        }
        Some(remembered)
    }
}

/// A field of all sequences of a block.
struct Field<'a> {
    counts: &'a [u32; SYMBOLS], // of its symbols
    first: u8,                  // symbol
    predefined: &'a Distribution,
}

impl Field<'_> {
    /// Decides how it is coded, and appends what describes that. `remembered` is how it was coded before, and becomes what may
    /// be used again.
    fn choose(
        &self,
        version: Version,
        remembered: &mut Distribution,
        out: &mut Vec<u8>,
    ) -> Option<(Mode, Table)> {
        let symbols = self.counts.iter().rposition(|&count| count > 0)? + 1;
        let counts = &self.counts[..symbols];
        let total = counts.iter().sum();
        if counts.get(self.first as usize) == Some(&total) {
            out.push(self.first);
            *remembered = Distribution::zeroed();
            return Some((Mode::Single, Table::single()));
        }
        let log = fse::log(total, total.ilog2() + 1, symbols as u32, fse::MAX_LOG);
        let new = Distribution::of(counts, total, log)?;
        match cheapest(counts, &new, remembered, self.predefined, version) {
            Mode::Predefined => {
                *remembered = Distribution::zeroed();
                Some((Mode::Predefined, Table::new(self.predefined)))
            }
            Mode::Repeated => Some((Mode::Repeated, Table::new(remembered))),
            mode => {
                new.write(out);
                *remembered = new;
                Some((mode, Table::new(&new)))
            }
        }
    }
}

/// How symbols take the fewest bits: by a new distribution, one that is remembered, or the predefined one.
fn cheapest(
    counts: &[u32],
    new: &Distribution,
    remembered: &Distribution,
    predefined: &Distribution,
    version: Version,
) -> Mode {
    let [bits, mut repeated, mut fixed] = [new, remembered, predefined].map(|by| by.cost(counts));
    let cost = bits.wrapping_add(new.room());
    let mut cost = cost.wrapping_add(cost.wrapping_add(2 * 8 * 16) >> 4); // a new one has to be better by some
    let mut instead_of_repeated = cost;
    if version >= Version::V1_20_3 {
        if repeated != u32::MAX {
            let mut description = Vec::with_capacity(SYMBOLS);
            new.write(&mut description);
            instead_of_repeated = bits.wrapping_add(8 * description.len() as u32);
            repeated = repeated.wrapping_add(remembered.log());
        }
        if fixed != u32::MAX {
            fixed = fixed.wrapping_add(predefined.log());
        }
        cost = cost.wrapping_add(new.log());
        instead_of_repeated = instead_of_repeated.wrapping_add(new.log());
    }
    match () {
        () if fixed <= repeated && fixed <= cost => Mode::Predefined,
        () if repeated <= instead_of_repeated => Mode::Repeated,
        () => Mode::New,
    }
}

/// Appends the symbols of sequences and the bits behind them, the last one first.
fn put_all(sequences: &[Sequence], [literals, offset, matched]: [&Table; 3], out: &mut Vec<u8>) {
    let mut bits = Bits::new(out);
    let mut states: Option<[State<'_>; 3]> = None;
    for sequence in sequences.iter().rev() {
        let [by_literals, by_offset, by_matched] = sequence.symbols();
        match &mut states {
            None => {
                let states_at =
                    [literals.begin(by_literals), offset.begin(by_offset), matched.begin(by_matched)];
                states = Some(states_at);
            }
            Some([literals, offset, matched]) => {
                offset.put(by_offset, &mut bits);
                matched.put(by_matched, &mut bits);
                literals.put(by_literals, &mut bits);
            }
        }
        bits.put(sequence.literals, codes::literal_bits(by_literals));
        bits.put(sequence.matched, codes::matched_bits(by_matched));
        bits.put(sequence.offset, u32::from(by_offset));
    }
    if let Some([literals, offset, matched]) = states {
        matched.finish(&mut bits);
        offset.finish(&mut bits);
        literals.finish(&mut bits);
    }
    bits.finish();
}

impl Sequence {
    /// The codes of its fields.
    #[inline]
    fn symbols(&self) -> [u8; 3] {
        [codes::literals(self.literals), codes::offset(self.offset), codes::matched(self.matched)]
    }
}

/// Appends a block of bytes as they are.
pub fn raw(bytes: &[u8], last: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&header(Type::Raw, bytes.len(), last));
    out.extend_from_slice(bytes);
}

fn header(kind: Type, length: usize, last: bool) -> [u8; 3] {
    let [low, middle, high, _] = (u32::from(last) | (kind as u32) << 1 | (length as u32) << 3).to_le_bytes();
    [low, middle, high]
}

/// Appends the number of sequences.
fn count(count: usize, out: &mut Vec<u8>) {
    const LONG: usize = 0x7f00;
    match count {
        0..128 => out.push(count as u8),
        128..LONG => out.extend_from_slice(&[128 + (count >> 8) as u8, count as u8]),
        _ => {
            out.push(255);
            out.extend_from_slice(&((count - LONG) as u16).to_le_bytes());
        }
    }
}

/// Appends the header of literals that are not coded.
fn literals_header(kind: u32, length: usize, out: &mut Vec<u8>) {
    let bytes = huffman::plain_header(length);
    let [format, shift] = match bytes {
        1 => [0, 3],
        2 => [1, 4],
        _ => [3, 4],
    };
    let header = kind | format << 2 | (length as u32) << shift;
    out.extend_from_slice(&header.to_le_bytes()[..bytes]);
}

/// Appends the header of literals that are coded.
fn coded_header(kind: u64, four: bool, length: usize, coded: usize, out: &mut Vec<u8>) {
    let bytes = huffman::header(coded, length);
    let [format, width] = match bytes {
        3 => [u64::from(four), 10],
        4 => [2, 14],
        _ => [3, 18],
    };
    let header = kind | format << 2 | (length as u64) << 4 | (coded as u64) << (4 + width);
    out.extend_from_slice(&header.to_le_bytes()[..bytes]);
}
