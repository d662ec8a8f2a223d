//! Times with units, as people write them.

/// The longest time that is understood.
const TIME_S_MAX: u64 = 3650 * 24 * 3600;

/// Reads a time such as `90s`, `15m`, `24h` or `30d`; a number alone counts seconds.
///
/// # Errors
/// What is wrong with it, for people.
pub fn parse_time_s(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a time such as 90s, 15m, 24h or 30d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_s = match text.strip_prefix(digits) {
        Some("s" | "") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 24 * 3600,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count
        .checked_mul(unit_s)
        .filter(|time_s| (1..=TIME_S_MAX).contains(time_s))
        .ok_or_else(|| format!("{text:?} is not between 1s and 3650d"))
}
