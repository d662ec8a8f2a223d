//! The one place that reads time. Everything else is given it.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use seqline_protocol::Micros;

/// Two readings of one moment: what a calendar shows, and how long the process has run.
///
/// Deadlines count on `uptime`, which no one can set; expiry of tokens and messages
/// on `wall`, which is right after the machine was suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Microseconds since the Unix epoch.
    pub wall: Micros,
    /// Time since the process started; never goes back.
    pub uptime: Duration,
}

/// Where the time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// This moment.
    fn now(&self) -> Now;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose uptime starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reading of the machine's clock"
    )]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reading of the machine's clock"
    )]
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            wall: Micros::saturating(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)),
            uptime: self.started.elapsed(),
        }
    }
}

/// Tokio's time, which tests turn.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct VirtualClock(tokio::time::Instant);

#[cfg(test)]
impl VirtualClock {
    /// It is zero now.
    pub(crate) fn start() -> Self {
        Self::since(tokio::time::Instant::now())
    }

    /// It was zero then.
    pub(crate) fn since(start: tokio::time::Instant) -> Self {
        Self(start)
    }
}

#[cfg(test)]
impl Clock for VirtualClock {
    fn now(&self) -> Now {
        let uptime = self.0.elapsed();
        Now {
            wall: Micros::saturating(u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX)),
            uptime,
        }
    }
}
