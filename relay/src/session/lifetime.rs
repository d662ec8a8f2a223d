//! When a session ends by itself: no `hello`, no sign of life, or an expired token.

use std::time::Duration;

use seqline_protocol::{ErrorCode, Heartbeat, Micros};

use super::{About, Phase, Session};
use crate::{
    clock::Now,
    limits::{
        BACKGROUND_PATIENCE_MS, HELLO_WAIT_MS, PATIENCE_MARGIN_MS, PATIENCE_SECOND_INTERVAL_MS_MAX,
    },
};

/// What the session's end is reckoned from.
pub(super) struct Lifetime {
    heartbeat: Heartbeat,
    started: Duration,
    heard: Duration,
    is_background: bool,
    /// What the client said to ping after, if it is not what it was told.
    own_interval_ms: Option<u32>,
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
            own_interval_ms: None,
            is_paused: false,
            token_expiry: Micros::ZERO,
        }
    }

    pub(super) fn heartbeat(&self) -> Heartbeat {
        self.heartbeat
    }

    pub(super) fn keep_heartbeat(&mut self) {
        self.heartbeat.bounds = None;
    }

    pub(super) fn heard(&mut self, now: Now) {
        self.heard = now.uptime;
    }

    pub(super) fn set_state(&mut self, is_background: bool, interval_ms: Option<u32>) {
        self.is_background = is_background;
        self.own_interval_ms = interval_ms;
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
        let interval_ms = u64::from(self.interval_ms());
        let patience_ms =
            interval_ms + interval_ms.min(PATIENCE_SECOND_INTERVAL_MS_MAX) + PATIENCE_MARGIN_MS;
        Duration::from_millis(if self.is_background {
            patience_ms.max(BACKGROUND_PATIENCE_MS)
        } else {
            patience_ms
        })
    }

    /// After how much silence the client pings. Nobody is given more time than agreed.
    fn interval_ms(&self) -> u32 {
        let Heartbeat {
            interval_ms,
            background_interval_ms,
            bounds,
        } = self.heartbeat;
        let start_ms = if self.is_background {
            background_interval_ms
        } else {
            interval_ms
        };
        match (self.own_interval_ms, bounds) {
            (Some(own_ms), Some(bounds)) => own_ms.min(if self.is_background {
                bounds.background_interval_ms_max
            } else {
                bounds.interval_ms_max
            }),
            _ => start_ms,
        }
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
                let login = self.login_left(now);
                [patience, login].into_iter().flatten().chain([token]).min()
            }
            Phase::InLine(..) | Phase::Opening(..) | Phase::Closed => None,
        }
    }

    pub(super) fn check_lifetime(&mut self, now: Now) {
        let is_over = |left: Duration| left.is_zero();
        if self.login_left(now).is_some_and(is_over) {
            self.login = None;
        }
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

    fn login_left(&self, now: Now) -> Option<Duration> {
        let gives_way = self.login.as_ref()?.gives_way?;
        Some(gives_way.saturating_sub(now.uptime))
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

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.gate.is_empty()
            && self.in_flight.is_empty()
            && self.calls == 0
            && self.reads.is_empty()
    }
}
