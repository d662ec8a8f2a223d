//! One connection's logic as plain state: events in, effects out; no socket, no clock,
//! no task. The socket task (`http::socket`) causes the effects, and the tests turn
//! virtual time.
//!
//! ```text
//! Greeting ──hello──▶ InLine ──its turn──▶ Opening ──position read──▶ Open ──drain──▶ Draining
//!     └──────────────────┴───────────────────┴──────────────────────┴──────────────────┴──▶ Closed
//! ```
//!
//! The contract: feed one [`Event`], then take [`Effect`]s until there is none;
//! read from the socket only while [`Session::wants_input`], and feed
//! [`Event::Tick`] once [`Session::wait`] has passed.

mod allowance;
mod calls;
mod crowds;
mod delivery;
mod device_policy;
mod ephemeral;
mod event;
mod feed;
mod greeting;
mod input;
mod lifetime;
mod news;
mod reads;
mod refusals;
mod sends;
mod writes;

use std::{collections::VecDeque, net::IpAddr, sync::Arc, time::Duration};

use seqline_protocol::{
    DeviceId, Encoding, Epoch, ErrorCode, Heartbeat, Hello, KickReason, Label, PubSeq, RelayFrame,
    ServerLimits, limits::SEND_WINDOW,
};

use self::{
    allowance::Allowance, crowds::Crowds, delivery::Delivery, feed::Feed, lifetime::Lifetime,
    reads::Reads, refusals::About, sends::Gate, writes::InFlight,
};
pub use self::{
    device_policy::DevicePolicy,
    event::{Answer, Effect, Event, Observation, Query},
};
use crate::{
    account::Account,
    admission::Admitted,
    auth::Keyring,
    broadcasts::{PublicMailbox, Viewer, wave::WaveNotice},
    check::Check,
    clock::Now,
    frames::Outgoing,
    limits::CALLS_PENDING_MAX,
    store::{self, SessionNumber, StoreError},
    traffic::Traffic,
};

/// What all sessions go by.
pub struct SessionRules {
    /// Who may come in.
    pub keyring: Keyring,
    /// How signs of life are exchanged.
    pub heartbeat: Heartbeat,
    /// What is announced in `welcome`.
    pub limits: ServerLimits,
    /// Which of a user's devices may be connected at the same time.
    pub devices: DevicePolicy,
    /// What is merged into pulls.
    pub public: Arc<PublicMailbox>,
    /// What addresses, users and connections may cost.
    pub traffic: Arc<Traffic>,
    /// Whether other relays write to the same database: then a pull always looks there, and
    /// sessions have numbers.
    pub is_shared: bool,
}

/// One connection.
pub struct Session {
    rules: Arc<SessionRules>,
    /// Its name, for logs and support.
    id: String,
    phase: Phase,
    /// As whom she looks into the public mailbox, once that is known.
    viewer: Option<Arc<Viewer>>,
    /// Its place among the log-ins that are under way, until the database has noted it.
    login: Option<Login>,
    /// Once it is open, if it has a number.
    device: Option<DeviceId>,
    /// Which session of its device it is, where relays share the database.
    number: Option<SessionNumber>,
    /// Why it has none, where it should: it can read, and sends nothing.
    unnumbered: Option<StoreError>,
    encoding: Encoding,
    allowance: Allowance,
    lifetime: Lifetime,
    epoch: Epoch,
    feed: Feed,
    crowds: Crowds,
    delivery: Delivery,
    reads: Reads,
    gate: Gate,
    in_flight: VecDeque<InFlight>,
    awaited: usize,
    /// What storage did not take note of, until it takes something.
    unnoted: Option<Box<store::Device>>,
    /// Calls and the like that are under way, beside everything else.
    calls: usize,
    /// How far the device's last pull brought it in the public mailbox.
    public_at: PubSeq,
    /// Of the wave that told this session last, until the device has what it is about.
    wave: Option<Arc<WaveNotice>>,
    outgoing: Backlog,
    effects: VecDeque<Effect>,
}

enum Phase {
    /// Waits for `hello`.
    Greeting,
    /// Waits for its turn.
    InLine(Box<Opening>, Arc<Account>),
    /// Waits for the position.
    Opening(Box<Opening>, Arc<Account>),
    Open(Arc<Account>),
    /// Finishes what is under way.
    Draining(Arc<Account>),
    Closed,
}

/// What a session opens with.
#[derive(Clone)]
struct Opening {
    hello: Hello,
    platform: Label,
    /// Whether the user's crowds are followed, so that what is read from now on is all.
    is_following: bool,
    /// When it said hello, by the relay's uptime.
    greeted: Duration,
}

/// A log-in that is under way.
struct Login {
    /// Held, not read.
    _place: Admitted,
    /// Then it makes way for the next one; not before it is welcomed.
    gives_way: Option<Duration>,
}

/// What waits for the socket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backlog {
    /// Frames.
    pub frames: usize,
    /// Their bytes.
    pub bytes: usize,
}

impl Backlog {
    fn is_slow(self) -> bool {
        self.frames > crate::limits::OUTGOING_FRAMES_MAX
            || self.bytes > crate::limits::OUTGOING_BYTES_MAX
    }
}

impl Session {
    /// A connection that was just made. Where there is a check, it is asked about each
    /// message before it is stored.
    #[must_use]
    pub fn new(
        rules: Arc<SessionRules>,
        check: Option<Arc<dyn Check>>,
        id: String,
        now: Now,
    ) -> Self {
        Self {
            allowance: Allowance::new(rules.traffic.frames()),
            lifetime: Lifetime::start(rules.heartbeat, now),
            rules,
            id,
            phase: Phase::Greeting,
            viewer: None,
            login: None,
            device: None,
            number: None,
            unnumbered: None,
            encoding: Encoding::Text,
            epoch: Epoch::ZERO,
            feed: Feed::closed(),
            crowds: Crowds::default(),
            delivery: Delivery::default(),
            reads: Reads::default(),
            gate: Gate::new(check),
            in_flight: VecDeque::new(),
            awaited: 0,
            unnoted: None,
            calls: 0,
            public_at: PubSeq::ZERO,
            wave: None,
            outgoing: Backlog::default(),
            effects: VecDeque::new(),
        }
    }

    /// The client is to keep to the intervals it is given: there is nothing to learn from
    /// silences here. To be called before anything else.
    pub fn keep_heartbeat(&mut self) {
        self.lifetime.keep_heartbeat();
    }

    /// Says where it came from. To be called before anything else.
    pub fn came_from(&mut self, address: Option<IpAddr>) {
        self.allowance.address = address;
    }

    /// Its name, for logs and support.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its number, where relays share a database, once it has one.
    #[must_use]
    pub fn number(&self) -> Option<SessionNumber> {
        self.number
    }

    /// Whose it is, once that is known.
    #[must_use]
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.phase {
            Phase::InLine(_, account)
            | Phase::Opening(_, account)
            | Phase::Open(account)
            | Phase::Draining(account) => Some(account),
            Phase::Greeting | Phase::Closed => None,
        }
    }

    /// Whether a frame may be read from the socket now.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        match self.phase {
            Phase::Greeting => true,
            Phase::Open(_) => {
                !self.allowance.is_spent() && self.has_room() && !self.outgoing.is_slow()
            }
            Phase::InLine(..) | Phase::Opening(..) | Phase::Draining(_) | Phase::Closed => false,
        }
    }

    /// Whether it waits for its turn to log in: nothing is taken in, and who hangs up is to be
    /// noticed all the same.
    #[must_use]
    pub fn is_in_line(&self) -> bool {
        matches!(self.phase, Phase::InLine(..))
    }

    /// Whether more may come of what is answered later.
    fn has_room(&self) -> bool {
        self.awaited < SEND_WINDOW && self.calls < CALLS_PENDING_MAX && self.reads.has_room()
    }

    /// Says what waits for the socket. To be called before an event is fed, and before
    /// [`wants_input`](Self::wants_input) is asked.
    pub fn set_backlog(&mut self, outgoing: Backlog) {
        self.outgoing = outgoing;
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Now, event: Event) {
        if matches!(self.phase, Phase::Closed) {
            return;
        }
        match event {
            Event::Frame { encoding, payload } => self.handle_payload(now, encoding, &payload),
            Event::Control => drop(self.spend_frame(now)),
            Event::Crowded => self.refuse_for(self.rules.traffic.crowded(), About::default()),
            Event::Unreadable(error) => self.refuse_frame(&error),
            Event::Admitted(admitted) => self.handle_turn(admitted),
            Event::Numbered(number) => self.handle_number(now, number),
            Event::Opened(position) => self.handle_position(now, position),
            Event::Checked(result) => self.handle_checked(result),
            Event::Committed(result) => self.handle_commit(result),
            Event::Called { req, result } => self.handle_called(req, result),
            Event::Relayed(result) => self.handle_relayed(result),
            Event::Answered(answer) => self.handle_answer(now, answer),
            Event::Push(push) => self.handle_push(&push),
            Event::Missed { conv, head, .. } => self.handle_missed(conv.as_ref(), head),
            Event::Ephemeral(frame) => self.hand_ephemeral(&frame),
            Event::Notice(frame) => self.hand_notice(&frame),
            Event::Wave(notice) => self.hand_wave(notice),
            Event::Kick(reason) => self.kick(reason),
            Event::Goaway {
                after_ms,
                window_ms,
            } => self.write(&RelayFrame::Goaway {
                after_ms,
                window_ms,
            }),
            Event::Drain => self.drain(),
            Event::Tick => self.check_lifetime(now),
        }
        if self.is_idle() {
            self.end();
        }
        self.lifetime
            .pause_while(!self.is_waiting_for_client(), now);
    }

    /// Gives back memory that queues took while there was more to do.
    pub fn shrink(&mut self) {
        self.effects.shrink_to_fit();
        self.in_flight.shrink_to_fit();
        self.reads.shrink();
        self.gate.shrink();
    }

    /// The next thing to cause.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Nothing is under way: it ends if it is to.
    fn end(&mut self) {
        if let Some((error, about)) = self.allowance.overdrawn.take() {
            self.refuse_for(error, about);
        } else if matches!(self.phase, Phase::Draining(_)) {
            self.close(ErrorCode::Draining);
        }
    }

    fn kick(&mut self, reason: KickReason) {
        let message = match reason {
            KickReason::Replaced => "this device connected again",
            KickReason::DevicePolicy => "another device of yours connected",
            KickReason::SessionEnded => "this session was ended",
        };
        self.write(&RelayFrame::Kick {
            reason,
            message: message.to_owned(),
        });
        self.close(ErrorCode::Kicked);
    }

    fn close(&mut self, code: ErrorCode) {
        self.emit(Effect::Close(code));
        self.phase = Phase::Closed;
        self.login = None;
    }

    fn write(&mut self, frame: &RelayFrame) {
        let frame = Outgoing::new(self.encoding, frame);
        self.emit(Effect::Write(frame));
    }

    fn emit(&mut self, effect: Effect) {
        if !matches!(self.phase, Phase::Closed) {
            self.effects.push_back(effect);
        }
    }
}

#[cfg(test)]
mod tests;
