//! Where pages begin in a window, as the arm64 code in it tells. Only the encoder needs to find that out.
//!
//! Two `adrp` for the same address that are less than a page apart tell the same offset if they are in the same page, and
//! offsets one apart if a page begins between them. Addresses with equal low bits are mostly the same, so references to
//! what is often referred to show soon where all pages begin.

use std::mem;

use super::arm64::{Form, IN_PAGE};
use super::sites;

/// The bytes that are looked at together.
const PART: usize = 1 << 16;
/// As many of them show whether they are code.
const SAMPLE: usize = PART / 8;
/// `ret`: few functions have none, and hardly anything else has the same bytes.
const RETURN: u32 = 0xd65f_03c0;
const MIN_RETURNS: usize = 4;
/// Starts that fewer references tell are not believed.
const MIN_VOTES: i32 = 6;

const PAGE: usize = 1 << 12;
/// The places where a page can begin: all instructions.
const PLACES: usize = PAGE / 4;

/// Starts that the references of a part agree about: `first` and some after it, 4 bytes apart.
#[derive(Clone, Copy)]
struct Range {
    first: u32,
    count: u32,
}

impl Range {
    /// How many bytes after its first one `start` is.
    fn offset(self, start: u32) -> u32 {
        start.wrapping_sub(self.first) & IN_PAGE
    }

    /// The start in the range that is next to `start`.
    fn nearest(self, start: u32) -> u32 {
        let (offset, last) = (self.offset(start), 4 * self.count - 4);
        if offset % 4 != 0 {
            return self.first.wrapping_add(last / 8 * 4) & IN_PAGE;
        }
        if offset <= last {
            return start;
        }
        let behind = offset - last < PAGE as u32 - offset;
        self.first.wrapping_add(if behind { last } else { 0 }) & IN_PAGE
    }
}

/// The starts of pages in a window: what to add to a place for the lowest bits of its address.
#[derive(Default)]
pub struct Starts(Vec<Option<Option<Range>>>);

impl Starts {
    /// The start of pages around `at` in the window `bytes`, if there is enough code to tell. Of those that are equally
    /// probable it is the one next to `last`.
    pub fn near(&mut self, bytes: &[u8], at: usize, last: u32) -> Option<u32> {
        let part = at / PART;
        if part >= self.0.len() {
            self.0.resize(part + 1, None);
        }
        let range = *self.0[part].get_or_insert_with(|| {
            let start = part * PART;
            range(&bytes[start..bytes.len().min(start + PART)])
                .map(|range| Range { first: range.first.wrapping_sub(start as u32) & IN_PAGE, ..range })
        });
        range.map(|range| range.nearest(last))
    }
}

/// The starts in a part.
fn range(part: &[u8]) -> Option<Range> {
    let alignment = alignment(&part[..part.len().min(SAMPLE)])?;
    let (words, _) = part[alignment..].as_chunks();
    let votes = votes(words);
    let most = *votes.iter().max()?;
    if most < MIN_VOTES {
        return None;
    }
    let enough = most - most / 8;
    let good = |place: usize| votes[place % PLACES] >= enough;
    let top = votes.iter().position(|votes| *votes == most)?;
    let back = (1..PLACES).take_while(|back| good(top + PLACES - back)).count();
    let ahead = (1..PLACES - back).take_while(|ahead| good(top + ahead)).count();
    // Pages that begin at a later place begin less far before all of the window.
    let last = (alignment + 4 * (top + ahead)) as u32;
    Some(Range { first: last.wrapping_neg() & IN_PAGE, count: (back + ahead + 1) as u32 })
}

/// Where instructions begin, modulo 4, if there are any.
fn alignment(bytes: &[u8]) -> Option<usize> {
    let returns = |&alignment: &usize| {
        let (words, _) = bytes.get(alignment..).unwrap_or_default().as_chunks();
        words.iter().filter(|word| u32::from_le_bytes(**word) == RETURN).count()
    };
    let best = (0..4).max_by_key(returns)?;
    (returns(&best) >= MIN_RETURNS).then_some(best)
}

/// For each instruction of a page how many pairs of references say that pages begin there, less those that say that none does.
fn votes(words: &[[u8; 4]]) -> [i32; PLACES] {
    let mut steps = [0; PLACES];
    // Of each lowest bits: where the last reference is, and which page it tells.
    let mut last = vec![(usize::MAX, 0); PAGE];
    for at in 0..words.len() {
        let offset = u32::from_le_bytes(words[at]);
        if Form::of(offset) != Some(Form::Page) {
            continue;
        }
        let Some((_, low)) = sites::low(&words[at..]) else { continue };
        let here = (at, Form::Page.offset(offset));
        let (before, offset) = mem::replace(&mut last[usize::from(low)], here);
        if before < at && at - before < PLACES {
            match offset.wrapping_sub(here.1) as usize {
                0 => vote(&mut steps, before, at, -1),
                PAGE => vote(&mut steps, before, at, 1),
                _ => {}
            }
        }
    }
    let mut sum = 0;
    steps.map(|step| {
        sum += step;
        sum
    })
}

/// Adds `vote` to all places behind `before` up to `at`: to the steps that sum up to that.
fn vote(steps: &mut [i32; PLACES], before: usize, at: usize, vote: i32) {
    let (from, to) = ((before + 1) % PLACES, (at + 1) % PLACES);
    steps[from] += vote;
    steps[to] -= vote;
    if from > to {
        steps[0] += vote;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 2 * PART + 1000;

    /// Code at `address` that refers to a few addresses, and returns, all the time.
    fn code(address: u32) -> Vec<u8> {
        let here = |at: usize| address + at as u32;
        let mut code = vec![0; SIZE];
        for at in ((4 - address % 4) as usize % 4..SIZE - 12).step_by(12) {
            let target = 0x70_0000 + (at as u32 / 12 * 7 % 16) * 0x238;
            let page = Form::Page.with(0x9000_0001, (target & !IN_PAGE).wrapping_sub(here(at) & !IN_PAGE));
            let low = Form::Low(0).with(0x9100_0021, target);
            code[at..at + 12].copy_from_slice([page, low, RETURN].map(u32::to_le_bytes).as_flattened());
        }
        code
    }

    #[test]
    fn code_tells_where_its_pages_begin() {
        for address in [0, 4, 0x1ffc, 0x1_2345, 0x7_0003] {
            let code = code(address);
            for at in [0, 5000, PART] {
                let found = Starts::default().near(&code, at, 0).expect("enough code");
                let off = found.wrapping_sub(address).wrapping_add(48) & IN_PAGE;
                assert!(off < 96 && off.is_multiple_of(4), "{found:x} for {address:x} at {at}");
            }
        }
    }

    #[test]
    fn a_start_that_fits_stays() {
        let code = code(0x230);
        let mut starts = Starts::default();
        let first = starts.near(&code, 0, 0x234);
        assert_eq!(starts.near(&code, 0, first.expect("enough code")), first);
    }

    #[test]
    fn what_is_no_code_tells_nothing() {
        let words: Vec<u8> =
            (0..SIZE as u32).flat_map(|word| (word.wrapping_mul(0x9e37_79b1)).to_le_bytes()).collect();
        assert_eq!(Starts::default().near(&words, 0, 0), None);
        assert_eq!(Starts::default().near(&[], 0, 0), None);
    }
}
