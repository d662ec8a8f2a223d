//! The time that clients are told.

use std::time::SystemTime;

use seqline_core::Now;
use tokio::time::Instant;

/// One for all clients of a run. Tests turn it, with tokio's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    origin_unix_ms: u64,
}

impl Clock {
    /// Begins now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the load generator learns what time it is"
    )]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let origin_unix_ms = unix.map_or(0, |time| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        });
        Self {
            origin: Instant::now(),
            origin_unix_ms,
        }
    }

    /// As sessions want it.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now {
            mono_ms,
            unix_ms: self.origin_unix_ms + mono_ms,
        }
    }

    /// When a session wants to be woken.
    #[must_use]
    pub fn at(&self, mono_ms: u64) -> Instant {
        self.origin + std::time::Duration::from_millis(mono_ms)
    }
}
