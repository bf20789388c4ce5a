//! Where in copied code addresses seem to stand. The old bytes alone decide that.

use super::arm64::{Form, IN_PAGE};
use super::block::Place;
use super::marks;
use super::pages::Pages;
use super::view::SECTION;
use super::x86;

/// What of an address a word of four bytes tells.
#[derive(Clone, Copy)]
pub struct Site {
    /// Where in the section the word begins.
    pub at: usize,
    /// How it tells that.
    pub form: Form,
    /// How many bytes behind a page the lowest bits are told, if they are, and what these are.
    pub low: u8,
    pub in_page: u16,
    /// The number of the page in the section, for the page and for the lowest bits.
    pub page: u16,
}

/// An operand of x86-64 that begins before this place in a base has too little before it to tell.
const FIRST: usize = 3;

/// Sets `sites` to the addresses of x86-64 code in the section at `place`, in their order, none of which overlap.
pub fn x86(sites: &mut Vec<Site>, old: &[u8], place: &Place) {
    sites.clear();
    let (start, end) = (place.old.max(FIRST), place.old + place.length);
    if end < start + 4 {
        return;
    }
    let mut marks = [0; SECTION];
    let marks = &mut marks[..end - 3 - start];
    x86::mark(marks, &old[start - 2..end - 4]);
    let mut next = start;
    marks::each(marks, |mark| {
        let at = start + mark;
        if at >= next && x86::is_operand(&old[..at]) {
            sites.push(Site { at: at - place.old, form: Form::Word, low: 0, in_page: 0, page: 0 });
            next = at + 4;
        }
    });
}

/// Sets `sites` to the addresses of arm64 code in the section at `place`, in their order, but for those that stay as they are
/// because they are of the `copy` that the section is of.
pub fn arm64(sites: &mut Vec<Site>, old: &[u8], pages: Pages, place: &Place, copy: &Place) {
    sites.clear();
    let head = pages.to_instruction(place).min(place.length);
    let (words, _) = old[place.old + head..place.old + place.length].as_chunks();
    // Of each instruction that has the lowest bits of an address: the page before it, plus 1.
    let mut lows = [0u16; SECTION / 4];
    let mut count = 0;
    for (number, word) in words.iter().enumerate() {
        let word = u32::from_le_bytes(*word);
        let at = head + 4 * number;
        let mut site = Site { at, form: Form::Word, low: 0, in_page: 0, page: 0 };
        if let Some(page) = lows[number].checked_sub(1)
            && let Some(form) = Form::low(word, word >> 5 & 31)
        {
            sites.push(Site { form, page, ..site });
            continue;
        }
        let Some(form) = Form::of(word) else { continue };
        site.form = form;
        if form == Form::Page {
            (site.page, site.in_page) = (count, UNTOLD);
            count += 1;
            if let Some((ahead, offset)) = low(&words[number..]) {
                (site.low, site.in_page) = (4 * ahead as u8, offset);
                lows[number + ahead] = count;
            }
        } else if stays(form.offset(word), place.old + at, copy) {
            continue;
        }
        sites.push(site);
    }
}

/// Whether what is `offset` from the place `from` is in `copy`, too.
fn stays(offset: u32, from: usize, copy: &Place) -> bool {
    let to = (from as u32).wrapping_add(offset) as usize;
    (copy.old..copy.old + copy.length).contains(&to)
}

/// How far ahead of a page the lowest bits of an address are looked for, in instructions.
const AHEAD: usize = 8;
/// What is taken for the lowest bits if they are not found: they may be any.
const UNTOLD: u16 = 0x800;
/// The bits of `adrp` that are the same for two that set the same register.
const SAME_PAGE: u32 = 0x9f00_001f;

/// How many instructions behind the page that `words` begin with the lowest bits of the address are, and these.
pub fn low(words: &[[u8; 4]]) -> Option<(usize, u16)> {
    let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
    let page = words.next()?;
    let ahead = words.take(AHEAD).take_while(|word| (word ^ page) & SAME_PAGE != 0);
    (1..).zip(ahead).find_map(|(ahead, word)| {
        let form = Form::low(word, page & 31)?;
        Some((ahead, (form.offset(word) & IN_PAGE) as u16))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_with_their_lowest_bits() {
        // adrp x1; adrp x2; add x0, x3, #1; ldr x0, [x1, #8]; bl .+16; bl far away; add x2, x2, #0x123; ret; adrp x4
        let code: Vec<u8> = [
            0x9000_0001,
            0x9000_0002,
            0x9100_0460,
            0xf940_0420,
            0x9400_0004,
            0x9480_0000,
            0x9104_8c42,
            0xd65f_03c0,
            0x9000_0004_u32,
        ]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
        let place = Place { old: 0, new: 0, length: code.len() };
        let mut sites = Vec::new();
        arm64(&mut sites, &code, Pages::default(), &place, &place);
        let found: Vec<_> = sites.iter().map(|site| (site.at, site.form, site.page, site.low)).collect();
        let expected = [
            (0, Form::Page, 0, 12),
            (4, Form::Page, 1, 20),
            (12, Form::Low(3), 0, 0),
            (20, Form::Branch, 0, 0),
            (24, Form::Low(0), 1, 0),
            (32, Form::Page, 2, 0),
        ];
        assert_eq!(found, expected);
        assert_eq!([0, 1, 5].map(|site| sites[site].in_page), [8, 0x123, UNTOLD]);
    }
}
