//! When a session ends by itself: no `hello`, no sign of life, or an expired token.

use std::time::Duration;

use seqline_protocol::{ErrorCode, Heartbeat, Micros};

use super::{About, Phase, Session};
use crate::{
    clock::Now,
    limits::{BACKGROUND_PATIENCE_MS, HELLO_WAIT_MS, PATIENCE_MARGIN_MS},
};

/// What the session's end is reckoned from.
pub(super) struct Lifetime {
    heartbeat: Heartbeat,
    started: Duration,
    heard: Duration,
    is_background: bool,
    /// While the client waits for the relay, its silence counts for nothing.
    is_paused: bool,
    token_expiry: Micros,
}

impl Lifetime {
    pub(super) fn start(heartbeat: Heartbeat, now: Now) -> Self {
        Self {
            heartbeat,
            started: now.uptime,
            heard: now.uptime,
            is_background: false,
            is_paused: false,
            token_expiry: Micros::ZERO,
        }
    }

    pub(super) fn heard(&mut self, now: Now) {
        self.heard = now.uptime;
    }

    pub(super) fn set_background(&mut self, is_background: bool) {
        self.is_background = is_background;
    }

    pub(super) fn token_expiry(&self) -> Micros {
        self.token_expiry
    }

    pub(super) fn set_token_expiry(&mut self, at: Micros) {
        self.token_expiry = at;
    }

    pub(super) fn pause_while(&mut self, is_paused: bool, now: Now) {
        if self.is_paused && !is_paused {
            self.heard = now.uptime;
        }
        self.is_paused = is_paused;
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(if self.is_background {
            BACKGROUND_PATIENCE_MS
        } else {
            2 * u64::from(self.heartbeat.interval_ms) + PATIENCE_MARGIN_MS
        })
    }

    fn hello_left(&self, now: Now) -> Duration {
        (self.started + Duration::from_millis(HELLO_WAIT_MS)).saturating_sub(now.uptime)
    }

    fn patience_left(&self, now: Now) -> Option<Duration> {
        (!self.is_paused).then(|| (self.heard + self.patience()).saturating_sub(now.uptime))
    }

    fn token_left(&self, now: Now) -> Duration {
        Duration::from_micros(self.token_expiry.get().saturating_sub(now.wall.get()))
    }
}

impl Session {
    /// How long until a [`Tick`](super::Event::Tick) has something to do; none if never.
    #[must_use]
    pub fn wait(&self, now: Now) -> Option<Duration> {
        match self.phase {
            Phase::Greeting => Some(self.lifetime.hello_left(now)),
            Phase::Open(_) | Phase::Draining(_) => {
                let token = self.lifetime.token_left(now);
                let patience = self.lifetime.patience_left(now);
                Some(patience.map_or(token, |patience| patience.min(token)))
            }
            Phase::Opening(..) | Phase::Closed => None,
        }
    }

    pub(super) fn check_lifetime(&mut self, now: Now) {
        let is_over = |left: Duration| left.is_zero();
        match self.phase {
            Phase::Greeting if is_over(self.lifetime.hello_left(now)) => {
                let text = format!("no `hello` within {} s", HELLO_WAIT_MS / 1000);
                self.refuse(ErrorCode::HelloTimeout, &text, About::default());
            }
            Phase::Open(_) | Phase::Draining(_) => {
                if is_over(self.lifetime.token_left(now)) {
                    let text = "the token has expired; connect again with a fresh one, \
                                or send `refresh` before it expires";
                    self.refuse(ErrorCode::TokenExpired, text, About::default());
                } else if self.lifetime.patience_left(now).is_some_and(is_over) {
                    let text = "nothing was heard for longer than agreed";
                    self.refuse(ErrorCode::HeartbeatTimeout, text, About::default());
                }
            }
            _ => {}
        }
    }

    /// Whether silence now is the client's: not while the relay holds its frames back.
    pub(super) fn is_waiting_for_client(&self) -> bool {
        self.has_room()
    }

    pub(super) fn drain(&mut self) {
        match &self.phase {
            Phase::Open(account) => self.phase = Phase::Draining(account.clone()),
            Phase::Draining(_) => {}
            _ => self.close(ErrorCode::Draining),
        }
    }

    pub(super) fn is_idle_draining(&self) -> bool {
        matches!(self.phase, Phase::Draining(_))
            && self.gate.is_empty()
            && self.in_flight.is_empty()
            && self.calls == 0
            && self.reads.is_empty()
    }
}
