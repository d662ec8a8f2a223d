//! What became of the requests of one connection, as plain state: which were taken in, which are
//! answered, and which wait.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use seqline_protocol::{Encoding, Payload, PollAnswer, PollRequest};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    counters::Counters,
    frames::Outgoing,
    limits::{POLL_ANSWER_BYTES_MAX, POLL_ANSWER_FRAMES_MAX, POLL_IDLE_MS},
    session::Backlog,
};

/// A request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: PollRequest,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// The body of an answer.
pub(super) type Reply = Result<Bytes, Refused>;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A number that is neither the next one nor the last one again.
    OutOfOrder,
    /// The same was asked again meanwhile.
    Overtaken,
}

/// Two directions, each with numbers of its own.
pub(super) struct Exchange {
    encoding: Encoding,
    counters: Arc<Counters>,
    /// The number of what was taken in last.
    sent: u32,
    incoming: VecDeque<Bytes>,
    /// What comes next, while what came before is not read yet.
    parked: Option<Ask>,
    /// The number of the last answer, and it itself until the next one is asked for.
    answered: u32,
    answer: Option<Bytes>,
    outgoing: VecDeque<Outgoing>,
    outgoing_bytes: usize,
    held: Option<Held>,
    idle_since: Instant,
    /// What the connection was closed with, by the relay.
    closing: Option<u16>,
    /// The client has closed it.
    is_left: bool,
}

/// Waits for something to be answered with.
struct Held {
    until: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Exchange {
    pub(super) fn new(encoding: Encoding, counters: Arc<Counters>, now: Instant) -> Self {
        Self {
            encoding,
            counters,
            sent: 0,
            incoming: VecDeque::new(),
            parked: None,
            answered: 0,
            answer: None,
            outgoing: VecDeque::new(),
            outgoing_bytes: 0,
            held: None,
            idle_since: now,
            closing: None,
            is_left: false,
        }
    }

    /// Takes in a request, which sends or asks.
    pub(super) fn take(&mut self, mut ask: Ask, now: Instant) {
        self.idle_since = now;
        if let Some(number) = ask.request.send {
            if number > self.sent.saturating_add(1) {
                return refuse(ask.reply, Refused::OutOfOrder);
            }
            if number <= self.sent {
                self.counters.poll_repeats.add(1);
            } else if !self.incoming.is_empty() {
                if let Some(before) = self.parked.replace(ask) {
                    refuse(before.reply, Refused::Overtaken);
                }
                return;
            } else {
                self.sent = number;
                let frames = std::mem::take(&mut ask.request.frames);
                self.incoming = frames.into_iter().map(|Payload(one)| one.into()).collect();
            }
        }
        self.is_left |= ask.request.close;
        match ask.request.receive {
            None => self.reply(ask.reply, &PollAnswer::default()),
            Some(number) => self.receive(number, ask, now),
        }
    }

    fn receive(&mut self, number: u32, ask: Ask, now: Instant) {
        match &self.answer {
            Some(answer) if number == self.answered => {
                self.counters.poll_repeats.add(1);
                // Whoever asked may be gone again: then it is asked for once more.
                let _ = ask.reply.send(Ok(answer.clone()));
            }
            _ if number == self.answered.saturating_add(1) => {
                self.answer = None;
                let wait_ms = ask.request.wait_ms.unwrap_or_default();
                let held = Held {
                    until: now + Duration::from_millis(wait_ms.into()),
                    reply: ask.reply,
                };
                if let Some(before) = self.held.replace(held) {
                    self.counters.poll_repeats.add(1);
                    refuse(before.reply, Refused::Overtaken);
                }
            }
            _ => refuse(ask.reply, Refused::OutOfOrder),
        }
    }

    /// What was waiting for room, once there is some.
    pub(super) fn take_parked(&mut self, now: Instant) {
        if self.incoming.is_empty()
            && let Some(ask) = self.parked.take()
        {
            self.take(ask, now);
        }
    }

    /// The next frame from the client.
    pub(super) fn next_frame(&mut self) -> Option<Bytes> {
        self.incoming.pop_front()
    }

    /// What the client has sent is of no use any more.
    pub(super) fn drop_incoming(&mut self) {
        self.incoming.clear();
    }

    /// Whether the client has closed the connection, and all is read that it sent before.
    pub(super) fn is_left(&self) -> bool {
        self.is_left && self.incoming.is_empty()
    }

    pub(super) fn queue(&mut self, frame: Outgoing) {
        self.outgoing_bytes += frame.payload.len();
        self.outgoing.push_back(frame);
    }

    pub(super) fn shrink(&mut self) {
        self.incoming.shrink_to_fit();
        self.outgoing.shrink_to_fit();
    }

    pub(super) fn close(&mut self, code: u16) {
        self.closing = Some(code);
    }

    pub(super) fn backlog(&self) -> Backlog {
        Backlog {
            frames: self.outgoing.len(),
            bytes: self.outgoing_bytes,
        }
    }

    /// Answers who waits, if there is something to answer with.
    pub(super) fn hand_out(&mut self, now: Instant) -> bool {
        let has_news = !self.outgoing.is_empty() || self.closing.is_some();
        has_news && self.answer_held(now)
    }

    /// Lets go of a request whose client is gone.
    pub(super) fn poll_abandoned(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Some(held) = &mut self.held
            && let Poll::Ready(()) = held.reply.poll_closed(cx)
        {
            self.held = None;
            self.idle_since = now;
        }
    }

    /// When [`expire`](Self::expire) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        let idle_until = self.idle_since + Duration::from_millis(POLL_IDLE_MS);
        self.held.as_ref().map_or(idle_until, |held| held.until)
    }

    /// Answers who has waited long enough. False if nobody asks any more.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        now < self.deadline() || self.answer_held(now)
    }

    /// With what there is, as far as it fits. False if nobody waits.
    fn answer_held(&mut self, now: Instant) -> bool {
        let Some(held) = self.held.take() else {
            return false;
        };
        let mut frames = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.outgoing.front()
            && frames.len() < POLL_ANSWER_FRAMES_MAX
            && (frames.is_empty() || bytes + next.payload.len() <= POLL_ANSWER_BYTES_MAX)
            && let Some(frame) = self.outgoing.pop_front()
        {
            bytes += frame.payload.len();
            frames.push(Payload(frame.payload.into()));
        }
        self.outgoing_bytes -= bytes;
        let answer = PollAnswer {
            frames,
            close: self.closing.filter(|_| self.outgoing.is_empty()),
            ..PollAnswer::default()
        };
        let body = super::encoded(self.encoding, &answer);
        self.answered += 1;
        self.answer = Some(body.clone());
        self.idle_since = now;
        // If it is gone, it asks again.
        let _ = held.reply.send(Ok(body));
        true
    }

    fn reply(&self, reply: oneshot::Sender<Reply>, answer: &PollAnswer) {
        // As above.
        let _ = reply.send(Ok(super::encoded(self.encoding, answer)));
    }
}

fn refuse(reply: oneshot::Sender<Reply>, refused: Refused) {
    // If it is gone, it need not know.
    let _ = reply.send(Err(refused));
}
