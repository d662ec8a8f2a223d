//! What was sent, and what of it arrived where: nothing may be lost, doubled or out of order.

use serde::Serialize;

/// Messages that one sender writes to one conversation are numbered from zero; this is what
/// became of them.
#[derive(Debug, Clone)]
pub struct Lane {
    messages: Vec<State>,
    receivers: Vec<Receiver>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    Acknowledged,
    Refused,
}

#[derive(Debug, Clone, Default)]
struct Receiver {
    seen: Vec<bool>,
    highest: Option<usize>,
    doubled: u64,
    out_of_order: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Messages given to clients.
    pub begun: u64,
    /// Acknowledged by the server.
    pub acknowledged: u64,
    /// Refused, or given up by the client.
    pub refused: u64,
    /// Neither by the end.
    pub unanswered: u64,
    /// Deliveries, each counted once.
    pub received: u64,
    /// Deliveries of acknowledged messages that never came.
    pub lost: u64,
    /// Deliveries that came again.
    pub doubled: u64,
    /// Deliveries that came after a later one of the same sender.
    pub out_of_order: u64,
}

impl Tally {
    /// Whether a promise was broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.lost + self.doubled + self.out_of_order > 0
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            begun: self.begun + other.begun,
            acknowledged: self.acknowledged + other.acknowledged,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
            received: self.received + other.received,
            lost: self.lost + other.lost,
            doubled: self.doubled + other.doubled,
            out_of_order: self.out_of_order + other.out_of_order,
        }
    }
}

/// What a delivery was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first of its kind.
    First,
    /// One that is counted as doubled, or was never sent.
    Other,
}

impl Lane {
    /// With so many receivers.
    #[must_use]
    pub fn new(receivers: usize) -> Self {
        Self {
            messages: Vec::new(),
            receivers: vec![Receiver::default(); receivers],
        }
    }

    /// The next message begins. Gives its number.
    pub fn begin(&mut self) -> usize {
        self.messages.push(State::Begun);
        self.messages.len() - 1
    }

    /// A message was stored. False if it is none, or was answered before.
    pub fn acknowledge(&mut self, number: usize) -> bool {
        self.settle(number, State::Acknowledged)
    }

    /// A message was refused. Gives how many receivers are not to wait for it; none if it is
    /// none, or was answered before.
    pub fn refuse(&mut self, number: usize) -> Option<usize> {
        self.settle(number, State::Refused).then(|| {
            let waiting = |receiver: &&Receiver| !receiver.has(number);
            self.receivers.iter().filter(waiting).count()
        })
    }

    /// A message came to a receiver.
    pub fn receive(&mut self, receiver: usize, number: usize) -> Arrival {
        let was_begun = number < self.messages.len();
        let Some(receiver) = self.receivers.get_mut(receiver) else {
            return Arrival::Other;
        };
        if !was_begun || receiver.has(number) {
            receiver.doubled += 1;
            return Arrival::Other;
        }
        if receiver.highest.is_some_and(|highest| number < highest) {
            receiver.out_of_order += 1;
        }
        receiver.highest = receiver.highest.max(Some(number));
        if receiver.seen.len() <= number {
            receiver.seen.resize(number + 1, false);
        }
        if let Some(seen) = receiver.seen.get_mut(number) {
            *seen = true;
        }
        Arrival::First
    }

    /// How it stands.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let count = |state| self.messages.iter().filter(|one| **one == state).count() as u64;
        let mut tally = Tally {
            begun: self.messages.len() as u64,
            acknowledged: count(State::Acknowledged),
            refused: count(State::Refused),
            unanswered: count(State::Begun),
            ..Tally::default()
        };
        for receiver in &self.receivers {
            tally.received += receiver.seen.iter().filter(|seen| **seen).count() as u64;
            tally.doubled += receiver.doubled;
            tally.out_of_order += receiver.out_of_order;
            let lost = |(number, state): &(usize, &State)| {
                **state == State::Acknowledged && !receiver.has(*number)
            };
            tally.lost += self.messages.iter().enumerate().filter(lost).count() as u64;
        }
        tally
    }

    fn settle(&mut self, number: usize, to: State) -> bool {
        match self.messages.get_mut(number) {
            Some(state) if *state == State::Begun => {
                *state = to;
                true
            }
            _ => false,
        }
    }
}

impl Receiver {
    fn has(&self, number: usize) -> bool {
        self.seen.get(number).copied().unwrap_or_default()
    }
}
