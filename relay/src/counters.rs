//! What is counted, for tests and operators.

use std::sync::atomic::{AtomicU64, Ordering};

use seqline_protocol::ErrorCode;

/// Counts since the relay started.
#[derive(Debug, Default)]
pub struct Counters {
    refusals: Refusals,
    /// Commits that succeeded.
    pub commits: Counter,
    /// How many operations were in each commit.
    pub batches: Histogram,
    /// Timeline entries that commits added.
    pub entries: Counter,
    /// Commits that failed as a whole.
    pub commits_failed: Counter,
    /// Pages of timelines that devices pulled.
    pub pulls: Counter,
    /// Requests of connections over HTTP.
    pub poll_requests: Counter,
    /// Those that repeated one whose answer was lost, or was slow.
    pub poll_repeats: Counter,
    /// Connections that were turned away because there were too many.
    pub visitors_refused: Counter,
    /// Those that ended because their headers took too long, or no further request came.
    pub visitors_slow: Counter,
    /// Those that ended because what came was no request, or too long.
    pub visitors_malformed: Counter,
    /// Those that ended because their answer was not read.
    pub visitors_stalled: Counter,
    /// Sessions that were ended with a reason.
    pub kicks: Counter,
    /// Batches told in rooms.
    pub room_batches: Counter,
    /// Comments in them.
    pub room_comments: Counter,
    /// Comments that were dropped because too much was said.
    pub room_comments_dropped: Counter,
    /// Messages that an app's server accepted as they are before they were stored.
    pub checks_accepted: Counter,
    /// Messages that one rewrote.
    pub checks_rewritten: Counter,
    /// Messages that one refused.
    pub checks_refused: Counter,
    /// Checks without an answer that could be understood in time: the default held.
    pub checks_failed: Counter,
    /// Webhooks that an app's server took.
    pub webhooks_sent: Counter,
    /// Deliveries of webhooks that failed and are tried again.
    pub webhooks_failed: Counter,
    /// Messages of which an app's server was not told in the end.
    pub webhooks_given_up: Counter,
    /// Conversations whose next webhook was due or under way when last looked at.
    pub webhooks_waiting: Gauge,
    /// Polls of the public mailbox.
    pub public_polls: Counter,
    /// Those that failed: what was read before goes on to be shown.
    pub public_polls_failed: Counter,
    /// Pulls that were answered from memory.
    pub pulls_from_memory: Counter,
    /// Looks into the public mailbox, by pulls.
    pub public_pulls: Counter,
    /// Steps of ageing.
    pub age_steps: Counter,
    /// Steps of ageing of broadcasts.
    pub broadcast_age_steps: Counter,
    /// Steps of indexing.
    pub index_steps: Counter,
    /// Devices that waves told of a broadcast.
    pub wave_tells: Counter,
    /// Devices that pulled after that.
    pub wave_pulls: Counter,
    /// Questions to the apps' servers about users' attributes that were answered.
    pub lookups: Counter,
    /// Those without an answer that could be understood in time: default texts held.
    pub lookups_failed: Counter,
    /// Writes of reach.
    pub reach_flushes: Counter,
    /// Those that failed, and were tried again.
    pub reach_flushes_failed: Counter,
}

/// One for each code.
#[derive(Debug)]
struct Refusals([AtomicU64; ErrorCode::ALL.len()]);

// Not derived: the standard library has it for arrays of up to 32 only.
impl Default for Refusals {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::default()))
    }
}

/// One number that grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// What it stands at.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A sum of numbers that go up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One of the numbers changes.
    pub fn change(&self, before: usize, now: usize) {
        // Wrapping is right: the sum never is below zero.
        let change = (now as u64).wrapping_sub(before as u64);
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    /// The sum.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often a number was in which range: up to 1, 2, 4, 8 … and above.
#[derive(Debug, Default)]
pub struct Histogram {
    ranges: [AtomicU64; Self::BOUNDS.len()],
    count: Counter,
    sum: Counter,
}

impl Histogram {
    const BOUNDS: [usize; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    /// It was this number once more.
    pub fn observe(&self, number: usize) {
        let at = Self::BOUNDS.iter().position(|bound| number <= *bound);
        if let Some(range) = at.and_then(|at| self.ranges.get(at)) {
            range.fetch_add(1, Ordering::Relaxed);
        }
        self.count.add(1);
        self.sum.add(number);
    }

    /// For each bound, how often the number was no larger.
    pub fn up_to(&self) -> impl Iterator<Item = (usize, u64)> {
        let ranges = Self::BOUNDS.into_iter().zip(&self.ranges);
        ranges.scan(0, |sum, (bound, range)| {
            *sum += range.load(Ordering::Relaxed);
            Some((bound, *sum))
        })
    }

    /// How often there was any.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum.get()
    }
}

impl Counters {
    /// Something was refused.
    pub fn refused(&self, code: ErrorCode) {
        if let Some(count) = self.refusals.0.get(code as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each code was answered.
    pub fn refusals(&self) -> impl Iterator<Item = (ErrorCode, u64)> {
        let counts = self
            .refusals
            .0
            .iter()
            .map(|one| one.load(Ordering::Relaxed));
        ErrorCode::ALL.iter().copied().zip(counts)
    }
}
