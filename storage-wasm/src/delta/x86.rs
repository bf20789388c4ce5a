//! Where x86-64 code refers to addresses relative to its own (Intel's manual, volume 2, chapter 2).
//!
//! Instructions are not decoded: an operand is what stands behind bytes that commonly come before one.

/// What refers to an address by a 32-bit operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `call`
    Call,
    /// `jmp`
    Jump,
    /// A conditional jump.
    Branch,
    /// An operand in memory, relative to the instruction pointer.
    Memory,
}

/// What the last byte before an operand may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Call,
    Jump,
    /// The second byte of a conditional jump.
    Branch,
    /// A ModRM byte that says that the operand is relative to the instruction pointer.
    Memory,
}

static LAST: [Last; 256] = last();

const fn last() -> [Last; 256] {
    let mut table = [Last::Nothing; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte {
            0xe8 => Last::Call,
            0xe9 => Last::Jump,
            0x80..=0x8f => Last::Branch,
            _ if byte & 0xc7 == 0x05 => Last::Memory,
            _ => Last::Nothing,
        };
        byte += 1;
    }
    table
}

/// The kind of the operand that the bytes `before`, the last one the lowest, come before, if they seem to.
#[inline(always)]
pub fn operand(before: u32) -> Option<Kind> {
    let last = LAST[usize::from(before as u8)];
    if last == Last::Nothing { None } else { operand_after(last, before) }
}

fn operand_after(last: Last, before: u32) -> Option<Kind> {
    let [_, first, second, _] = before.to_le_bytes();
    match last {
        Last::Nothing => None,
        Last::Call => Some(Kind::Call),
        Last::Jump => Some(Kind::Jump),
        Last::Branch => (first == 0x0f).then_some(Kind::Branch),
        Last::Memory => has_memory_operand(second, first).then_some(Kind::Memory),
    }
}

/// Whether an instruction with the opcode `opcode` after the byte `before` often has an operand in memory.
fn has_memory_operand(before: u8, opcode: u8) -> bool {
    let rex = before & 0xf0 == 0x40;
    match opcode {
        0x03 | 0x2b | 0x39 | 0x3b | 0x63 | 0x81 | 0x83 | 0x85 | 0x87 | 0x89 | 0x8b | 0x8d | 0xc7 | 0xff => {
            true
        }
        0x01 | 0x0b | 0x23 | 0x29 | 0x33 | 0x38 | 0x3a | 0x80 | 0x88 | 0x8a | 0xc6 | 0xd1 | 0xf6 | 0xf7 => {
            rex
        }
        0xc1 => rex || before == 0x0f,
        _ => before == 0x0f && is_two_byte(opcode),
    }
}

/// Whether `opcode`, after 0x0f, is a move, conversion or arithmetic of vectors, or another common instruction.
fn is_two_byte(opcode: u8) -> bool {
    matches!(opcode, 0x10..=0x12 | 0x16 | 0x28 | 0x29 | 0x2e | 0x2f | 0x40..=0x4f | 0x51..=0x5f | 0x6e | 0x6f
        | 0x7e | 0x7f | 0xaf | 0xb0 | 0xb1 | 0xb6 | 0xb7 | 0xbe | 0xbf | 0xd6 | 0xef)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_known_by_what_is_before_them() {
        let kind = |before: [u8; 4]| operand(u32::from_be_bytes(before));
        assert_eq!(kind([0x90, 0x90, 0x90, 0xe8]), Some(Kind::Call));
        assert_eq!(kind([0x90, 0x90, 0x90, 0xe9]), Some(Kind::Jump));
        assert_eq!(kind([0x90, 0x90, 0x0f, 0x84]), Some(Kind::Branch));
        assert_eq!(kind([0x90, 0x90, 0x90, 0x84]), None);
        // lea rax, [rip+...]; movaps xmm0, [rip+...]
        assert_eq!(kind([0x90, 0x48, 0x8d, 0x05]), Some(Kind::Memory));
        assert_eq!(kind([0x90, 0x0f, 0x28, 0x05]), Some(Kind::Memory));
        // lea rax, [rbp+...] has no such operand; 0x05 alone is add eax.
        assert_eq!(kind([0x90, 0x48, 0x8d, 0x85]), None);
        assert_eq!(kind([0x90, 0x90, 0x90, 0x05]), None);
    }
}
