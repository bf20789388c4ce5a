//! Why a routine failed.

#![forbid(unsafe_code)]

/// Why a routine failed. Each has a negative number in the ABI, see [`Error::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller's mistake: a region outside the arena, overlapping regions, a number beyond its limits.
    Argument,
    /// The output region is too small.
    Space,
    /// The input is not an intact frame or delta of the expected size.
    Corrupt,
    /// The routine itself could not go on, for example for lack of memory.
    Internal,
    /// The chunk at this place in the list of extents does not have its ID.
    Mismatch(u32),
}

/// The ABI's number of a mismatch of the first extent; the next ones count down from it.
pub const MISMATCH_BASE: i64 = -4096;

impl Error {
    /// The error as the ABI's negative result.
    pub fn code(self) -> i64 {
        match self {
            Error::Argument => -1,
            Error::Space => -2,
            Error::Corrupt => -3,
            Error::Internal => -4,
            Error::Mismatch(extent) => MISMATCH_BASE - i64::from(extent),
        }
    }
}
