//! When to connect, with which token, and when to give up.
//!
//! ```text
//!            connect                token              opened               welcome
//!  Stopped ──────────▶ WantsToken ─────────▶ Opening ──────────▶ Greeting ──────────▶ Open
//!     ▲                    ▲                    │ closed, late       │ closed, late     │ closed
//!     │ disconnect, kick,  │ time, online,      ▼                    ▼                  ▼
//!     └── refusal          └────────────────  Waiting  ◀──────────────────────────────────
//! ```

use std::collections::VecDeque;

use seqline_protocol::{ErrorCode, Micros, Secret};

use crate::{
    backoff::Backoff,
    config::Config,
    event::{ConnectionState, DisconnectReason, Event},
    failure::{Failure, FailureCode},
    input::ConnId,
    output::{Output, TokenReason},
};

/// Asked for this long before a token expires, or after four fifths of a short life.
const REFRESH_BEFORE_MS: u64 = 60_000;
/// Fresh tokens that the relay may call expired before there is no point in fetching another.
const EXPIRED_TOKENS_MAX: u32 = 2;

/// The way to a connection.
#[derive(Debug)]
pub(crate) struct Link {
    phase: Phase,
    token: Option<Secret>,
    expired_tokens: u32,
    /// When to ask for the token that follows the open session's, and when that one expires.
    refresh_at_ms: Option<u64>,
    token_expires: Micros,
    backoff: Backoff,
    last_conn: u32,
    online: bool,
    /// The relay's last word on this connection that a close code may repeat.
    refusal: Option<(ErrorCode, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Stopped(DisconnectReason),
    WantsToken,
    Opening { conn: ConnId, until_ms: u64 },
    Greeting { conn: ConnId, until_ms: u64 },
    Open { conn: ConnId, since_ms: u64 },
    Waiting { until_ms: u64 },
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Stopped(DisconnectReason::Initial),
            token: None,
            expired_tokens: 0,
            refresh_at_ms: None,
            token_expires: Micros::ZERO,
            backoff: Backoff::default(),
            last_conn: 0,
            online: true,
            refusal: None,
        }
    }

    /// The connection that is open and welcomed.
    pub(crate) fn open_conn(&self) -> Option<ConnId> {
        match self.phase {
            Phase::Open { conn, .. } => Some(conn),
            _ => None,
        }
    }

    /// The connection that frames are expected on.
    pub(crate) fn is_current(&self, conn: ConnId) -> bool {
        self.conn() == Some(conn)
    }

    pub(crate) fn is_greeting(&self) -> bool {
        matches!(self.phase, Phase::Greeting { .. })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped(_))
    }

    /// The app wants a connection. Does nothing if one is there or under way, other than
    /// to cut a wait short.
    pub(crate) fn connect(&mut self, config: &Config, outputs: &mut VecDeque<Output>, now_ms: u64) {
        match self.phase {
            Phase::Stopped(_) => {
                self.backoff = Backoff::default();
                self.expired_tokens = 0;
                self.token = None;
                self.attempt(config, outputs, now_ms);
            }
            Phase::Waiting { .. } => self.attempt(config, outputs, now_ms),
            _ => {}
        }
    }

    /// Stops for good; only `connect` starts again.
    pub(crate) fn stop(
        &mut self,
        reason: DisconnectReason,
        code: u16,
        outputs: &mut VecDeque<Output>,
    ) {
        if let Some(conn) = self.conn() {
            outputs.push_back(Output::Close {
                conn,
                code,
                reason: "client stops",
            });
        }
        if self.phase != Phase::Stopped(reason) {
            self.phase = Phase::Stopped(reason);
            outputs.push_back(Output::Emit(Event::State(ConnectionState::Disconnected {
                reason,
            })));
        }
        self.refresh_at_ms = None;
    }

    /// A token came. Gives it back if the open session wants it for a refresh.
    pub(crate) fn token(
        &mut self,
        token: Secret,
        config: &Config,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) -> Option<Secret> {
        match self.phase {
            Phase::WantsToken => {
                self.token = Some(token);
                self.open(config, outputs, now_ms);
                None
            }
            Phase::Open { .. } => {
                self.token = Some(token.clone());
                Some(token)
            }
            _ => None,
        }
    }

    /// There is no token at the moment.
    pub(crate) fn token_failed(
        &mut self,
        message: String,
        config: &Config,
        rng: &mut fastrand::Rng,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) {
        let failure = Failure::new(FailureCode::TokenUnavailable, message);
        outputs.push_back(Output::Emit(Event::Error(failure)));
        if self.phase == Phase::WantsToken {
            self.wait(config, rng, outputs, now_ms);
        }
    }

    /// The socket is open. Gives the token to greet with.
    pub(crate) fn opened(&mut self, conn: ConnId) -> Option<Secret> {
        match self.phase {
            Phase::Opening {
                conn: current,
                until_ms,
            } if current == conn => {
                self.phase = Phase::Greeting { conn, until_ms };
                self.token.clone()
            }
            _ => None,
        }
    }

    /// The relay welcomed the device.
    pub(crate) fn welcomed(&mut self, expires: Micros, relay_now: Micros, now_ms: u64) {
        if let Phase::Greeting { conn, .. } = self.phase {
            self.phase = Phase::Open {
                conn,
                since_ms: now_ms,
            };
            self.expired_tokens = 0;
            self.token_expires = Micros::ZERO;
            self.token_lives_until(expires, relay_now, now_ms);
        }
    }

    /// The session's token expires then. A refresh that gave no later one is not repeated.
    pub(crate) fn token_lives_until(&mut self, expires: Micros, relay_now: Micros, now_ms: u64) {
        let left_ms = expires.get().saturating_sub(relay_now.get()) / 1_000;
        self.refresh_at_ms = (expires > self.token_expires).then(|| {
            now_ms
                + left_ms
                    .saturating_sub(REFRESH_BEFORE_MS)
                    .max(left_ms * 4 / 5)
        });
        self.token_expires = expires;
    }

    /// The relay wants no connection earlier, if it names a time.
    pub(crate) fn hold_off(&mut self, retry_after_ms: u64) {
        if retry_after_ms > 0 {
            self.backoff.ask(retry_after_ms, retry_after_ms / 2);
        }
    }

    /// The relay refused something; a close may follow.
    pub(crate) fn refused(&mut self, code: ErrorCode, message: String, retry_after_ms: u64) {
        self.hold_off(retry_after_ms);
        self.refusal = Some((code, message));
    }

    /// The relay is about to stop.
    pub(crate) fn goaway(&mut self, after_ms: u64, window_ms: u64) {
        self.backoff.ask(after_ms, window_ms);
    }

    /// The present connection is gone, or has to go.
    pub(crate) fn lost(
        &mut self,
        code: Option<u16>,
        config: &Config,
        rng: &mut fastrand::Rng,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) {
        if let Phase::Open { since_ms, .. } = self.phase
            && now_ms.saturating_sub(since_ms) >= config.stable_after_ms
        {
            self.backoff.reset();
        }
        // Whatever follows, this socket is not ours to close any more.
        self.phase = Phase::Waiting { until_ms: now_ms };
        self.refresh_at_ms = None;
        let said = self.refusal.take();
        let code = code
            .and_then(ErrorCode::from_close_code)
            .or(said.as_ref().map(|(code, _)| *code));
        match code {
            Some(ErrorCode::TokenExpired) => {
                self.token = None;
                self.expired_tokens += 1;
                if self.expired_tokens > EXPIRED_TOKENS_MAX {
                    return self.give_up(ErrorCode::TokenExpired, said, outputs);
                }
            }
            Some(
                code @ (ErrorCode::TokenInvalid
                | ErrorCode::ScopeForbidden
                | ErrorCode::VersionUnsupported),
            ) => return self.give_up(code, said, outputs),
            Some(ErrorCode::Kicked) => {
                // The kick frame itself was lost; its meaning is in the code.
                return self.stop(DisconnectReason::Kicked, 1000, outputs);
            }
            _ => {}
        }
        self.wait(config, rng, outputs, now_ms);
    }

    /// The network went or came back.
    pub(crate) fn set_online(
        &mut self,
        online: bool,
        config: &Config,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) {
        let came_back = online && !self.online;
        self.online = online;
        if came_back {
            self.hurry(config, outputs, now_ms);
        }
    }

    /// Someone is looking, or the network is back: don't sit out a wait.
    pub(crate) fn hurry(&mut self, config: &Config, outputs: &mut VecDeque<Output>, now_ms: u64) {
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.attempt(config, outputs, now_ms);
        }
    }

    /// Does what is due. Gives true if the present connection took too long to open.
    pub(crate) fn poll(
        &mut self,
        config: &Config,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) -> bool {
        match self.phase {
            Phase::Waiting { until_ms } if until_ms <= now_ms => {
                self.attempt(config, outputs, now_ms);
                false
            }
            Phase::Opening { until_ms, .. } | Phase::Greeting { until_ms, .. } => {
                until_ms <= now_ms
            }
            Phase::Open { .. } if self.refresh_at_ms.is_some_and(|at_ms| at_ms <= now_ms) => {
                self.refresh_at_ms = None;
                outputs.push_back(Output::FetchToken(TokenReason::Refresh));
                false
            }
            _ => false,
        }
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        match self.phase {
            Phase::Stopped(_) | Phase::WantsToken => None,
            Phase::Opening { until_ms, .. }
            | Phase::Greeting { until_ms, .. }
            | Phase::Waiting { until_ms } => Some(until_ms),
            Phase::Open { .. } => self.refresh_at_ms,
        }
    }

    /// The connection that is open or being opened.
    pub(crate) fn conn(&self) -> Option<ConnId> {
        match self.phase {
            Phase::Opening { conn, .. }
            | Phase::Greeting { conn, .. }
            | Phase::Open { conn, .. } => Some(conn),
            _ => None,
        }
    }

    /// With the token that served before, or with a new one.
    fn attempt(&mut self, config: &Config, outputs: &mut VecDeque<Output>, now_ms: u64) {
        self.tell_connecting(0, outputs);
        if self.token.is_some() {
            return self.open(config, outputs, now_ms);
        }
        self.phase = Phase::WantsToken;
        let reason = if self.expired_tokens > 0 {
            TokenReason::Expired
        } else {
            TokenReason::Connect
        };
        outputs.push_back(Output::FetchToken(reason));
    }

    fn open(&mut self, config: &Config, outputs: &mut VecDeque<Output>, now_ms: u64) {
        self.last_conn = self.last_conn.wrapping_add(1);
        let conn = ConnId(self.last_conn);
        self.refusal = None;
        self.phase = Phase::Opening {
            conn,
            until_ms: now_ms + config.connect_timeout_ms,
        };
        outputs.push_back(Output::Connect(conn));
    }

    fn wait(
        &mut self,
        config: &Config,
        rng: &mut fastrand::Rng,
        outputs: &mut VecDeque<Output>,
        now_ms: u64,
    ) {
        let mut delay_ms = self.backoff.next_delay_ms(config, rng);
        if !self.online {
            // Browsers call a machine offline that reaches its own loopback: wait for the
            // network, but not for ever.
            delay_ms = delay_ms.max(config.backoff_max_ms);
        }
        self.phase = Phase::Waiting {
            until_ms: now_ms + delay_ms,
        };
        self.tell_connecting(delay_ms, outputs);
    }

    fn give_up(
        &mut self,
        code: ErrorCode,
        said: Option<(ErrorCode, String)>,
        outputs: &mut VecDeque<Output>,
    ) {
        let message =
            said.map_or_else(|| "the relay refused the connection".to_owned(), |(_, m)| m);
        let failure = Failure::new(FailureCode::Relay(code), message);
        outputs.push_back(Output::Emit(Event::Error(failure)));
        self.stop(DisconnectReason::Refused, 1000, outputs);
    }

    fn tell_connecting(&self, retry_in_ms: u64, outputs: &mut VecDeque<Output>) {
        outputs.push_back(Output::Emit(Event::State(ConnectionState::Connecting {
            attempt: self.backoff.failures(),
            retry_in_ms,
            offline: !self.online,
        })));
    }
}
