//! What is counted, for tests and operators.

use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::http::StatusCode;
use seqline_protocol::{ErrorCode, ResetReason};

use crate::{
    session::Observation,
    store::{Commit, Done},
};

/// Counts since the relay started.
#[derive(Debug, Default)]
pub struct Counters {
    /// What was refused, by code.
    pub refusals: ByCode,
    /// Sessions that the relay ended, by code.
    pub closes: ByCode,
    /// Sessions that said who they are, and were let in.
    pub hellos: Counter,
    /// How long each log-in that got its turn waited in line for it.
    pub login_waits: Histogram<Times>,
    /// Log-ins that were refused because the line was too long.
    pub logins_turned_away: Counter,
    /// Those whose turn did not come in time.
    pub logins_timed_out: Counter,
    /// Messages that were stored.
    pub sends_stored: Counter,
    /// Messages that had been stored before, and were answered again.
    pub sends_repeated: Counter,
    /// Operations that can never take effect, messages among them.
    pub operations_refused: Counter,
    /// Acknowledgements of devices.
    pub acks: Counter,
    /// Times that a device was told to pull what it could not be handed.
    pub gaps: Counter,
    /// Times that a device was told to start over.
    pub resets: Resets,
    /// Commits that succeeded.
    pub commits: Counter,
    /// How many operations were in each commit.
    pub batches: Histogram<Counts>,
    /// How long each commit took.
    pub commit_times: Histogram<Times>,
    /// How long what sessions asked the store for took.
    pub read_times: Histogram<Times>,
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
    /// Requests over HTTP that were answered with what was asked for.
    pub requests_answered: Counter,
    /// Those that were sent elsewhere.
    pub requests_redirected: Counter,
    /// Those that were refused.
    pub requests_refused: Counter,
    /// Those that failed here.
    pub requests_failed: Counter,
    /// Changed certificates that were taken.
    pub tls_reloads: Counter,
    /// Those that cannot be used.
    pub tls_reloads_failed: Counter,
    /// Connections that came to no TLS: plain HTTP, bytes of something else, a handshake that failed.
    pub visitors_without_tls: Counter,
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
    /// Hints that other relays were told.
    pub hints_told: Counter,
    /// Those that the bus did not take.
    pub hints_lost: Counter,
    /// Hints that came from other relays.
    pub hints_heard: Counter,
    /// Times that hints may have been lost, because this relay was cut off, or too slow.
    pub bus_gaps: Counter,
    /// Comparisons of what all sessions know with the database.
    pub sweeps: Counter,
    /// Those that failed.
    pub sweeps_failed: Counter,
    /// Timelines that had grown without a hint of it.
    pub sweep_finds: Counter,
    /// Writes of reach.
    pub reach_flushes: Counter,
    /// Those that failed, and were tried again.
    pub reach_flushes_failed: Counter,
}

/// Why devices were told to start over.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "named as the protocol names them")]
pub struct Resets {
    pub epoch_changed: Counter,
    pub below_floor: Counter,
    pub ahead_of_head: Counter,
}

/// One count for each code.
#[derive(Debug)]
pub struct ByCode([Counter; ErrorCode::ALL.len()]);

// Not derived: the standard library has it for arrays of up to 32 only.
impl Default for ByCode {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Counter::default()))
    }
}

impl ByCode {
    /// It was this code once more.
    pub fn add(&self, code: ErrorCode) {
        if let Some(count) = self.0.get(code as usize) {
            count.add(1);
        }
    }

    /// How often each code was it.
    pub fn iter(&self) -> impl Iterator<Item = (ErrorCode, u64)> {
        ErrorCode::ALL
            .iter()
            .copied()
            .zip(self.0.iter().map(Counter::get))
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

/// The ranges of a [`Histogram`].
pub trait Scale {
    /// The upper bound of each range, the largest last.
    const BOUNDS: &'static [u64];
}

/// 1, 2, 4, 8 … and above.
#[derive(Debug, Default)]
pub struct Counts;

impl Scale for Counts {
    const BOUNDS: &'static [u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
}

/// In microseconds, from what memory takes to what nobody waits for.
#[derive(Debug, Default)]
pub struct Times;

impl Scale for Times {
    const BOUNDS: &'static [u64] = &[
        250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000, 10_000_000,
    ];
}

/// As many as any scale has.
const RANGES_MAX: usize = 15;

/// How often a number was in which range.
#[derive(Debug)]
pub struct Histogram<S: Scale> {
    ranges: [Counter; RANGES_MAX],
    count: Counter,
    sum: Counter,
    scale: PhantomData<S>,
}

impl<S: Scale> Default for Histogram<S> {
    fn default() -> Self {
        const { assert!(S::BOUNDS.len() <= RANGES_MAX) };
        Self {
            ranges: Default::default(),
            count: Counter::default(),
            sum: Counter::default(),
            scale: PhantomData,
        }
    }
}

impl Histogram<Counts> {
    /// It was this number once more.
    pub fn observe(&self, number: usize) {
        self.note(number as u64);
    }
}

impl Histogram<Times> {
    /// It took this long once more.
    pub fn observe(&self, time: Duration) {
        self.note(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }
}

impl<S: Scale> Histogram<S> {
    fn note(&self, number: u64) {
        let at = S::BOUNDS.iter().position(|bound| number <= *bound);
        if let Some(range) = at.and_then(|at| self.ranges.get(at)) {
            range.add(1);
        }
        self.count.add(1);
        self.sum.0.fetch_add(number, Ordering::Relaxed);
    }

    /// For each bound, how often the number was no larger.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> {
        let ranges = S::BOUNDS.iter().zip(&self.ranges);
        ranges.scan(0, |sum, (bound, range)| {
            *sum += range.get();
            Some((*bound, *sum))
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
        self.refusals.add(code);
    }

    /// How often each code was answered.
    pub fn refusals(&self) -> impl Iterator<Item = (ErrorCode, u64)> {
        self.refusals.iter()
    }

    /// A request over HTTP was answered with this status.
    pub fn answered(&self, status: StatusCode) {
        let count = match status.as_u16() {
            ..300 => &self.requests_answered,
            300..400 => &self.requests_redirected,
            400..500 => &self.requests_refused,
            500.. => &self.requests_failed,
        };
        count.add(1);
    }

    /// A session has seen something.
    pub fn observed(&self, observation: Observation) {
        let count = match observation {
            Observation::Ack => &self.acks,
            Observation::Gap => &self.gaps,
            Observation::Reset(ResetReason::EpochChanged) => &self.resets.epoch_changed,
            Observation::Reset(ResetReason::BelowFloor) => &self.resets.below_floor,
            Observation::Reset(ResetReason::AheadOfHead) => &self.resets.ahead_of_head,
        };
        count.add(1);
    }

    /// A commit of so many operations is durable.
    pub fn committed(&self, commit: &Commit, operations: usize, took: Duration) {
        self.commits.add(1);
        self.batches.observe(operations);
        self.commit_times.observe(took);
        let entries = commit.appends.iter().map(|append| append.items.len());
        self.entries.add(entries.sum());
        let (mut stored, mut repeated, mut refused) = (0, 0, 0);
        for result in &commit.results {
            match result {
                Ok(Done::Sent(sent)) if sent.duplicate => repeated += 1,
                Ok(Done::Sent(_)) => stored += 1,
                Ok(_) => {}
                Err(_) => refused += 1,
            }
        }
        self.sends_stored.add(stored);
        self.sends_repeated.add(repeated);
        self.operations_refused.add(refused);
    }
}
