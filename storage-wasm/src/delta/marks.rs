//! Marks, a byte for each place: a loop without branches sets several at once, and eight are looked at together.

/// Calls `each` with the place of every one of `marks` that is 1, in their order. The others are 0.
#[inline(always)]
pub fn each(marks: &[u8], mut each: impl FnMut(usize)) {
    for (group, marks) in marks.chunks(8).enumerate() {
        let mut marked = marks.first_chunk().map_or_else(|| tail(marks), |marks| u64::from_le_bytes(*marks));
        while marked != 0 {
            each(8 * group + marked.trailing_zeros() as usize / 8);
            marked &= marked - 1;
        }
    }
}

/// The number that has these bytes, less than eight, and zeros above.
fn tail(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_mark_is_found_in_order() {
        for length in 0..20 {
            let marks: Vec<u8> = (0..length).map(|place| u8::from(place % 3 != 1)).collect();
            let mut found = Vec::new();
            super::each(&marks, |place| found.push(place));
            let expected: Vec<usize> = (0..length).filter(|place| marks[*place] == 1).collect();
            assert_eq!(found, expected);
        }
    }
}
