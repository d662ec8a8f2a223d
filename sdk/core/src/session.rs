//! The session: hands each input to the part that it concerns, then lets every part do
//! what is due.

mod commands;
mod frames;
mod tell;
mod timelines;

use std::{collections::VecDeque, str::FromStr};

use seqline_protocol::{
    ClientFrame, ClientMsgId, DeviceId, Hello, Micros, RequestId, Resume, Secret, ServerLimits,
    VERSION, encode,
};

use crate::{
    calls::Calls,
    config::Config,
    crowds::Crowds,
    delivery::Delivery,
    event::{DisconnectReason, Event},
    failure::{Failure, FailureCode},
    heartbeat::{Heartbeat, Verdict},
    inbox::Inbox,
    input::{ConnId, Input, NetworkKind, Now, WriteId},
    link::Link,
    outbox::Outbox,
    output::Output,
    public::Public,
    receipts::Receipts,
    rhythm::Rhythm,
    rtt::Rtt,
    stats::Stats,
    store::{Position, Restored, StoreWriter},
};

/// The wall clock ran ahead of the monotonic one by this much: the device slept.
const SUSPEND_MS: u64 = 5_000;

/// One device's session with its relay, over any number of connections.
#[derive(Debug)]
pub struct Session {
    config: Config,
    device: DeviceId,
    identity: Option<Position>,
    rng: fastrand::Rng,
    last_now: Now,
    last_req: u64,
    background: bool,
    limits: ServerLimits,
    link: Link,
    heartbeat: Option<Heartbeat>,
    rhythm: Rhythm,
    /// What the relay knows of `background` and of the interval, if that is not its own.
    told_state: (bool, Option<u32>),
    rtt: Rtt,
    outbox: Outbox,
    inbox: Inbox,
    public: Public,
    crowds: Crowds,
    delivery: Delivery,
    receipts: Receipts,
    calls: Calls,
    store: StoreWriter,
    ack_at_ms: Option<u64>,
    greeted_at_ms: u64,
    /// Whether `synced` is still to be told for the present connection.
    syncing: bool,
    /// What the relay's clock showed, and when we heard it.
    relay_clock: Option<(Micros, u64)>,
    stats: Stats,
    outputs: VecDeque<Output>,
    told_wake_at: Option<u64>,
}

impl Session {
    /// A session that goes on from what the store holds (nothing, on a new device).
    /// The seed has to be random: ids of devices and messages come from it.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32], stored: Vec<(String, Vec<u8>)>, now: Now) -> Self {
        let Restored {
            device: stored_device,
            position,
            outbox,
            crowds,
            paths,
            corrupt,
        } = Restored::from_records(stored);
        let mut rng = rng_from(seed);
        let mut store = StoreWriter::default();
        let device = config
            .device
            .clone()
            .or(stored_device.clone())
            .unwrap_or_else(|| random_id(&mut rng));
        if stored_device.as_ref() != Some(&device) {
            store.put_device(&device);
        }
        let (epoch, cursor, public) = match &position {
            Some(at) => (Some(at.epoch), at.cursor, at.public.clone()),
            None => Default::default(),
        };
        let mut session = Self {
            device,
            identity: position,
            rng,
            last_now: now,
            last_req: 0,
            background: false,
            limits: ServerLimits::default(),
            link: Link::new(),
            heartbeat: None,
            rhythm: Rhythm::new(&paths),
            told_state: (false, None),
            rtt: Rtt::default(),
            outbox: Outbox::default(),
            inbox: Inbox::new(cursor),
            public: Public::new(public),
            crowds: Crowds::restored(crowds, cursor),
            delivery: Delivery::new(epoch, cursor),
            receipts: Receipts::default(),
            calls: Calls::default(),
            store,
            ack_at_ms: None,
            greeted_at_ms: 0,
            syncing: false,
            relay_clock: None,
            stats: Stats::default(),
            outputs: VecDeque::new(),
            told_wake_at: None,
            config,
        };
        let fails_at_ms = session.fails_at_ms(now);
        let restored = session
            .outbox
            .restore(outbox, fails_at_ms, &mut session.store);
        for (draft, failed) in restored {
            session.tell_restored(draft, failed);
        }
        for key in corrupt {
            session.tell_error(
                FailureCode::StorageCorrupt,
                format!("the stored record {key} cannot be read, and was left out"),
            );
            session.store.delete_corrupt(key);
        }
        session.advance(now);
        session
    }

    /// Feeds one input. Drain [`Self::poll_output`] before the next.
    pub fn handle(&mut self, now: Now, input: Input) {
        let slept = self.notices_suspend(now);
        let now_ms = now.mono_ms;
        // Who wants no connection any more gets none for having slept.
        if slept && input != Input::Disconnect {
            self.wake_up(now_ms);
        }
        match input {
            Input::Connect => self.link.connect(&self.config, &mut self.outputs, now_ms),
            Input::Disconnect => self.stop(DisconnectReason::Requested),
            Input::Token(token) => self.token(token, now_ms),
            Input::TokenFailed(message) => self.token_failed(message, now_ms),
            Input::Opened(conn) => self.greet(conn, now_ms),
            Input::Received(conn, frame) => self.receive(conn, &frame, now_ms),
            Input::Closed { conn, code } => {
                if self.link.is_current(conn) {
                    if code.is_none() {
                        self.suspect_silence(now_ms);
                    }
                    self.connection_lost(code, now_ms);
                }
            }
            Input::Timeout => {}
            Input::Online(online) => {
                self.link
                    .set_online(online, &self.config, &mut self.outputs, now_ms);
                self.rhythm.acquit();
                self.probe(now_ms);
            }
            Input::Network(kind) => self.set_network(kind, now_ms),
            Input::Background(background) => self.set_background(background, now_ms),
            Input::Probe => self.wake_up(now_ms),
            Input::Taken(delivery) => {
                let progress = self.delivery.taken(delivery);
                self.progressed(progress, now_ms);
            }
            Input::Refused { delivery, taken } => {
                let (progress, passed_over) = self.delivery.refused(delivery, taken, now_ms);
                self.progressed(progress, now_ms);
                self.outputs
                    .extend(passed_over.map(|f| Output::Emit(Event::Error(f))));
            }
            Input::Persisted(write) => {
                if self.store.persisted(write) {
                    self.kept(write);
                }
            }
            Input::PersistFailed(write, message) => {
                if self.store.failed(write, now_ms) {
                    self.tell_error(FailureCode::StorageFailed, message);
                }
                // Delivering now is worth more than refusing to; the app was told.
                self.kept(write);
            }
            Input::Call(call, command) => self.call(call, command, now),
        }
        self.advance(now);
    }

    /// The next thing to do; none when all is done until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// A fresh id for a message.
    pub fn new_message_id(&mut self) -> ClientMsgId {
        random_id(&mut self.rng)
    }

    /// Counters and positions.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let path = self.rhythm.path();
        Stats {
            rtt_ms: self.rtt.smoothed_ms(),
            heartbeat_ms: self.heartbeat.as_ref().map_or(0, Heartbeat::interval_ms),
            heartbeat_good_ms: Some(path.good_ms).filter(|ms| *ms > 0),
            heartbeat_bad_ms: Some(path.bad_ms).filter(|ms| *ms > 0),
            network: self.rhythm.network(),
            cursor: self.delivery.cursor(),
            head: self.inbox.head(),
            outbox: self.outbox.len(),
            inbox: self.delivery.waiting(),
            crowds: self.crowds.len(),
            ..self.stats
        }
    }

    // What is due, in the order in which one part's work is another's input.
    fn advance(&mut self, now: Now) {
        let now_ms = now.mono_ms;
        self.keep_alive(now_ms);
        self.expire(now_ms);
        self.follow_crowd_items(now_ms);
        self.write_what_is_due(now_ms);
        self.deliver(now_ms);
        if self.background {
            // Timers stop there, and the process may end without a word.
            self.store.hurry();
        }
        self.outputs.extend(self.store.flush(now_ms));
        self.tell_wake_at(now_ms);
    }

    fn keep_alive(&mut self, now_ms: u64) {
        if self.link.poll(&self.config, &mut self.outputs, now_ms) {
            self.cut("no welcome in time", now_ms);
        }
        self.follow_rhythm();
        let Some(heartbeat) = &mut self.heartbeat else {
            return;
        };
        match heartbeat.poll(&self.rtt, now_ms) {
            Verdict::Fine => {}
            Verdict::Ask(nonce) => self.write(&ClientFrame::Ping { nonce }),
            Verdict::Dead => {
                self.suspect_silence(now_ms);
                self.cut("no sign of life", now_ms);
            }
        }
    }

    /// Keeps to the interval of the moment, and tells the relay, whose patience follows it.
    fn follow_rhythm(&mut self) {
        let Some(heartbeat) = &mut self.heartbeat else {
            return;
        };
        heartbeat.set_interval_ms(self.rhythm.interval_ms());
        let state = (self.background, self.rhythm.own_interval_ms());
        if state != self.told_state {
            self.told_state = state;
            let (background, interval_ms) = state;
            self.write(&ClientFrame::State {
                background,
                interval_ms,
            });
        }
    }

    /// The connection is gone, and nobody said why.
    fn suspect_silence(&mut self, now_ms: u64) {
        if let Some(heartbeat) = &self.heartbeat {
            self.rhythm.lost(heartbeat.lost(now_ms));
        }
    }

    fn expire(&mut self, now_ms: u64) {
        while let Some(answer) = self.calls.expire(now_ms) {
            self.outputs.push_back(answer);
        }
        while let Some(settled) = self.outbox.expire(now_ms, &mut self.store) {
            let message = "the relay did not acknowledge the message in time; retry or discard it";
            self.tell_failed(settled, Failure::new(FailureCode::Timeout, message));
        }
    }

    fn kept(&mut self, write: WriteId) {
        let sending = self.outbox.kept(write);
        self.tell_sending(sending);
    }

    fn write_what_is_due(&mut self, now_ms: u64) {
        if self.link.open_conn().is_none() {
            return;
        }
        self.outbox.retransmit_if_due(now_ms);
        let window = usize::from(self.limits.send_window);
        while let Some(transmission) =
            self.outbox
                .next_transmission(window, &self.rtt, now_ms, &mut self.stats)
        {
            self.write(&transmission.frame);
            self.tell_sending(transmission.sending);
        }
        while let Some(frame) = self.calls.next_to_write() {
            self.write(&frame);
        }
        self.write_pulls(now_ms);
        if self.ack_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.ack_at_ms = None;
            self.write(&ClientFrame::Ack {
                cursor: self.delivery.cursor(),
            });
        }
    }

    fn tell_wake_at(&mut self, now_ms: u64) {
        let open = self.link.open_conn().is_some();
        let deadlines = [
            self.link.deadline_ms(),
            self.heartbeat.as_ref().map(Heartbeat::deadline_ms),
            self.outbox.deadline_ms(),
            self.calls.deadline_ms(),
            self.delivery.deadline_ms(),
            self.store.deadline_ms(),
            self.inbox.deadline_ms().filter(|_| open),
            self.public.deadline_ms().filter(|_| open),
            self.crowds.deadline_ms().filter(|_| open),
            self.ack_at_ms.filter(|_| open),
        ];
        let wake_at = deadlines.into_iter().flatten().min();
        // A wake-up that has come is used up, even if the next is for the same moment.
        self.told_wake_at.take_if(|told_ms| *told_ms <= now_ms);
        if wake_at != self.told_wake_at {
            self.told_wake_at = wake_at;
            self.outputs.push_back(Output::WakeAt(wake_at));
        }
    }

    fn greet(&mut self, conn: ConnId, now_ms: u64) {
        let Some(token) = self.link.opened(conn) else {
            return;
        };
        self.greeted_at_ms = now_ms;
        self.told_state = (self.background, None);
        let hello = ClientFrame::Hello(Hello {
            version: VERSION,
            token,
            device: self.device.clone(),
            host: self.config.host.clone(),
            platform: self.config.platform.clone(),
            app_version: self.config.app_version.clone(),
            resume: self.delivery.epoch().map(|epoch| Resume {
                epoch,
                cursor: self.delivery.cursor(),
            }),
            start: self.config.start,
            background: self.background,
        });
        self.write(&hello);
    }

    fn token(&mut self, token: Secret, now_ms: u64) {
        if let Some(token) = self
            .link
            .token(token, &self.config, &mut self.outputs, now_ms)
        {
            let req = next_request(&mut self.last_req);
            self.write(&ClientFrame::Refresh { req, token });
        }
    }

    fn token_failed(&mut self, message: String, now_ms: u64) {
        self.rhythm.acquit();
        self.link.token_failed(
            message,
            &self.config,
            &mut self.rng,
            &mut self.outputs,
            now_ms,
        );
    }

    fn stop(&mut self, reason: DisconnectReason) {
        if self.ack_at_ms.take().is_some() && self.link.open_conn().is_some() {
            self.write(&ClientFrame::Ack {
                cursor: self.delivery.cursor(),
            });
        }
        self.store.hurry();
        self.forget_connection();
        self.rhythm.acquit();
        self.link.stop(reason, 1000, &mut self.outputs);
        self.abandon_calls();
    }

    /// The socket is no good any more: close it ourselves.
    fn cut(&mut self, reason: &'static str, now_ms: u64) {
        if let Some(conn) = self.link.conn() {
            self.outputs.push_back(Output::Close {
                conn,
                code: 4030,
                reason,
            });
            self.connection_lost(None, now_ms);
        }
    }

    fn connection_lost(&mut self, code: Option<u16>, now_ms: u64) {
        if self.link.open_conn().is_some() {
            self.stats.losses += 1;
        } else {
            // The network itself is away.
            self.rhythm.acquit();
        }
        self.forget_connection();
        self.link
            .lost(code, &self.config, &mut self.rng, &mut self.outputs, now_ms);
        if self.link.is_stopped() {
            self.abandon_calls();
        }
    }

    fn forget_connection(&mut self) {
        self.heartbeat = None;
        self.syncing = false;
        self.ack_at_ms = None;
        self.inbox.connection_lost();
        self.crowds.connection_lost();
        self.outbox.connection_lost();
        self.outputs.extend(self.calls.connection_lost());
    }

    fn abandon_calls(&mut self) {
        while let Some(answer) = self.calls.abandon() {
            self.outputs.push_back(answer);
        }
    }

    /// Whether the device slept before this moment.
    fn notices_suspend(&mut self, now: Now) -> bool {
        let wall_ms = now.unix_ms.saturating_sub(self.last_now.unix_ms);
        let mono_ms = now.mono_ms.saturating_sub(self.last_now.mono_ms);
        self.last_now = now;
        wall_ms > mono_ms + SUSPEND_MS
    }

    fn set_background(&mut self, background: bool, now_ms: u64) {
        let changed = background != self.background;
        self.background = background;
        self.rhythm.set_background(background);
        self.follow_rhythm();
        if !background {
            if changed {
                self.public.look();
            }
            self.wake_up(now_ms);
        }
    }

    /// A connection does not survive a change of networks as a rule.
    fn set_network(&mut self, kind: NetworkKind, now_ms: u64) {
        if kind != self.rhythm.network() {
            self.rhythm.set_network(kind);
            self.wake_up(now_ms);
        }
    }

    fn wake_up(&mut self, now_ms: u64) {
        self.rhythm.acquit();
        self.link.hurry(&self.config, &mut self.outputs, now_ms);
        self.probe(now_ms);
    }

    fn probe(&mut self, now_ms: u64) {
        if let Some(heartbeat) = &mut self.heartbeat
            && let Verdict::Ask(nonce) = heartbeat.probe(&self.rtt, now_ms)
        {
            self.write(&ClientFrame::Ping { nonce });
        }
    }

    fn write(&mut self, frame: &ClientFrame) {
        if let Some(conn) = self.link.conn() {
            let encoded = encode(self.config.encoding, frame);
            if let Some(heartbeat) = &mut self.heartbeat {
                heartbeat.wrote(self.last_now.mono_ms);
            }
            self.stats.frames_out += 1;
            self.stats.bytes_out += encoded.as_bytes().len() as u64;
            self.outputs.push_back(Output::Write(conn, encoded));
        }
    }

    fn fails_at_ms(&self, now: Now) -> Option<u64> {
        (self.config.send_deadline_ms > 0).then(|| now.mono_ms + self.config.send_deadline_ms)
    }
}

fn next_request(last: &mut u64) -> RequestId {
    *last += 1;
    RequestId::saturating(*last)
}

fn rng_from(seed: [u8; 32]) -> fastrand::Rng {
    let folded = seed.chunks_exact(8).fold(0u64, |folded, chunk| {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        folded.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from_le_bytes(word)
    });
    fastrand::Rng::with_seed(folded)
}

/// 24 letters and digits: 124 bits' worth of room.
fn random_id<Id: FromStr>(rng: &mut fastrand::Rng) -> Id {
    let name: String = std::iter::repeat_with(|| rng.alphanumeric())
        .take(24)
        .collect();
    match name.parse() {
        Ok(id) => id,
        // Not `expect`, which would bring the error's words into the wasm.
        Err(_) => unreachable!("letters and digits make an id"),
    }
}
