//! How arm64 code refers to addresses (Arm's architecture reference manual, chapter C4).
//!
//! An instruction is a word of four bytes, and an address is told in it as an offset in bits of some of these.

/// How an address is told in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// By all of the word: that is no instruction of arm64.
    #[default]
    Word,
    /// `b`, `bl`: 26 bits, a multiple of 4.
    Branch,
    /// `b.cond`, `cbz`, `cbnz`, `ldr` of a literal: 19 bits, a multiple of 4.
    Near,
    /// `tbz`, `tbnz`: 14 bits, a multiple of 4.
    Test,
    /// `adr`: 21 bits.
    Byte,
    /// `adrp`: 21 bits, of the page that the address is in.
    Page,
    /// What follows `adrp` and has the lowest 12 bits of the address: `add`, or a load or store of 1 << the number bytes.
    Low(u8),
}

/// The bits of an address within its page, and how many these are.
pub const IN_PAGE: u32 = (1 << PAGE_BITS) - 1;
pub const PAGE_BITS: u32 = 12;

impl Form {
    /// How the instruction refers to an address, if it does and needs no other instruction for that.
    #[inline(always)]
    pub fn of(instruction: u32) -> Option<Self> {
        match instruction >> 24 {
            0x14..=0x17 | 0x94..=0x97 => Some(Self::Branch),
            0x54 | 0x34 | 0x35 | 0xb4 | 0xb5 | 0x18 | 0x1c | 0x58 | 0x5c | 0x98 | 0x9c => Some(Self::Near),
            0x36 | 0x37 | 0xb6 | 0xb7 => Some(Self::Test),
            0x10 | 0x30 | 0x50 | 0x70 => Some(Self::Byte),
            0x90 | 0xb0 | 0xd0 | 0xf0 => Some(Self::Page),
            _ => None,
        }
    }

    /// How the instruction adds to the `register`, if it may be the lowest bits of an address.
    pub fn low(instruction: u32, register: u32) -> Option<Self> {
        if instruction >> 5 & 31 != register {
            return None;
        }
        if instruction & 0xffc0_0000 == 0x9100_0000 {
            return Some(Self::Low(0));
        }
        if instruction & 0x3b00_0000 != 0x3900_0000 {
            return None;
        }
        let wide = instruction & 0x0480_0000 == 0x0480_0000;
        let scale = if wide { 4 } else { (instruction >> 30) as u8 };
        (instruction >> 10 & IN_PAGE < 4096 >> scale).then_some(Self::Low(scale))
    }

    /// The bits of an instruction that tell the offset.
    fn mask(self) -> u32 {
        match self {
            Self::Word => u32::MAX,
            Self::Branch => 0x03ff_ffff,
            Self::Near => 0x00ff_ffe0,
            Self::Test => 0x0007_ffe0,
            Self::Byte | Self::Page => 0x60ff_ffe0,
            Self::Low(_) => 0x003f_fc00,
        }
    }

    /// Whether two instructions are the same but for the offset.
    pub fn is_same(self, one: u32, other: u32) -> bool {
        (one ^ other) & !self.mask() == 0
    }

    /// The offset that is told in `instruction`.
    #[inline(always)]
    pub fn offset(self, instruction: u32) -> u32 {
        // Most are told so, and a jump that is foreseen costs least.
        if self == Self::Word {
            return instruction;
        }
        let signed = |above: u32, below: u32| ((instruction << above) as i32 >> (above + below)) as u32;
        match self {
            Self::Word => instruction,
            Self::Branch => signed(6, 0) << 2,
            Self::Near => signed(8, 5) << 2,
            Self::Test => signed(13, 5) << 2,
            Self::Byte => signed(8, 5) << 2 | instruction >> 29 & 3,
            Self::Page => signed(8, 5) << 14 | (instruction >> 29 & 3) << 12,
            Self::Low(scale) => (instruction >> 10 & IN_PAGE) << scale,
        }
    }

    /// The `instruction` with another offset.
    #[inline(always)]
    pub fn with(self, instruction: u32, offset: u32) -> u32 {
        if self == Self::Word {
            return offset;
        }
        let bits = match self {
            Self::Word => offset,
            Self::Branch => offset >> 2,
            Self::Near | Self::Test => offset >> 2 << 5,
            Self::Byte => offset >> 2 << 5 | offset << 29,
            Self::Page => ((offset as i32 >> 14) << 5) as u32 | offset >> 12 << 29,
            Self::Low(scale) => (offset & IN_PAGE) >> scale << 10,
        };
        instruction & !self.mask() | bits & self.mask()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What an assembler makes, and its offsets.
    const REFERENCES: [(u32, Form, i32); 12] = [
        (0x9400_0002, Form::Branch, 8),             // bl .+8
        (0x17ff_ffff, Form::Branch, -4),            // b .-4
        (0x5400_0040, Form::Near, 8),               // b.eq .+8
        (0xb5ff_ffe1, Form::Near, -4),              // cbnz x1, .-4
        (0x5800_0080, Form::Near, 16),              // ldr x0, .+16
        (0x3707_fff3, Form::Test, 0x7ffc - 0x8000), // tbnz w19, #0, .-4 of 14 bits
        (0x1000_0000, Form::Byte, 0),               // adr x0, .
        (0x70ff_ffe0, Form::Byte, -1),              // adr x0, .-1
        (0xb000_0001, Form::Page, 0x1000),          // adrp x1, one page on
        (0xf0ff_ffe0, Form::Page, -0x1000),         // adrp x0, one page back
        (0x9000_0020, Form::Page, 0x4000),          // adrp x0, four pages on
        (0xd000_0000, Form::Page, 0x2000),          // adrp x0, two pages on
    ];

    #[test]
    fn offsets_are_read_and_written() {
        for (instruction, form, offset) in REFERENCES {
            assert_eq!(Form::of(instruction), Some(form), "{instruction:x}");
            assert_eq!(form.offset(instruction) as i32, offset, "{instruction:x}");
            let other = form.with(instruction, 0x7000);
            assert_eq!(form.offset(other), 0x7000, "{instruction:x}");
            assert!(form.is_same(instruction, other));
            assert_eq!(form.with(other, offset as u32), instruction);
        }
        // add x0, x1, x2; ret; mov x0, x1
        assert_eq!([0x8b02_0020, 0xd65f_03c0, 0xaa01_03e0].map(Form::of), [None; 3]);
    }

    #[test]
    fn lowest_bits_are_those_of_the_register_of_the_page() {
        for (instruction, scale, offset) in [
            (0x9148_d021, None, 0),        // add x1, x1, #0x234, lsl #12
            (0x9108_d021, Some(0), 0x234), // add x1, x1, #0x234
            (0xf941_1c20, Some(3), 0x238), // ldr x0, [x1, #0x238]
            (0xb902_3420, Some(2), 0x234), // str w0, [x1, #0x234]
            (0x3948_d020, Some(0), 0x234), // ldrb w0, [x1, #0x234]
            (0x3dc0_8c20, Some(4), 0x230), // ldr q0, [x1, #0x230]
            (0xf960_0020, None, 0),        // ldr x0, [x1, #0x4000]
            (0xf841_1c20, None, 0),        // ldr x0, [x1, #17]!
        ] {
            let form = Form::low(instruction, 1);
            assert_eq!(form, scale.map(Form::Low), "{instruction:x}");
            assert_eq!(form.map_or(0, |form| form.offset(instruction)), offset);
            assert_eq!(Form::low(instruction, 2), None);
            assert!(form.is_none_or(|form| form.offset(form.with(instruction, 0x7000_0120)) == 0x120));
        }
    }
}
