//! What a stretch of copied bytes is taken for.

use super::pages::Pages;
use super::side::Side;
use super::streams::Stream;

/// The bytes that are taken for the same.
pub const SECTION: usize = 1 << 11;

/// What bytes are taken for, and so where in them addresses are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Nothing: they are as in the base.
    Still,
    /// x86-64 code, or anything else that has no addresses.
    X86,
    /// Words of four bytes that may be addresses or offsets.
    Words {
        /// Where in the base window they begin, modulo 4.
        alignment: usize,
    },
    /// arm64 code.
    Arm64 {
        /// Where pages begin.
        pages: Pages,
    },
}

const STILL: usize = 0;
const X86: usize = 1;
const WORDS: usize = 2;
/// With the same pages as before, or with others.
const ARM64: usize = WORDS + 4;
const ARM64_ANEW: usize = ARM64 + 1;

impl View {
    /// Codes a view; `last` are the last pages.
    pub fn code(side: &mut impl Side, view: Self, last: Pages) -> Self {
        let (told, mut pages) = match view {
            Self::Still => (STILL, last),
            Self::X86 => (X86, last),
            Self::Words { alignment } => (WORDS + alignment, last),
            Self::Arm64 { pages } => (if pages == last { ARM64 } else { ARM64_ANEW }, pages),
        };
        match side.symbol(Stream::View, ARM64_ANEW + 1, told) {
            STILL => Self::Still,
            X86 => Self::X86,
            ARM64 => Self::Arm64 { pages: last },
            ARM64_ANEW => {
                pages.code(side);
                Self::Arm64 { pages }
            }
            words => Self::Words { alignment: words - WORDS },
        }
    }
}

/// Words that are as far as this from zero, as those of text, are no addresses or offsets.
const MAX_OFFSET: u32 = 1 << 28;

/// Whether a word may be an address or an offset.
pub fn is_address(word: u32) -> bool {
    word != 0 && word.wrapping_add(MAX_OFFSET) < 2 * MAX_OFFSET
}
