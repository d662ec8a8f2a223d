//! Log-ins in their order: so many are under way at a time, and the others wait in line.
//!
//! When thousands of devices return at once, each log-in takes the database a moment, and all of
//! them together longer than a client waits. Without a line most of that work would be for clients
//! that have given up, which come back at once. With it
//!
//! - who comes first is served first, and who hangs up leaves the line without any work;
//! - who would wait longer than the line may take is refused at once, and told when there will be
//!   room: each one another time, at the pace at which log-ins are done now;
//! - whoever is in waits for a few commits of log-ins at most.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::ErrorCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    api::ApiError,
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    limits::{LOGIN_LINE_WAIT_MS, LOGIN_RETRY_MS_MAX, LOGIN_RETRY_MS_MIN, LOGINS_WAITING_MAX},
};

const LINE_WAIT: Duration = Duration::from_millis(LOGIN_LINE_WAIT_MS);
const RETRY_MIN: Duration = Duration::from_millis(LOGIN_RETRY_MS_MIN);
const RETRY_MAX: Duration = Duration::from_millis(LOGIN_RETRY_MS_MAX);

/// How much one log-in counts in what they take on average: one in so many.
const SMOOTHING: u32 = 16;

/// The log-ins of a relay.
#[derive(Debug)]
pub struct Logins {
    under_way_max: u32,
    places: Arc<Semaphore>,
    line: Mutex<Line>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: u32,
    /// Log-ins that have ended so far.
    ended: u64,
    /// What a log-in takes from its turn to its end, on average; none before the first one.
    takes: Option<Duration>,
    /// Those who were told to come again are expected up to then, by the relay's uptime.
    expected_until: Duration,
}

/// A place among the log-ins that are under way, for as long as it is held.
#[derive(Debug)]
pub struct Admitted {
    logins: Arc<Logins>,
    since: Duration,
    _place: OwnedSemaphorePermit,
}

/// Counts one who waits.
struct Waiting<'a>(&'a Logins);

impl Logins {
    /// None yet; so many may be under way at a time.
    #[must_use]
    pub fn new(
        under_way_max: u32,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        let places = usize::try_from(under_way_max).unwrap_or(usize::MAX);
        Arc::new(Self {
            under_way_max,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            line: Mutex::default(),
            clock,
            entropy,
            counters,
        })
    }

    /// A place, if no one waits for one.
    #[must_use]
    pub fn try_enter(self: &Arc<Self>) -> Option<Admitted> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.counters.login_waits.observe(Duration::ZERO);
        Some(self.admitted(place))
    }

    /// Waits for a place. Whoever ceases to wait leaves the line.
    ///
    /// # Errors
    /// `overloaded`, with when to come again.
    pub async fn enter(self: Arc<Self>) -> Result<Admitted, ApiError> {
        let came = self.clock.now().uptime;
        let (waiting, ended) = self.join_line()?;
        let place = timeout(LINE_WAIT, Arc::clone(&self.places).acquire_owned()).await;
        drop(waiting);
        let waited = self.clock.now().uptime.saturating_sub(came);
        match place {
            Ok(Ok(place)) => {
                self.counters.login_waits.observe(waited);
                Ok(self.admitted(place))
            }
            // The other error is a closed semaphore, which this one never is.
            Ok(Err(_)) | Err(_) => {
                self.counters.logins_timed_out.add(1);
                let mut line = self.line();
                if line.ended == ended {
                    // Nothing has told of how slow it is.
                    line.learn(waited);
                }
                Err(self.refuse(&mut line))
            }
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.line().waiting
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        let places = usize::try_from(self.under_way_max).unwrap_or(usize::MAX);
        places.saturating_sub(self.places.available_permits())
    }

    /// Also how many had ended by then.
    fn join_line(&self) -> Result<(Waiting<'_>, u64), ApiError> {
        let mut line = self.line();
        let turn_in = line
            .pace(self.under_way_max)
            .saturating_mul(line.waiting + 1);
        if line.waiting >= LOGINS_WAITING_MAX || turn_in > LINE_WAIT {
            self.counters.logins_turned_away.add(1);
            return Err(self.refuse(&mut line));
        }
        line.waiting += 1;
        Ok((Waiting(self), line.ended))
    }

    fn refuse(&self, line: &mut Line) -> ApiError {
        let wait = self.wait_until_room(line);
        let text = "many devices connect at this moment, and it is not this one's turn yet; \
                    connect again after retry_after_ms";
        ApiError {
            retry_after_ms: Some(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)),
            ..ApiError::new(ErrorCode::Overloaded, text)
        }
    }

    /// Each one is told another time, so that they come as they can be served.
    fn wait_until_room(&self, line: &mut Line) -> Duration {
        let now = self.clock.now().uptime;
        let pace = line.pace(self.under_way_max);
        // Whoever waits beyond that does so in vain.
        let line_ends = now + pace.saturating_mul(line.waiting).min(LINE_WAIT);
        let turn = line.expected_until.max(line_ends) + pace;
        line.expected_until = turn.min(now + RETRY_MAX);
        if turn > now + RETRY_MAX {
            // More than can be foreseen: at any time, but not at once.
            let spread_ms = LOGIN_RETRY_MS_MAX / 2;
            return RETRY_MAX / 2 + Duration::from_millis(self.entropy.number() % spread_ms);
        }
        // Half a line early, so that there is someone to serve even if others come late; and
        // clients add up to half of what they are told.
        let wait = turn.saturating_sub(now + LINE_WAIT / 2);
        (wait * 4 / 5).max(RETRY_MIN)
    }

    fn admitted(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Admitted {
        Admitted {
            logins: Arc::clone(self),
            since: self.clock.now().uptime,
            _place: place,
        }
    }

    /// The numbers are right after every statement that can panic.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// The time between two log-ins that end, if as many as may be are under way.
    fn pace(&self, under_way_max: u32) -> Duration {
        self.takes.unwrap_or_default() / under_way_max.max(1)
    }

    fn learn(&mut self, took: Duration) {
        let before = self.takes.unwrap_or(took);
        self.takes = Some((before * (SMOOTHING - 1) + took) / SMOOTHING);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.line().waiting -= 1;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let took = self.logins.clock.now().uptime.saturating_sub(self.since);
        let mut line = self.logins.line();
        line.ended += 1;
        line.learn(took);
    }
}

#[cfg(test)]
mod tests;
