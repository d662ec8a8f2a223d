//! A session with everything around it turned by hand.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use seqline_protocol::{
    AppId, ClientFrame, ClientMsgId, ConvId, ConvSeq, DeviceId, Encoded, Encoding, Entry, Epoch,
    ErrorCode, Heartbeat, Hello, Item, Kind, Message, Micros, MsgId, Priority, RelayFrame, Resume,
    Secret, Send, Seq, ServerLimits, Start, Target, UserId, VERSION, Welcome, decode, encode,
};

use crate::{
    account::Account,
    admission::Logins,
    auth::{Identity, Keyring, Profile, Scope},
    broadcasts::{Attributes, Lookup, tests::support::Office},
    check::Check,
    clock::{Now, SystemClock},
    entropy::SystemEntropy,
    frames::Push,
    session::{DevicePolicy, Effect, Event, Session, SessionRules},
    store::{Done, Op, OpResult, Position, Sent, Timeline},
    traffic::{Traffic, TrafficRules},
};

const SECRET: &str = "a secret that is long enough for the checks";
const START_US: u64 = 1_700_000_000_000_000;

pub(super) fn account(user: &str) -> Arc<Account> {
    Arc::new(Account {
        app: AppId::new("app").unwrap(),
        user: UserId::new(user).unwrap(),
    })
}

pub(super) fn own_timeline() -> Timeline {
    Timeline::User(account("alice"))
}

pub(super) fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

pub(super) fn conv() -> ConvId {
    ConvId::direct(&account("alice").user, &account("bob").user)
}

pub(super) fn position(head: u64) -> Position {
    Position {
        epoch: Epoch::new(7).unwrap(),
        head: seq(head),
        floor: seq(1),
        delivered: seq(head),
        crowds: Vec::new(),
    }
}

/// A message of Bob's at a place of Alice's timeline.
pub(super) fn entry(n: u64) -> Entry {
    entry_of("bob", n)
}

pub(super) fn entry_of(sender: &str, n: u64) -> Entry {
    Entry {
        seq: seq(n),
        item: Item::Message(Message {
            msg_id: MsgId::new(n).unwrap(),
            client_msg_id: ClientMsgId::new(format!("m{n}")).unwrap(),
            sender: account(sender).user.clone(),
            conv: conv(),
            conv_seq: ConvSeq::new(n).unwrap(),
            kind: Kind::text(),
            body: format!("body {n}"),
            priority: Priority::Normal,
            created_us: Micros::ZERO,
            expires_us: None,
            recalled: false,
            key: None,
            replaces: None,
            replaced: false,
            business: None,
            mentions: Vec::new(),
            edited_us: None,
        }),
    }
}

pub(super) fn entries(range: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    range.map(entry).collect()
}

pub(super) fn push(range: std::ops::RangeInclusive<u64>) -> Event {
    Event::Push(Arc::new(
        Push::new(entries(range), &own_timeline()).unwrap(),
    ))
}

pub(super) fn send(id: &str) -> ClientFrame {
    send_saying(id, "hello")
}

pub(super) fn send_saying(id: &str, body: &str) -> ClientFrame {
    ClientFrame::Send(Send {
        client_msg_id: ClientMsgId::new(id).unwrap(),
        to: Target::User(account("bob").user.clone()),
        kind: Kind::text(),
        body: body.to_owned(),
        priority: Priority::Normal,
        expires_us: None,
        key: None,
        replace: false,
        business: None,
        mentions: Vec::new(),
    })
}

pub(super) fn stored(n: u64) -> Event {
    let result: OpResult = Ok(Done::Sent(Sent {
        msg_id: MsgId::new(n).unwrap(),
        conv_seq: ConvSeq::new(n).unwrap(),
        seq: seq(n),
        created: Micros::ZERO,
        duplicate: false,
    }));
    Event::Committed(Ok(result))
}

/// Alice's session.
pub(super) struct Desk {
    pub(super) session: Session,
    pub(super) now: Now,
    rules: Arc<SessionRules>,
    /// Whose turn it is.
    pub(super) logins: Arc<Logins>,
    /// Fills the public mailbox.
    pub(super) office: Office,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::new_with(None)
    }

    fn new_with(check: Option<Arc<dyn Check>>) -> Self {
        Self::new_in(Office::open(), check)
    }

    fn new_in(office: Office, check: Option<Arc<dyn Check>>) -> Self {
        Self::new_within(office, check, TrafficRules::default())
    }

    /// Opened at the first entry, with limits.
    pub(super) fn open_within(limits: TrafficRules) -> Self {
        let mut desk = Self::new_within(Office::open(), None, limits);
        desk.greet_at(0, 0);
        desk
    }

    /// From an address on which nothing was said yet, with limits.
    pub(super) fn new_from(address: [u8; 4], limits: TrafficRules) -> Self {
        let mut desk = Self::new_within(Office::open(), None, limits);
        desk.session.came_from(Some(address.into()));
        desk
    }

    fn new_within(office: Office, check: Option<Arc<dyn Check>>, limits: TrafficRules) -> Self {
        let app = AppId::new("app").unwrap();
        let rules = Arc::new(SessionRules {
            keyring: Keyring::new([(&app, SECRET)]),
            heartbeat: Heartbeat::default(),
            limits: ServerLimits::default(),
            devices: DevicePolicy::default(),
            public: Arc::clone(&office.mailbox),
            traffic: Arc::new(Traffic::new(limits)),
            is_shared: false,
        });
        let now = Now {
            wall: Micros::new(START_US).unwrap(),
            uptime: Duration::from_secs(1000),
        };
        Self {
            session: Session::new(Arc::clone(&rules), check, "session-1".to_owned(), now),
            now,
            rules,
            logins: Logins::new(
                1,
                Arc::new(SystemClock::start()),
                Arc::new(SystemEntropy),
                Arc::default(),
            ),
            office,
        }
    }

    /// Opened at the head of a timeline with so many entries.
    pub(super) fn open(head: u64) -> Self {
        Self::open_at(head, head).0
    }

    /// The same, with a check before messages are stored.
    pub(super) fn open_with_check(check: Arc<dyn Check>) -> Self {
        let mut desk = Self::new_with(Some(check));
        let hello = desk.hello();
        desk.say(ClientFrame::Hello(hello));
        desk.opened(position(0));
        desk
    }

    /// Opened with a cursor; the frames that answer it too.
    pub(super) fn open_at(cursor: u64, head: u64) -> (Self, Vec<RelayFrame>) {
        let mut desk = Self::new();
        let frames = desk.greet_at(cursor, head);
        (desk, frames)
    }

    fn greet_at(&mut self, cursor: u64, head: u64) -> Vec<RelayFrame> {
        let mut hello = self.hello();
        hello.resume = Some(Resume {
            epoch: position(0).epoch,
            cursor: seq(cursor),
        });
        self.say(ClientFrame::Hello(hello));
        self.opened(position(head))
    }

    /// The position is read, and that the device has connected is stored.
    pub(super) fn opened(&mut self, position: Position) -> Vec<RelayFrame> {
        let effects = self.feed_for_effects(Event::Opened(Ok(position)));
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Submit(Op::Connected(_))))
        );
        let stored = self.feed_for_effects(Event::Committed(Ok(Ok(Done::Applied))));
        assert!(stored.is_empty(), "the device is not told");
        frames(&effects)
    }

    /// The same at the fifth entry, where the app's server knows of its users, and is not asked.
    pub(super) fn open_with_lookup() -> Self {
        struct Nothing;
        impl Lookup for Nothing {
            fn known(&self, _: &Account) -> Option<Arc<Attributes>> {
                None
            }

            fn ask(&self, _: Arc<Account>) -> BoxFuture<'_, ()> {
                Box::pin(std::future::ready(()))
            }
        }
        let office = Office::open_with(|mailbox| mailbox.with_lookup(Arc::new(Nothing)));
        let mut desk = Self::new_in(office, None);
        desk.greet_at(5, 5);
        desk
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.rules.traffic
    }

    pub(super) fn token(&self, user: &str, scope: Scope, ttl_s: u64) -> Secret {
        self.token_with(user, scope, ttl_s, Profile::default())
    }

    pub(super) fn token_with(
        &self,
        user: &str,
        scope: Scope,
        ttl_s: u64,
        profile: Profile,
    ) -> Secret {
        let identity = Identity {
            account: Account::clone(&account(user)),
            scope,
            expires: Micros::new(self.now.wall.get() + ttl_s * 1_000_000).unwrap(),
            profile,
        };
        Secret::new(self.rules.keyring.sign(&identity).unwrap())
    }

    pub(super) fn hello(&self) -> Hello {
        Hello {
            version: VERSION,
            token: self.token("alice", Scope::User, 3600),
            device: DeviceId::new("phone").unwrap(),
            host: "test".to_owned(),
            platform: None,
            app_version: None,
            resume: None,
            start: Start::Oldest,
            background: false,
        }
    }

    /// Time passes, and the session is told if it asked for that.
    pub(super) fn pass_s(&mut self, s: u64) -> Vec<Effect> {
        self.now.uptime += Duration::from_secs(s);
        self.now.wall = Micros::new(self.now.wall.get() + s * 1_000_000).unwrap();
        if self.session.wait(self.now) == Some(Duration::ZERO) {
            self.session.handle(self.now, Event::Tick);
        }
        self.effects()
    }

    /// A frame comes; all that follows from it.
    #[expect(clippy::needless_pass_by_value, reason = "shorter tests")]
    pub(super) fn cause(&mut self, frame: ClientFrame) -> Vec<Effect> {
        let payload = match encode(Encoding::Binary, &frame) {
            Encoded::Binary(bytes) => bytes.into(),
            Encoded::Text(text) => text.into(),
        };
        self.session.handle(
            self.now,
            Event::Frame {
                encoding: Encoding::Binary,
                payload,
            },
        );
        self.effects()
    }

    /// A frame comes; the frames that answer it.
    pub(super) fn say(&mut self, frame: ClientFrame) -> Vec<RelayFrame> {
        frames(&self.cause(frame))
    }

    /// Something happens; the frames that follow from it.
    pub(super) fn feed(&mut self, event: Event) -> Vec<RelayFrame> {
        frames(&self.feed_for_effects(event))
    }

    pub(super) fn feed_for_effects(&mut self, event: Event) -> Vec<Effect> {
        self.session.handle(self.now, event);
        self.effects()
    }

    /// It is the session's turn as soon as it asks for it.
    fn effects(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(effect) = self.session.poll_effect() {
            match effect {
                Effect::Admit => match self.logins.try_enter() {
                    Some(place) => self.session.handle(self.now, Event::Admitted(Ok(place))),
                    None => effects.push(Effect::Admit),
                },
                effect => effects.push(effect),
            }
        }
        effects
    }
}

pub(super) fn frames(effects: &[Effect]) -> Vec<RelayFrame> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Write(frame) => Some(decode(frame.encoding, &frame.payload).unwrap()),
            _ => None,
        })
        .collect()
}

pub(super) fn welcome(frames: &[RelayFrame]) -> &Welcome {
    match frames {
        [RelayFrame::Welcome(welcome)] => welcome,
        other => panic!("not a welcome: {other:?}"),
    }
}

/// The seqs of what was pushed.
pub(super) fn pushed(frames: &[RelayFrame]) -> Vec<u64> {
    frames
        .iter()
        .flat_map(|frame| match frame {
            RelayFrame::Push { entries, .. } => {
                entries.iter().map(|one| one.seq.get()).collect::<Vec<_>>()
            }
            other => panic!("not a push: {other:?}"),
        })
        .collect()
}

/// The code of the only refusal, and whether the session closed with it.
pub(super) fn refusal(effects: &[Effect]) -> (ErrorCode, bool) {
    let codes: Vec<_> = frames(effects)
        .into_iter()
        .filter_map(|frame| match frame {
            RelayFrame::Error { code, .. } => Some(code),
            _ => None,
        })
        .collect();
    let [code] = codes[..] else {
        panic!("not one refusal: {effects:?}")
    };
    let counted = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Count(counted) if *counted == code));
    assert!(counted, "{code} is not counted");
    let closed = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Close(closed) if *closed == code));
    assert_eq!(closed, code.close_code().is_some(), "{code}");
    (code, closed)
}
