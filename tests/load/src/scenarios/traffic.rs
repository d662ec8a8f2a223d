//! Sends messages at given times, or as fast as they are answered, and waits for all of them.

use std::{sync::Arc, time::Duration};

use seqline_core::{CallId, Failure, Reply};
use seqline_protocol::Target;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{
    client::{Busy, Client},
    measure::{
        process::{Processes, Taken, Watch},
        traffic::{Mark, Outcome, Traffic},
    },
    progress::{Phase, Progress},
    report::{Latency, Run},
    schedule::{Arrivals, Schedule},
};

/// From when a message was to be sent until it was given to a client: what of the other times is
/// not the server's.
pub const GENERATOR_LATE: &str = "generator late";

/// One who sends: gives a message to a client, and does not wait.
pub trait Publisher {
    /// The answer goes to the [`Traffic`].
    ///
    /// # Errors
    /// [`Busy`]: then there is none.
    fn publish(&self, mark: Mark, body: String) -> Result<(), Busy>;
}

/// A client that writes to one place.
pub(super) struct Writer {
    pub(super) client: Client,
    pub(super) to: Target,
}

impl Publisher for Writer {
    fn publish(&self, mark: Mark, body: String) -> Result<(), Busy> {
        // A sender's messages are called by their numbers.
        let call = CallId(u32::try_from(mark.number).unwrap_or(u32::MAX));
        self.client.send(call, self.to.clone(), body)
    }
}

/// What came of a message of a [`Writer`].
pub(super) fn answer(traffic: &Traffic, lane: usize, call: CallId, result: Result<Reply, Failure>) {
    let number = usize::try_from(call.0).unwrap_or(usize::MAX);
    let mark = Mark { lane, number };
    match result {
        Ok(_) => traffic.acknowledged(mark),
        Err(failure) => traffic.refused(mark, failure.code.as_str()),
    }
}

/// How messages are sent.
#[derive(Debug, Clone)]
pub struct Load {
    /// At which times.
    pub pace: Pace,
    /// Bytes of a message.
    pub payload_bytes: usize,
    /// Before anything is measured.
    pub warm_up: Duration,
    /// What is measured.
    pub time: Duration,
    /// For what is on its way when the last message was sent.
    pub grace: Duration,
    /// Of all random choices.
    pub seed: u64,
}

/// At which times messages are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Whatever becomes of earlier ones.
    Open {
        /// How they follow each other.
        arrivals: Arrivals,
        /// Of all senders together.
        rate_per_s: f64,
    },
    /// As soon as an earlier one is answered.
    Closed {
        /// That each sender has on their way.
        window: usize,
    },
}

impl Load {
    /// Where messages are counted, for so many senders with so many receivers each; and where
    /// it tells of answers.
    #[must_use]
    pub fn traffic(&self, senders: usize, receivers: usize) -> (Arc<Traffic>, Answers) {
        let traffic = Traffic::new(senders, receivers, self.time);
        match self.pace {
            Pace::Open { .. } => (Arc::new(traffic), Answers(None)),
            Pace::Closed { window } => {
                let (tell, answers) = mpsc::channel((senders * window).max(1));
                (Arc::new(traffic.telling(tell)), Answers(Some(answers)))
            }
        }
    }
}

/// Senders whose messages were answered.
#[derive(Debug)]
pub struct Answers(Option<mpsc::Receiver<usize>>);

/// Sends all, waits for all, and gives what became of it.
pub async fn drive(
    publishers: &[Box<dyn Publisher>],
    (traffic, mut answers): (&Traffic, Answers),
    load: &Load,
    processes: Processes,
    progress: Progress,
) -> (Outcome, Option<Taken>) {
    let from = Instant::now() + load.warm_up;
    let until = from + load.time;
    traffic.measure_from(from);
    let phase = progress.timed("sending", load.warm_up + load.time);
    let sender = Sender {
        publishers,
        traffic,
        payload_bytes: load.payload_bytes,
    };
    let sending = async {
        match (load.pace, &mut answers.0) {
            (Pace::Closed { window }, Some(answers)) => sender.closed(window, answers, until).await,
            (Pace::Closed { .. }, None) => {}
            (
                Pace::Open {
                    arrivals,
                    rate_per_s,
                },
                _,
            ) => {
                let began = from - load.warm_up;
                let schedule = Schedule::new(arrivals, rate_per_s, began, load.seed);
                sender.open(schedule, load.seed, until).await;
            }
        }
    };
    let watching = async {
        sleep_until(from).await;
        let watch = Watch::start(processes);
        sleep_until(until).await;
        watch.and_then(|watch| watch.taken())
    };
    let showing = show(&phase, traffic, until);
    let ((), taken, ()) = tokio::join!(sending, watching, showing);
    drop(phase);
    let phase = progress.phase("waiting for the last answers", 1);
    // What did not come by then is counted.
    let _ = timeout(load.grace, traffic.settled()).await;
    drop(phase);
    (traffic.outcome(), taken)
}

/// What became of messages, as part of a report.
pub fn report(run: &mut Run, outcome: &Outcome, time: Duration) {
    let of = |name, series| Latency::of(name, series);
    run.latencies.push(of("send → sent", &outcome.acknowledged));
    run.latencies.push(of("send → received", &outcome.received));
    run.latencies.push(of(GENERATOR_LATE, &outcome.handed));
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_s = |count: u64| count as f64 / time.as_secs_f64();
    run.figure("sent", per_s(outcome.acknowledged_in_time), "messages/s");
    run.figure("received", per_s(outcome.received_in_time), "messages/s");
    run.refusals.clone_from(&outcome.refusals);
    run.set_messages(outcome.tally);
}

struct Sender<'a> {
    publishers: &'a [Box<dyn Publisher>],
    traffic: &'a Traffic,
    payload_bytes: usize,
}

impl Sender<'_> {
    async fn open(&self, mut schedule: Schedule, seed: u64, until: Instant) {
        // Which sender is no matter of when: otherwise than the schedule's.
        let mut random = fastrand::Rng::with_seed(!seed);
        while let Some(intended) = schedule.next(until).await {
            self.send(random.usize(..self.publishers.len()), intended);
        }
    }

    async fn closed(&self, window: usize, answers: &mut mpsc::Receiver<usize>, until: Instant) {
        for _ in 0..window {
            (0..self.publishers.len()).for_each(|lane| self.send(lane, Instant::now()));
        }
        while let Ok(Some(lane)) = timeout_at(until, answers.recv()).await {
            self.send(lane, Instant::now());
        }
    }

    fn send(&self, lane: usize, intended: Instant) {
        let Some(mark) = self.traffic.begin(lane, intended) else {
            return;
        };
        let body = mark.body(self.payload_bytes);
        let publisher = self.publishers.get(lane);
        if publisher.is_none_or(|publisher| publisher.publish(mark, body).is_err()) {
            self.traffic.refused(mark, "generator_busy");
        }
    }
}

async fn show(phase: &Phase, traffic: &Traffic, until: Instant) {
    let began = Instant::now();
    let mut last = 0;
    while Instant::now() < until {
        sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
        let (begun, answered) = traffic.progress();
        phase.reached(began.elapsed().as_secs());
        phase.note(format!(
            "{} answered/s, {} on their way",
            answered - last,
            begun - answered
        ));
        last = answered;
    }
}
