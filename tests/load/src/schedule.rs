//! When messages are to be sent.
//!
//! Open loop: times are fixed beforehand and do not wait for answers, as people do not wait for
//! each other. A server that stalls is sent to all the same, and every message that was to be
//! sent meanwhile is measured from when it was to be sent: nothing is left out because the
//! generator, too, was made to wait ("coordinated omission").

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

/// So many messages that are late are sent without letting others run.
const TURN: u32 = 32;

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Independently of each other, at the given rate on average: with bursts and pauses, as
    /// many people write.
    Poisson,
    /// With the same time between them.
    Constant,
}

/// The times of a run, one after the other.
#[derive(Debug)]
pub struct Schedule {
    arrivals: Arrivals,
    rate_per_s: f64,
    random: fastrand::Rng,
    began: Instant,
    count: u32,
    /// Since it began.
    last: Duration,
}

impl Schedule {
    /// From `began` on, at a rate above zero.
    #[must_use]
    pub fn new(arrivals: Arrivals, rate_per_s: f64, began: Instant, seed: u64) -> Self {
        Self {
            arrivals,
            rate_per_s,
            random: fastrand::Rng::with_seed(seed),
            began,
            count: 0,
            last: Duration::ZERO,
        }
    }

    /// Waits until something is due, or until the end. Gives the time at which it was due;
    /// at once, if that is over.
    pub async fn next(&mut self, end: Instant) -> Option<Instant> {
        let due = self.advance();
        if due >= end {
            sleep_until(end).await;
            return None;
        }
        // Asking the timer costs more than sending what is due; but clients need their turns.
        if due > Instant::now() {
            sleep_until(due).await;
        } else if self.count.is_multiple_of(TURN) {
            yield_now().await;
        }
        Some(due)
    }

    /// The next time, without waiting for it.
    pub fn advance(&mut self) -> Instant {
        self.count += 1;
        self.last = match self.arrivals {
            // From the beginning, so that no rounding adds up.
            Arrivals::Constant => Duration::from_secs_f64(f64::from(self.count) / self.rate_per_s),
            Arrivals::Poisson => {
                let wait_s = -(1.0 - self.random.f64()).ln() / self.rate_per_s;
                self.last + Duration::from_secs_f64(wait_s)
            }
        };
        self.began + self.last
    }
}
