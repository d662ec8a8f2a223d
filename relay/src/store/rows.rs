//! Between the databases' signed integers and ours.

/// As databases keep it. Ours end at 2^53 − 1.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// As we know it: nothing stored is negative.
pub(super) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
