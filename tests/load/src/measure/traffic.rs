//! Messages on their way: when each was to be sent, and what became of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use super::{
    ledger::{Arrival, Lane, Tally},
    series::Series,
};

/// A message: which sender, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The sender.
    pub lane: usize,
    /// Counted from zero.
    pub number: usize,
}

impl Mark {
    /// A text of so many bytes that bears the mark; longer, if the mark is.
    #[must_use]
    pub fn body(self, bytes: usize) -> String {
        let mut body = format!("{}.{} ", self.lane, self.number);
        body.extend(std::iter::repeat_n('x', bytes.saturating_sub(body.len())));
        body
    }

    /// The mark that a text bears.
    #[must_use]
    pub fn of(body: &str) -> Option<Self> {
        let (lane, number) = body.split_once(' ')?.0.split_once('.')?;
        Some(Self {
            lane: lane.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// All messages of a run.
#[derive(Debug)]
pub struct Traffic {
    state: Mutex<State>,
    is_settled: Notify,
    /// Tells each answer's sender to who keeps a number of messages on their way.
    answers: Option<mpsc::Sender<usize>>,
    measured_from: OnceLock<Instant>,
    time: Duration,
}

#[derive(Debug)]
struct State {
    lanes: Vec<Lane>,
    /// By lane and number.
    intended: Vec<Vec<Instant>>,
    receivers: usize,
    /// Not answered yet.
    answers_due: usize,
    /// Not received yet, other than of refused messages.
    deliveries_due: usize,
    refusals: BTreeMap<String, u64>,
    handed: Series,
    acknowledged: Series,
    received: Series,
    acknowledged_in_time: u64,
    received_in_time: u64,
}

/// What was measured of it.
#[derive(Debug)]
pub struct Outcome {
    /// How the messages fared.
    pub tally: Tally,
    /// Why messages were refused, and how many.
    pub refusals: BTreeMap<String, u64>,
    /// From when a message was to be sent until it was given to the client: our own delay.
    pub handed: Series,
    /// From when a message was to be sent until it was acknowledged.
    pub acknowledged: Series,
    /// From when a message was to be sent until a receiver had it.
    pub received: Series,
    /// Acknowledgements that came while it was measured.
    pub acknowledged_in_time: u64,
    /// Deliveries that came while it was measured.
    pub received_in_time: u64,
}

impl Traffic {
    /// So many senders with so many receivers each. What is to be sent in this time is measured,
    /// from [`Self::measure_from`] on.
    #[must_use]
    pub fn new(lanes: usize, receivers: usize, time: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: vec![Lane::new(receivers); lanes],
                intended: vec![Vec::new(); lanes],
                receivers,
                answers_due: 0,
                deliveries_due: 0,
                refusals: BTreeMap::new(),
                handed: Series::over(time),
                acknowledged: Series::over(time),
                received: Series::over(time),
                acknowledged_in_time: 0,
                received_in_time: 0,
            }),
            is_settled: Notify::new(),
            answers: None,
            measured_from: OnceLock::new(),
            time,
        }
    }

    /// Tells whoever listens, if there is room, of each answered message: its sender.
    #[must_use]
    pub fn telling(self, answers: mpsc::Sender<usize>) -> Self {
        Self {
            answers: Some(answers),
            ..self
        }
    }

    /// From then on. Only the first word counts.
    pub fn measure_from(&self, from: Instant) {
        self.measured_from.get_or_init(|| from);
    }

    /// The next message of a sender, which was to be sent then, is given to its client now.
    pub fn begin(&self, lane: usize, intended: Instant) -> Option<Mark> {
        let mut state = self.lock();
        let state = &mut *state;
        let number = state.lanes.get_mut(lane)?.begin();
        state.intended.get_mut(lane)?.push(intended);
        state.answers_due += 1;
        state.deliveries_due += state.receivers;
        self.record(&mut state.handed, intended);
        Some(Mark { lane, number })
    }

    /// The server has stored a message.
    pub fn acknowledged(&self, mark: Mark) {
        let mut state = self.lock();
        let state = &mut *state;
        let lane = state.lanes.get_mut(mark.lane);
        if !lane.is_some_and(|lane| lane.acknowledge(mark.number)) {
            return;
        }
        state.answers_due -= 1;
        state.acknowledged_in_time += u64::from(self.is_measured(Instant::now()));
        if let Some(intended) = intended(&state.intended, mark) {
            self.record(&mut state.acknowledged, intended);
        }
        self.tell_answer(mark);
        self.tell_if_settled(state);
    }

    /// A message was not taken, for this reason.
    pub fn refused(&self, mark: Mark, reason: impl Into<String>) {
        let mut state = self.lock();
        let lane = state.lanes.get_mut(mark.lane);
        if let Some(not_waited_for) = lane.and_then(|lane| lane.refuse(mark.number)) {
            state.answers_due -= 1;
            state.deliveries_due -= not_waited_for;
            *state.refusals.entry(reason.into()).or_default() += 1;
            self.tell_answer(mark);
            self.tell_if_settled(&state);
        }
    }

    /// A message came to one of the receivers of its sender.
    pub fn received(&self, receiver: usize, mark: Mark) {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(lane) = state.lanes.get_mut(mark.lane) else {
            return;
        };
        if lane.receive(receiver, mark.number) != Arrival::First {
            return;
        }
        // A refused one is not waited for, and may come all the same.
        state.deliveries_due = state.deliveries_due.saturating_sub(1);
        state.received_in_time += u64::from(self.is_measured(Instant::now()));
        if let Some(intended) = intended(&state.intended, mark) {
            self.record(&mut state.received, intended);
        }
        self.tell_if_settled(state);
    }

    /// Until every message is answered, and every acknowledged one received.
    pub async fn settled(&self) {
        loop {
            let told = self.is_settled.notified();
            if self.lock().is_settled() {
                return;
            }
            told.await;
        }
    }

    /// Messages begun and acknowledged so far.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let state = self.lock();
        let begun: usize = state.intended.iter().map(Vec::len).sum();
        (begun as u64, (begun - state.answers_due) as u64)
    }

    /// What is known by now.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let state = self.lock();
        Outcome {
            tally: state
                .lanes
                .iter()
                .map(Lane::tally)
                .fold(Tally::default(), Tally::plus),
            refusals: state.refusals.clone(),
            handed: state.handed.clone(),
            acknowledged: state.acknowledged.clone(),
            received: state.received.clone(),
            acknowledged_in_time: state.acknowledged_in_time,
            received_in_time: state.received_in_time,
        }
    }

    fn record(&self, series: &mut Series, intended: Instant) {
        if let Some(begin) = self.place(intended) {
            series.record(begin, intended.elapsed());
        }
    }

    fn is_measured(&self, at: Instant) -> bool {
        self.place(at).is_some()
    }

    /// Where in what is measured.
    fn place(&self, at: Instant) -> Option<Duration> {
        let since = at.checked_duration_since(*self.measured_from.get()?)?;
        (since < self.time).then_some(since)
    }

    fn tell_answer(&self, mark: Mark) {
        if let Some(answers) = &self.answers {
            // Who has enough to do needs no more.
            let _ = answers.try_send(mark.lane);
        }
    }

    fn tell_if_settled(&self, state: &State) {
        if state.is_settled() {
            self.is_settled.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_settled(&self) -> bool {
        self.answers_due == 0 && self.deliveries_due == 0
    }
}

fn intended(all: &[Vec<Instant>], mark: Mark) -> Option<Instant> {
    all.get(mark.lane)?.get(mark.number).copied()
}
