//! How long each of many things took.

use std::time::Duration;

/// More are not kept: by then it is known how long such things take.
const TIMES_MAX: usize = 1_000_000;

/// How often something was done, and how long it took each time.
#[derive(Debug, Default)]
pub(super) struct Times {
    count: u64,
    micros: Vec<u64>,
}

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        self.count += 1;
        if self.micros.len() < TIMES_MAX {
            let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            self.micros.push(micros);
        }
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.count += other.count;
        let room = TIMES_MAX.saturating_sub(self.micros.len());
        other.micros.truncate(room);
        self.micros.append(&mut other.micros);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many took no longer: half of them at 50. In milliseconds.
    pub(super) fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (sorted.len() * percent / 100).min(last);
        let micros = sorted.get(at).copied().unwrap_or_default();
        Duration::from_micros(micros).as_secs_f64() * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_added() {
        let mut times = Times::default();
        assert!(times.percentile_ms(50) < f64::EPSILON);
        for millis in 1..=100 {
            times.add(Duration::from_millis(millis));
        }
        assert_eq!(times.count(), 100);
        assert!((times.percentile_ms(50) - 51.0).abs() < f64::EPSILON);
        assert!((times.percentile_ms(100) - 100.0).abs() < f64::EPSILON);
    }
}
