//! The relay's time and randomness, from the world's.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use seqline_protocol::Micros;
use seqline_relay::{
    clock::{Clock, Now},
    entropy::Entropy,
};
use tokio::time::Instant;

/// What calendars show when a scenario begins, in milliseconds since the Unix epoch.
pub const UNIX_MS: u64 = 1_795_000_000_000;

/// How far a calendar is off, in milliseconds; it may be set at any time.
#[derive(Debug, Clone, Default)]
pub struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Sets the calendar by so much.
    pub fn add(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// What the calendar shows, so long after the beginning, in milliseconds since the Unix
    /// epoch.
    #[must_use]
    pub fn unix_ms(&self, at_ms: u64) -> u64 {
        (UNIX_MS + at_ms).saturating_add_signed(self.0.load(Ordering::Relaxed))
    }
}

/// The clock of one process of the relay.
#[derive(Debug)]
pub struct RelayClock {
    started: Instant,
    started_at_ms: u64,
    skew: Skew,
}

impl RelayClock {
    /// Of a process that starts now.
    #[must_use]
    pub fn start(started_at_ms: u64, skew: Skew) -> Self {
        Self {
            started: Instant::now(),
            started_at_ms,
            skew,
        }
    }

    /// The world's time.
    #[must_use]
    pub fn world_ms(&self) -> u64 {
        let elapsed_ms = self.started.elapsed().as_millis();
        self.started_at_ms + u64::try_from(elapsed_ms).unwrap_or(u64::MAX)
    }

    /// When the world's time is this one.
    #[must_use]
    pub fn instant_at(&self, world_ms: u64) -> Instant {
        let after_ms = world_ms.saturating_sub(self.started_at_ms);
        self.started + std::time::Duration::from_millis(after_ms)
    }
}

impl Clock for RelayClock {
    fn now(&self) -> Now {
        let uptime = self.started.elapsed();
        let uptime_us = u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX);
        let unix_us = self.skew.unix_ms(self.started_at_ms) * 1_000 + uptime_us;
        Now {
            wall: Micros::saturating(unix_us),
            uptime,
        }
    }
}

/// What the relay draws.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<fastrand::Rng>);

impl SeededEntropy {
    /// The same seed gives the same.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill(buffer);
    }
}
