//! Where x86-64 code refers to addresses relative to its own (Intel's manual, volume 2, chapter 2).
//!
//! Instructions are not decoded: an operand is what stands behind bytes that commonly come before one.

/// Whether an operand of 32 bits that refers to an address seems to follow the bytes `before`: that of a call, a jump or a
/// conditional jump, or one in memory, relative to the instruction pointer.
#[inline(always)]
pub fn is_operand(before: &[u8]) -> bool {
    let Some(&[second, first, last]) = before.last_chunk() else { return false };
    match last {
        0xe8 | 0xe9 => true,
        0x80..=0x8f => first == 0x0f,
        _ => last & 0xc7 == 0x05 && has_memory_operand(second, first),
    }
}

/// Sets each of `marks` to 1 if [`is_operand`] may find one behind the byte at its place in `bytes` and the one after
/// it, and to 0 where it does not.
pub fn mark(marks: &mut [u8], bytes: &[u8]) {
    for (mark, pair) in marks.iter_mut().zip(bytes.windows(2)) {
        let (first, last) = (pair[0], pair[1]);
        let call = last & 0xfe == 0xe8;
        let branch = (first == 0x0f) & (last & 0xf0 == 0x80);
        let memory = last & 0xc7 == 0x05;
        *mark = u8::from(call | branch | memory);
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
        for before in [
            [0x90, 0x90, 0x90, 0xe8],
            [0x90, 0x90, 0x90, 0xe9],
            [0x90, 0x90, 0x0f, 0x84],
            // lea rax, [rip+...]; movaps xmm0, [rip+...]
            [0x90, 0x48, 0x8d, 0x05],
            [0x90, 0x0f, 0x28, 0x05],
        ] {
            assert!(is_operand(&before), "{before:x?}");
        }
        // lea rax, [rbp+...] has no such operand; 0x05 alone is add eax.
        for before in [[0x90, 0x90, 0x90, 0x84], [0x90, 0x48, 0x8d, 0x85], [0x90, 0x90, 0x90, 0x05]] {
            assert!(!is_operand(&before), "{before:x?}");
        }
    }
}
