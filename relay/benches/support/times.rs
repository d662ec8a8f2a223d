//! Measured times.

use seqline_relay::clock::{Clock as _, SystemClock};

/// Microseconds since the clock was started.
pub fn micros(clock: &SystemClock) -> u64 {
    u64::try_from(clock.now().uptime.as_micros()).unwrap()
}

/// In microseconds.
#[derive(Default)]
pub struct Times(Vec<u64>);

impl Times {
    pub fn add(&mut self, time_us: u64) {
        self.0.push(time_us);
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds that this share of the times does not exceed. Sorts them.
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    pub fn quantile_ms(&mut self, per_mille: usize) -> f64 {
        self.0.sort_unstable();
        let at = (self.0.len() * per_mille / 1000).min(self.0.len().saturating_sub(1));
        self.0
            .get(at)
            .map_or(f64::NAN, |time_us| *time_us as f64 / 1000.0)
    }
}
