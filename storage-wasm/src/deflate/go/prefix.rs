//! Prefix codes of a limited length.
//!
//! Which of several codes as good is taken depends on how ties are broken: symbols as frequent are in the order of
//! their numbers, and a package goes before a symbol of the same weight.

/// The longest code.
pub const MAX_BITS: usize = 15;

/// The most symbols that a code is made of.
const MAX_SYMBOLS: usize = 288;

/// The code of a symbol; of no bits if there is none.
#[derive(Clone, Copy, Default)]
pub struct Code {
    /// The bits in the order in which they are written, from the lowest one.
    pub bits: u16,
    pub count: u16,
}

/// Codes for up to `N` symbols, a power of two.
#[derive(Clone)]
pub struct Codes<const N: usize>([Code; N]);

impl<const N: usize> Codes<N> {
    /// The best code of at most `limit` bits for symbols of these frequencies, whose sum is less than 1 << 22.
    pub fn new(frequencies: &[u32; N], limit: usize) -> Self {
        let mut lengths = [0; N];
        // A key is a frequency and a symbol, so that keys are in the order of both.
        let mut keys = [0; MAX_SYMBOLS];
        let mut count = 0;
        for (symbol, &frequency) in frequencies.iter().enumerate().take(MAX_SYMBOLS) {
            if frequency != 0 {
                keys[count] = frequency << 9 | symbol as u32;
                count += 1;
            }
        }
        let keys = &mut keys[..count];
        if count <= 2 {
            keys.iter().for_each(|key| lengths[symbol_of::<N>(*key)] = 1);
            return Self::of_lengths(&lengths);
        }
        keys.sort_unstable();
        let mut rest = keys.iter().rev();
        for (bits, symbols) in package(keys, limit.min(count - 1)).into_iter().enumerate() {
            rest.by_ref().take(symbols).for_each(|key| lengths[symbol_of::<N>(*key)] = bits as u8);
        }
        Self::of_lengths(&lengths)
    }

    /// The code whose symbols have codes of these lengths (RFC 1951, 3.2.2).
    pub fn of_lengths(lengths: &[u8; N]) -> Self {
        let mut next = [0u16; MAX_BITS + 1];
        for &length in lengths {
            next[usize::from(length & 15)] += 1;
        }
        let mut code = 0u16;
        next[0] = 0;
        for next in &mut next {
            let symbols = *next;
            *next = code;
            code = code.wrapping_add(symbols) << 1;
        }
        Self(lengths.map(|length| {
            if length == 0 {
                return Code::default();
            }
            let next = &mut next[usize::from(length & 15)];
            let bits = next.reverse_bits() >> (16 - u16::from(length & 15));
            *next = next.wrapping_add(1);
            Code { bits, count: length.into() }
        }))
    }

    /// The code of a symbol below `N`.
    #[inline]
    pub fn of(&self, symbol: usize) -> Code {
        self.0[symbol & (N - 1)]
    }

    /// How many bits symbols of these frequencies take.
    pub fn size(&self, frequencies: &[u32; N]) -> usize {
        self.0
            .iter()
            .zip(frequencies)
            .map(|(code, &frequency)| usize::from(code.count) * frequency as usize)
            .sum()
    }
}

/// The symbol of a key.
fn symbol_of<const N: usize>(key: u32) -> usize {
    key as usize & 511 & (N - 1)
}

/// How many symbols get a code of each number of bits, at most `limit`: the package-merge algorithm (Larmore and
/// Hirschberg, 1990) over three sorted keys or more.
fn package(keys: &[u32], limit: usize) -> [usize; MAX_BITS + 1] {
    const END: u32 = u32::MAX;
    let symbols = keys.len().min(MAX_SYMBOLS);
    let mut weights = [END; MAX_SYMBOLS + 1];
    for (weight, key) in weights.iter_mut().zip(keys) {
        *weight = key >> 9;
    }
    // Each level merges the symbols with packages of two items of the level below. Which items are symbols is kept.
    let mut symbol = [[0u8; 2 * MAX_SYMBOLS]; MAX_BITS];
    symbol[0][..symbols].fill(1);
    let mut items = [0; 2 * MAX_SYMBOLS];
    items[..symbols].copy_from_slice(&weights[..symbols]);
    let mut count = symbols;
    for symbol in &mut symbol[1..limit] {
        let mut packages = [END; MAX_SYMBOLS + 1];
        for (package, pair) in packages.iter_mut().zip(items[..count].as_chunks::<2>().0) {
            *package = pair[0] + pair[1];
        }
        count = (symbols + count / 2).min(2 * symbols - 2);
        let (mut i, mut j) = (0, 0);
        for (item, symbol) in items.iter_mut().zip(symbol).take(count) {
            let (weight, package) = (weights[i.min(MAX_SYMBOLS)], packages[j.min(MAX_SYMBOLS)]);
            let is_symbol = weight < package;
            *item = if is_symbol { weight } else { package };
            *symbol = is_symbol.into();
            i += usize::from(is_symbol);
            j += usize::from(!is_symbol);
        }
    }
    // A symbol's code is as long as there are levels whose items, as many as the level above packs, it is one of.
    let mut lengths = [0; MAX_BITS + 1];
    let mut items = 2 * symbols - 2;
    let mut above = 0;
    for (level, symbol) in symbol[..limit].iter().enumerate().rev() {
        let taken = symbol[..items].iter().map(|&symbol| usize::from(symbol)).sum();
        if level + 1 < limit {
            lengths[limit - 1 - level] = above - taken;
        }
        above = taken;
        items = 2 * (items - taken);
    }
    lengths[limit] = above;
    lengths
}
