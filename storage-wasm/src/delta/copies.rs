//! Which bytes of a new window are like which of a base window.
//!
//! As bsdiff (Percival, *Matching with Mismatches and Assorted Applications*, 2006), a copy goes on over bytes that
//! differ as long as most are equal. Where a copy could begin is found by seeds instead of a suffix array.

use super::outlook;
use super::seeds::{self, Seeds};
use crate::Error;

/// Bytes of the new window that are like bytes of the base window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Where in the base window it begins.
    pub old: usize,
    /// Where in the new window it begins.
    pub new: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// How far a candidate is looked at, and how many of these bytes must be equal.
const LOOK: usize = 96;
const ALIKE: usize = LOOK / 2;
/// A copy that is shorter is not worth its place in the list.
pub const MIN_COPY: usize = 24;
/// A copy ends where the difference of equal and other bytes was greatest, once it fell this far below that.
const SLACK: isize = 40;
/// Bytes like no others are gone over faster the more of them there are: from a chosen place by one more for each 2^HURRY.
const HURRY: usize = 10;

/// Finds the copies that `new` is made of, in the order of their places in it.
///
/// `base` must have at most [`super::MAX_BASE`] bytes.
///
/// # Errors
/// [`Error::Space`] if it is found out soon that what else `new` is made of takes far more than `room`.
pub fn find(base: &[u8], new: &[u8], room: usize) -> Result<Vec<Copy>, Error> {
    // Allocated before the index and never again: memory is given back in the opposite order.
    let mut copies = Vec::with_capacity(new.len() / MIN_COPY);
    let seeds = Seeds::index(base);
    if outlook::is_hopeless(base, &seeds, new, room) {
        return Err(Error::Space);
    }
    extend(&mut copies, base, &seeds, new);
    Ok(copies)
}

/// Adds the copies that `new` is made of.
pub fn extend(copies: &mut Vec<Copy>, base: &[u8], seeds: &Seeds, new: &[u8]) {
    let (mut at, mut done, mut diagonal) = (0, 0, 0);
    while at + MIN_COPY <= new.len() {
        if !seeds::is_chosen(new, at) {
            at += 1;
            continue;
        }
        let Some(old) = best(base, seeds, new, at, diagonal) else {
            at += 1 + ((at - done) >> HURRY);
            continue;
        };
        let back = backward(&base[..old], &new[done..at]);
        let length = back + forward(&base[old..], &new[at..]);
        if length < MIN_COPY {
            at += 1;
            continue;
        }
        copies.push(Copy { old: old - back, new: at - back, length });
        done = at - back + length;
        at = done;
        diagonal = old as isize - (at as isize - (length - back) as isize);
    }
}

/// Where in `base` the bytes are that are most like those of `new` at `at`, if any are like enough.
fn best(base: &[u8], seeds: &Seeds, new: &[u8], at: usize, diagonal: isize) -> Option<usize> {
    let ahead = &new[at..new.len().min(at + LOOK)];
    let enough = ahead.len().min(ALIKE);
    let last = at.wrapping_add_signed(diagonal);
    let mut best = (0, last);
    if base.get(last) == ahead.first() {
        best.0 = alike(base, last, ahead);
    }
    if best.0 < ahead.len() * 7 / 8 {
        for place in seeds.find(new, at) {
            let score = alike(base, place, ahead);
            if score > best.0 {
                best = (score, place);
            }
        }
    }
    (best.0 >= enough).then_some(best.1)
}

/// How many bytes of `base` at `place` are equal to those of `ahead`.
fn alike(base: &[u8], place: usize, ahead: &[u8]) -> usize {
    let base = base.get(place..).unwrap_or_default();
    match (base.first_chunk::<LOOK>(), ahead.first_chunk::<LOOK>()) {
        (Some(base), Some(ahead)) => {
            let mut equal = 0u8;
            for i in 0..LOOK {
                equal += u8::from(base[i] == ahead[i]);
            }
            equal.into()
        }
        _ => base.iter().zip(ahead).filter(|(a, b)| a == b).count(),
    }
}

/// How far the beginnings of both are alike.
fn forward(old: &[u8], new: &[u8]) -> usize {
    let length = old.len().min(new.len());
    let (mut score, mut top, mut end, mut at) = (0, 0, 0, 0);
    while at < length {
        if let (Some(a), Some(b)) = (old[at..length].first_chunk::<8>(), new[at..length].first_chunk::<8>())
            && a == b
        {
            score += 8;
            at += 8;
        } else {
            score += if old[at] == new[at] { 1 } else { -1 };
            at += 1;
        }
        if score > top {
            (top, end) = (score, at);
        } else if score < top - SLACK {
            break;
        }
    }
    end
}

/// How far the ends of both are alike.
fn backward(old: &[u8], new: &[u8]) -> usize {
    let (mut score, mut top, mut end) = (0isize, 0, 0);
    for (at, (a, b)) in old.iter().rev().zip(new.iter().rev()).enumerate() {
        score += if a == b { 1 } else { -1 };
        if score > top {
            (top, end) = (score, at + 1);
        } else if score < top - SLACK {
            break;
        }
    }
    end
}
