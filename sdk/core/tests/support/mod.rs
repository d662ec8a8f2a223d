//! One device with its store, driven by hand: the other side is the test.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::indexing_slicing, reason = "a wrong index is a failed test")]
#![allow(clippy::unwrap_used, reason = "so is what is not there")]
#![allow(unreachable_pub, reason = "a module of several test crates")]

pub mod app;
mod faults;
pub mod groups;
pub mod mailbox;
pub mod path;
pub mod relay;
pub mod world;

use std::collections::BTreeMap;

use seqline_core::{
    CallId, Command, Config, ConnId, Delivered, DeliveryId, Draft, Event, Failure, Input, Now,
    Output, Reply, Session, StoreOp, WriteId,
};
use seqline_protocol::{
    AppId, ClientFrame, ClientMsgId, ConvId, ConvSeq, Encoding, Entry, Epoch, Heartbeat, Item,
    Kind, Message, Micros, MsgId, Priority, PubSeq, RelayFrame, Secret, Seq, ServerLimits, Target,
    UserId, Welcome, decode, encode,
};

pub const UNIX_MS: u64 = 1_800_000_000_000;
/// What can wait is kept after this, at the latest.
pub const STORE_DELAY_MS: u64 = 50;

/// A device under test. Stores at once, and takes deliveries only when told to.
pub struct Device {
    pub session: Session,
    pub store: BTreeMap<String, Vec<u8>>,
    pub now: Now,
    pub conn: Option<ConnId>,
    pub written: Vec<ClientFrame>,
    pub events: Vec<Event>,
    pub deliveries: Vec<(DeliveryId, Vec<Delivered>)>,
    pub answers: Vec<(CallId, Result<Reply, Failure>)>,
    pub closed: Vec<u16>,
    pub token_requests: usize,
    pub wake_at: Option<u64>,
    pub store_works: bool,
    /// Writes that the store holds back while it is slow.
    pub held_writes: Option<Vec<WriteId>>,
    /// The process will end before what is written from now on is durable.
    pub loses_writes: bool,
    /// How many there were.
    pub writes: usize,
    pub gives_tokens: bool,
    last_call: u32,
}

impl Device {
    pub fn new() -> Self {
        Self::with(Config::default(), BTreeMap::new())
    }

    pub fn with(config: Config, store: BTreeMap<String, Vec<u8>>) -> Self {
        let now = Now {
            mono_ms: 1_000,
            unix_ms: UNIX_MS,
        };
        let records = store
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut device = Self {
            session: Session::new(config, [3; 32], records, now),
            store,
            now,
            conn: None,
            written: Vec::new(),
            events: Vec::new(),
            deliveries: Vec::new(),
            answers: Vec::new(),
            closed: Vec::new(),
            token_requests: 0,
            wake_at: None,
            store_works: true,
            held_writes: None,
            loses_writes: false,
            writes: 0,
            gives_tokens: true,
            last_call: 0,
        };
        device.drain();
        device
    }

    /// The same device after its process ended at this moment.
    pub fn killed(self) -> Self {
        Self::with(Config::default(), self.store)
    }

    /// The same device after its process ended when all was kept.
    pub fn restarted(mut self) -> Self {
        self.pass(STORE_DELAY_MS);
        self.killed()
    }

    pub fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::FetchToken(_) => {
                    self.token_requests += 1;
                    if self.gives_tokens {
                        self.session
                            .handle(self.now, Input::Token(Secret::new("token")));
                    }
                }
                Output::Connect(conn) => self.conn = Some(conn),
                Output::Write(conn, frame) => {
                    assert_eq!(
                        Some(conn),
                        self.conn,
                        "written to a connection that is gone"
                    );
                    self.written
                        .push(decode(frame.encoding(), frame.as_bytes()).unwrap());
                }
                Output::Close { conn, code, .. } => {
                    assert_eq!(Some(conn), self.conn);
                    self.conn = None;
                    self.closed.push(code);
                }
                Output::Persist(..) if self.loses_writes => {}
                Output::Persist(write, ops) if self.store_works => {
                    self.writes += 1;
                    for op in ops {
                        match op {
                            StoreOp::Put(key, value) => self.store.insert(key, value),
                            StoreOp::Delete(key) => self.store.remove(&key),
                        };
                    }
                    match &mut self.held_writes {
                        Some(held) => held.push(write),
                        None => self.session.handle(self.now, Input::Persisted(write)),
                    }
                }
                Output::Persist(write, _) => {
                    let reason = "disk full".to_owned();
                    self.session
                        .handle(self.now, Input::PersistFailed(write, reason));
                }
                Output::Deliver(id, events) => self.deliveries.push((id, events)),
                Output::Emit(event) => self.events.push(event),
                Output::Answer(call, result) => self.answers.push((call, result)),
                Output::WakeAt(at_ms) => self.wake_at = at_ms,
            }
        }
    }

    /// The store is done with what it held back; what that causes is held back again.
    pub fn confirm_writes(&mut self) {
        for write in self.held_writes.replace(Vec::new()).unwrap() {
            self.feed(Input::Persisted(write));
        }
    }

    /// Lets time pass, waking the session whenever it asked for it.
    pub fn pass(&mut self, ms: u64) {
        let until_ms = self.now.mono_ms + ms;
        while let Some(at_ms) = self.wake_at.filter(|at_ms| *at_ms <= until_ms) {
            self.wake_at = None;
            self.advance_to(at_ms.max(self.now.mono_ms));
            self.feed(Input::Timeout);
        }
        self.advance_to(until_ms);
    }

    /// Lets time pass without waking anything, as on a throttled page.
    pub fn sleep(&mut self, ms: u64) {
        self.advance_to(self.now.mono_ms + ms);
    }

    fn advance_to(&mut self, mono_ms: u64) {
        self.now.unix_ms += mono_ms - self.now.mono_ms;
        self.now.mono_ms = mono_ms;
    }

    pub fn open_socket(&mut self) {
        self.feed(Input::Opened(self.conn.expect("a socket was asked for")));
    }

    pub fn lose_socket(&mut self, code: Option<u16>) {
        let conn = self.conn.take().expect("there is a socket");
        self.feed(Input::Closed { conn, code });
    }

    pub fn relay_says(&mut self, frame: &RelayFrame) {
        let conn = self.conn.expect("there is a socket");
        self.feed(Input::Received(conn, encode(Encoding::Binary, frame)));
    }

    /// Connects to a relay whose timeline ends at `head`, with this device at `cursor`.
    pub fn connect(&mut self, cursor: u64, head: u64) {
        self.feed(Input::Connect);
        self.open_socket();
        self.relay_says(&RelayFrame::Welcome(welcome(cursor, head)));
    }

    pub fn call(&mut self, command: Command) -> CallId {
        self.last_call += 1;
        self.feed(Input::Call(CallId(self.last_call), command));
        CallId(self.last_call)
    }

    pub fn send(&mut self, body: &str) -> ClientMsgId {
        let client_msg_id = self.session.new_message_id();
        self.call(Command::Send(draft(&client_msg_id, body)));
        client_msg_id
    }

    pub fn take(&mut self) -> Vec<Delivered> {
        let mut taken = Vec::new();
        while !self.deliveries.is_empty() {
            let (id, events) = self.deliveries.remove(0);
            taken.extend(events);
            self.feed(Input::Taken(id));
        }
        taken
    }

    /// The frames written since the last call.
    pub fn frames(&mut self) -> Vec<ClientFrame> {
        std::mem::take(&mut self.written)
    }

    /// The bodies of the sends written since the last call.
    pub fn sent_bodies(&mut self) -> Vec<String> {
        self.frames()
            .into_iter()
            .filter_map(|frame| match frame {
                ClientFrame::Send(send) => Some(send.body),
                _ => None,
            })
            .collect()
    }

    /// The pulls written since the last call, as (request, after).
    pub fn pulls(&mut self) -> Vec<(seqline_protocol::RequestId, u64)> {
        self.frames()
            .into_iter()
            .filter_map(|frame| match frame {
                ClientFrame::Pull { req, after, .. } => Some((req, after.get())),
                _ => None,
            })
            .collect()
    }
}

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub fn draft(client_msg_id: &ClientMsgId, body: &str) -> Draft {
    Draft {
        client_msg_id: client_msg_id.clone(),
        to: Target::User(user("bob")),
        kind: Kind::text(),
        body: body.to_owned(),
        priority: Priority::Normal,
        expires_us: None,
        key: None,
        replace: false,
        business: None,
        mentions: Vec::new(),
    }
}

pub fn welcome(cursor: u64, head: u64) -> Welcome {
    Welcome {
        version: 1,
        session: "s1".to_owned(),
        app: AppId::new("dev").unwrap(),
        user: user("alice"),
        epoch: Epoch::saturating(7),
        head: Seq::saturating(head),
        cursor: Seq::saturating(cursor),
        reset: None,
        pub_head: PubSeq::ZERO,
        pub_view: String::new(),
        pub_refresh_ms: None,
        now_us: Micros::saturating(UNIX_MS * 1_000),
        token_expires_us: Micros::saturating(UNIX_MS * 1_000 + 3_600_000_000),
        heartbeat: Heartbeat::default(),
        limits: ServerLimits::default(),
        crowds: Vec::new(),
    }
}

/// An entry with a message of bob's.
pub fn entry(seq: u64) -> Entry {
    Entry {
        seq: Seq::saturating(seq),
        item: Item::Message(message(seq, "bob", "from-bob")),
    }
}

pub fn message(seq: u64, sender: &str, client_msg_id: &str) -> Message {
    Message {
        msg_id: MsgId::saturating(seq),
        client_msg_id: ClientMsgId::new(client_msg_id).unwrap(),
        sender: user(sender),
        conv: ConvId::direct(&user("alice"), &user("bob")),
        conv_seq: ConvSeq::saturating(seq),
        kind: Kind::text(),
        body: format!("m{seq}"),
        priority: Priority::Normal,
        created_us: Micros::saturating(seq),
        expires_us: None,
        recalled: false,
        key: None,
        replaces: None,
        replaced: false,
        business: None,
        mentions: Vec::new(),
        edited_us: None,
    }
}

pub fn push(seqs: impl IntoIterator<Item = u64>) -> RelayFrame {
    RelayFrame::Push {
        entries: seqs.into_iter().map(entry).collect(),
        conv: None,
    }
}

pub fn page(
    req: seqline_protocol::RequestId,
    seqs: impl IntoIterator<Item = u64>,
    head: u64,
) -> RelayFrame {
    RelayFrame::Page {
        req,
        entries: seqs.into_iter().map(entry).collect(),
        head: Seq::saturating(head),
        public: None,
    }
}

/// The seqs of delivered messages.
pub fn seqs(events: &[Delivered]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| match event {
            Delivered::Message { seq, .. } => Some(seq.get()),
            _ => None,
        })
        .collect()
}
