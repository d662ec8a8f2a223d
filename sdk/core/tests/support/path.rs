//! A device on a network that forgets silent connections, with a relay behind it, in
//! virtual time.

use std::collections::VecDeque;

use seqline_core::{ConnId, Input, NetworkKind, Stats};
use seqline_protocol::{ClientFrame, Heartbeat, Micros, RelayFrame};

use super::{Device, page, push, welcome};

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
const ROUND_TRIP_MS: u64 = 80;

/// What happens to a connection that is silent for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgets {
    /// Whatever is written vanishes.
    Silently,
    /// Whoever writes is told that there is no such connection.
    WithReset,
    /// Both sides are closed at once, without a close frame: a proxy.
    AtOnce,
}

/// What is between the device and the relay.
#[derive(Debug, Clone, Copy)]
pub struct Middle {
    pub timeout_ms: u64,
    pub forgets: Forgets,
}

pub struct Line {
    pub device: Device,
    pub middle: Middle,
    /// Nothing gets through, and no connection is made.
    pub is_away: bool,
    /// Timers fire at full minutes only.
    pub is_throttled: bool,
    pub heartbeat: Heartbeat,
    pub pings: usize,
    /// When each connection was lost.
    pub losses: Vec<u64>,
    /// From a message that got lost in the middle to the next connection, at most.
    pub blind_ms_max: u64,
    conn: Option<ConnId>,
    passed_ms: u64,
    is_forgotten: bool,
    blind_since: Option<u64>,
    answers: VecDeque<(u64, RelayFrame)>,
    /// What the relay knows, and when it heard something.
    told: (bool, Option<u32>),
    heard_ms: u64,
    last_seq: u64,
}

impl Line {
    pub fn new(timeout_ms: u64, forgets: Forgets) -> Self {
        let middle = Middle {
            timeout_ms,
            forgets,
        };
        Self::with(Device::new(), middle)
    }

    fn with(device: Device, middle: Middle) -> Self {
        let mut line = Self {
            device,
            middle,
            is_away: false,
            is_throttled: false,
            heartbeat: Heartbeat::default(),
            pings: 0,
            losses: Vec::new(),
            blind_ms_max: 0,
            conn: None,
            passed_ms: 0,
            is_forgotten: false,
            blind_since: None,
            answers: VecDeque::new(),
            told: (false, None),
            heard_ms: 0,
            last_seq: 0,
        };
        line.device.feed(Input::Connect);
        line.settle();
        line
    }

    /// The same device after its process ended.
    pub fn restarted(self) -> Self {
        Self::with(self.device.restarted(), self.middle)
    }

    pub fn stats(&self) -> Stats {
        self.device.session.stats()
    }

    pub fn now_ms(&self) -> u64 {
        self.device.now.mono_ms
    }

    pub fn background(&mut self, background: bool) {
        self.device.feed(Input::Background(background));
        self.settle();
    }

    /// The device is on this network now; its old connection is dead.
    pub fn network(&mut self, kind: NetworkKind, timeout_ms: u64) {
        self.is_forgotten = true;
        self.middle.timeout_ms = timeout_ms;
        self.device.feed(Input::Network(kind));
        self.settle();
    }

    /// The process is stopped for so long.
    pub fn suspend(&mut self, ms: u64) {
        self.device.sleep(ms);
        self.device.feed(Input::Timeout);
        self.settle();
    }

    /// Quiet time.
    pub fn quiet(&mut self, ms: u64) {
        self.pass(ms, None);
    }

    /// Time with a message from someone every so often.
    pub fn chat(&mut self, ms: u64, every_ms: u64) {
        self.pass(ms, Some(every_ms));
    }

    fn pass(&mut self, ms: u64, every_ms: Option<u64>) {
        let until_ms = self.now_ms() + ms;
        let mut message_at = every_ms.map(|every_ms| self.now_ms() + every_ms);
        self.settle();
        loop {
            let wake_at = self.device.wake_at.map(|at_ms| {
                if self.is_throttled {
                    at_ms.next_multiple_of(MINUTE)
                } else {
                    at_ms
                }
            });
            let answer_at = self.answers.front().map(|(at_ms, _)| *at_ms);
            let closes_at = self.closes_at();
            let moments = [wake_at, answer_at, closes_at, message_at];
            let next = moments.into_iter().flatten().min();
            let Some(at_ms) = next.filter(|at_ms| *at_ms <= until_ms) else {
                break;
            };
            let at_ms = at_ms.max(self.now_ms());
            self.device.sleep(at_ms - self.now_ms());
            if answer_at == next {
                self.answer_arrives();
            } else if closes_at == next {
                self.lose_socket();
            } else if message_at == next {
                message_at = every_ms.map(|every_ms| at_ms + every_ms);
                self.relay_pushes();
            } else {
                self.device.wake_at = None;
                self.device.feed(Input::Timeout);
            }
            self.settle();
        }
        self.device.sleep(until_ms - self.now_ms());
    }

    fn closes_at(&self) -> Option<u64> {
        (self.conn.is_some() && self.middle.forgets == Forgets::AtOnce && !self.is_forgotten)
            .then_some(self.passed_ms + self.middle.timeout_ms)
    }

    /// Something is on its way through the middle. Gives false if it does not get through.
    fn passes(&mut self) -> bool {
        self.is_forgotten |= self.now_ms() - self.passed_ms >= self.middle.timeout_ms;
        let passes = !self.is_forgotten && !self.is_away;
        if passes {
            self.passed_ms = self.now_ms();
        }
        passes
    }

    /// Makes connections, and takes to the relay what was written.
    fn settle(&mut self) {
        loop {
            if self.device.conn != self.conn {
                if self.conn.take().is_some() {
                    self.losses.push(self.now_ms());
                    self.answers.clear();
                }
                if self.device.conn.is_none() || self.is_away {
                    self.device.frames();
                    return;
                }
                self.open();
            }
            let frames = self.device.frames();
            if frames.is_empty() {
                return;
            }
            for frame in frames {
                self.takes(&frame);
            }
        }
    }

    fn open(&mut self) {
        self.conn = self.device.conn;
        self.passed_ms = self.now_ms();
        self.heard_ms = self.now_ms();
        self.is_forgotten = false;
        if let Some(since) = self.blind_since.take() {
            self.blind_ms_max = self.blind_ms_max.max(self.now_ms() - since);
        }
        self.device.open_socket();
        for frame in self.device.frames() {
            if let ClientFrame::Hello(hello) = frame {
                self.told = (hello.background, None);
            }
        }
        let mut welcome = welcome(self.last_seq, self.last_seq);
        welcome.heartbeat = self.heartbeat;
        // Tokens are another matter.
        welcome.token_expires_us = Micros::saturating(u64::MAX);
        self.device.relay_says(&RelayFrame::Welcome(welcome));
        self.device.take();
    }

    fn takes(&mut self, frame: &ClientFrame) {
        if matches!(frame, ClientFrame::Ping { .. }) {
            self.pings += 1;
        }
        if !self.passes() {
            if self.middle.forgets == Forgets::WithReset && self.device.conn.is_some() {
                self.lose_socket();
            }
            return;
        }
        let silence_ms = self.now_ms() - self.heard_ms;
        let is_punctual = !self.is_throttled;
        assert!(
            silence_ms < self.patience_ms() || !is_punctual,
            "the relay gave up after {silence_ms} ms"
        );
        self.heard_ms = self.now_ms();
        match frame {
            ClientFrame::Ping { nonce } => self.answer(RelayFrame::Pong {
                nonce: *nonce,
                now_us: Micros::saturating(1),
            }),
            ClientFrame::Pull { req, .. } => self.answer(page(*req, [], self.last_seq)),
            ClientFrame::State {
                background,
                interval_ms,
            } => self.told = (*background, *interval_ms),
            _ => {}
        }
    }

    /// As `docs/protocol.md` has it.
    fn patience_ms(&self) -> u64 {
        let (background, own_ms) = self.told;
        let given_ms = if background {
            self.heartbeat.background_interval_ms
        } else {
            self.heartbeat.interval_ms
        };
        let interval_ms = u64::from(own_ms.unwrap_or(given_ms));
        let patience_ms = interval_ms + interval_ms.min(60 * SECOND) + 10 * SECOND;
        if background {
            patience_ms.max(180 * SECOND)
        } else {
            patience_ms
        }
    }

    fn answer(&mut self, frame: RelayFrame) {
        let at_ms = self.now_ms() + ROUND_TRIP_MS;
        self.answers.push_back((at_ms, frame));
    }

    fn answer_arrives(&mut self) {
        if let Some((_, frame)) = self.answers.pop_front()
            && self.passes()
        {
            self.device.relay_says(&frame);
        }
    }

    fn relay_pushes(&mut self) {
        self.last_seq += 1;
        if self.conn.is_none() {
            return;
        }
        if self.passes() {
            self.device.relay_says(&push([self.last_seq]));
            self.device.take();
        } else {
            self.blind_since.get_or_insert(self.device.now.mono_ms);
        }
    }

    fn lose_socket(&mut self) {
        self.conn = None;
        self.losses.push(self.now_ms());
        self.answers.clear();
        self.device.lose_socket(None);
    }
}
