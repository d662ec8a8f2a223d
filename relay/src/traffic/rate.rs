//! How often something may happen: so many at once, and then so many in a time.

use std::{fmt, str::FromStr, time::Duration};

/// A token bucket: `burst` tokens at first, and one more each `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Between two tokens; zero for no limit.
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// Anything, at any time.
    pub const OFF: Self = Self {
        interval: Duration::ZERO,
        burst: 0,
    };

    /// So many a second in the long run, and so many at once; neither may be 0.
    #[must_use]
    pub const fn per_second(count: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_nanos(1_000_000_000 / count as u64),
            burst,
        }
    }

    /// Takes a token. `full_at` is when the bucket will be full again.
    ///
    /// # Errors
    /// How long to wait: until there is more than one token, or whoever waits would come back
    /// for each.
    pub(super) fn take(self, full_at: &mut Duration, now: Duration) -> Result<(), Duration> {
        if self.has_token(*full_at, now) {
            *full_at = (*full_at).max(now) + self.interval;
            return Ok(());
        }
        let some = self.interval * (self.burst / 10).max(1);
        Err((*full_at + some).saturating_sub(now + self.interval * self.burst))
    }

    pub(super) fn has_token(self, full_at: Duration, now: Duration) -> bool {
        full_at.max(now) + self.interval <= now + self.interval * self.burst
            || self.interval.is_zero()
    }
}

/// `200/s burst 5000`; `60/m`, whose burst is as many; `off`.
impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        parse(text).ok_or_else(|| {
            format!("{text:?} is no rate such as `200/s burst 5000`, `60/m`, or `off`")
        })
    }
}

fn parse(text: &str) -> Option<Rate> {
    let (rate, burst) = match text.split_once(" burst ") {
        Some((rate, burst)) => (rate, Some(burst.trim())),
        None => (text, None),
    };
    let (count, unit) = rate.trim().split_once('/')?;
    let count = count.parse::<u32>().ok().filter(|count| *count > 0)?;
    let burst = burst.map_or(Some(count), |burst| burst.parse().ok());
    let burst = burst.filter(|burst| *burst > 0)?;
    let unit = match unit {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return None,
    };
    let interval = unit / count;
    (!interval.is_zero()).then_some(Rate { interval, burst })
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.interval.is_zero() {
            return f.write_str("off");
        }
        let (unit, name) = [(1, "s"), (60, "m"), (3600, "h")]
            .map(|(seconds, name)| (Duration::from_secs(seconds), name))
            .into_iter()
            .find(|(unit, _)| *unit >= self.interval)
            .unwrap_or((Duration::from_secs(3600), "h"));
        let count = unit.as_nanos() / self.interval.as_nanos();
        write!(f, "{count}/{name} burst {}", self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_passes_and_then_as_many_as_the_rate_says() {
        let rate = Rate::per_second(10, 30);
        let mut full_at = Duration::ZERO;
        let take = |full_at: &mut Duration, now| rate.take(full_at, now);
        for _ in 0..30 {
            take(&mut full_at, ms(5_000)).unwrap();
        }
        let wait = take(&mut full_at, ms(5_000)).unwrap_err();
        assert_eq!(wait, ms(300), "a tenth of the burst");
        for _ in 0..3 {
            take(&mut full_at, ms(5_000) + wait).unwrap();
        }
        assert!(take(&mut full_at, ms(5_000) + wait).is_err());
        let mut passed = 0;
        for now in 5_301..=15_300 {
            passed += usize::from(take(&mut full_at, ms(now)).is_ok());
        }
        assert_eq!(passed, 100);
        for _ in 0..30 {
            take(&mut full_at, ms(60_000)).unwrap();
        }
        assert!(
            take(&mut full_at, ms(60_000)).is_err(),
            "no more is saved up"
        );
    }

    #[test]
    fn a_burst_of_one_waits_for_one() {
        let rate: Rate = "1/m burst 1".parse().unwrap();
        let mut full_at = Duration::ZERO;
        rate.take(&mut full_at, ms(0)).unwrap();
        assert_eq!(rate.take(&mut full_at, ms(0)), Err(ms(60_000)));
        assert_eq!(rate.take(&mut full_at, ms(59_999)), Err(ms(1)));
        rate.take(&mut full_at, ms(60_000)).unwrap();
    }

    #[test]
    fn off_is_no_limit() {
        let mut full_at = Duration::ZERO;
        for _ in 0..10_000 {
            Rate::OFF.take(&mut full_at, Duration::ZERO).unwrap();
        }
    }

    #[test]
    fn is_read_and_written() {
        for text in ["200/s burst 5000", "60/m burst 60", "7/h burst 1", "off"] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.to_string().parse(), Ok(rate), "{text}");
        }
        assert_eq!("60/m".parse(), "60/m burst 60".parse::<Rate>());
        assert_eq!("200/s burst 9".parse(), Ok(Rate::per_second(200, 9)));
        for text in ["", "5", "0/s", "5/s burst 0", "5/d", "-1/s", "5/s bust 3"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
