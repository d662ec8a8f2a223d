//! The client's session: whatever happens to it, in whatever order, it does not panic, stays within
//! its bounds, and asks only for what makes sense.
//!
//! An input is choices: what happens next, and with which numbers.

mod relay_says;

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use seqline_core::{
    CallId, Command, Config, ConnId, Delivered, DeliveryId, Event, Input, NetworkKind, Now, Output,
    Session, StoreOp, WriteId,
};
use seqline_protocol::{
    ClientFrame, ClientMsgId, ConvId, ConvSeq, Encoded, Encoding, Kind, Priority, Send, Seq,
    Target, UserId, decode,
    limits::{
        CROWDS_PER_USER_MAX, FRAME_BYTES_MAX, INBOX_ENTRIES_MAX, OUTBOX_MESSAGES_MAX,
        PAGE_ENTRIES_MAX,
    },
};

/// What happens in one life.
const INPUTS_MAX: usize = 400;
/// What one input may ask for: all requests, messages and entries that can be waiting.
const OUTPUTS_MAX: usize = 10_000;

/// Lives one life.
pub fn run(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let mut life = Life::new();
    // It ends where the input does.
    for _ in 0..INPUTS_MAX {
        if choices.is_empty() || life.step(&mut choices).is_err() {
            break;
        }
    }
}

/// A device, as its host sees it.
struct Life {
    session: Session,
    encoding: Encoding,
    now: Now,
    store: BTreeMap<String, Vec<u8>>,
    /// A write that is under way.
    writing: Option<(WriteId, Vec<StoreOp>)>,
    /// What the app has in its hands.
    delivery: Option<(DeliveryId, usize)>,
    /// Sockets that were asked for and not closed.
    sockets: BTreeSet<ConnId>,
    last_socket: ConnId,
    unanswered: BTreeSet<CallId>,
    last_call: u32,
    wants_token: bool,
    /// The last place in the own timeline that the app was handed.
    handed: Option<Seq>,
}

impl Life {
    fn new() -> Self {
        let now = Now {
            mono_ms: 1_000,
            unix_ms: 1_700_000_000_000,
        };
        let mut life = Self {
            session: Session::new(config(Encoding::Binary), [7; 32], Vec::new(), now),
            encoding: Encoding::Binary,
            now,
            store: BTreeMap::new(),
            writing: None,
            delivery: None,
            sockets: BTreeSet::new(),
            last_socket: ConnId(0),
            unanswered: BTreeSet::new(),
            last_call: 0,
            wants_token: false,
            handed: None,
        };
        life.drain();
        life
    }

    /// One thing happens.
    fn step(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let choice = choices.int_in_range(0..=31u8)?;
        if choice == 31 {
            self.restart(choices)?;
            return Ok(());
        }
        let input = self.input(choice, choices)?;
        self.feed(input);
        Ok(())
    }

    fn input(&mut self, choice: u8, choices: &mut Unstructured<'_>) -> Result<Input> {
        Ok(match choice {
            0 => Input::Connect,
            1 => Input::Disconnect,
            2 | 3 => {
                self.wants_token = false;
                Input::Token("token".to_owned().into())
            }
            4 => {
                self.wants_token = false;
                Input::TokenFailed("no".to_owned())
            }
            5 | 6 => Input::Opened(self.socket(choices)?),
            7 => {
                let conn = self.socket(choices)?;
                self.sockets.remove(&conn);
                let code = choices.arbitrary()?;
                Input::Closed { conn, code }
            }
            8 | 9 => {
                self.pass(choices)?;
                Input::Timeout
            }
            10 => Input::Online(choices.arbitrary()?),
            11 => Input::Network(*choices.choose(&[
                NetworkKind::Unknown,
                NetworkKind::Wifi,
                NetworkKind::Cellular,
                NetworkKind::Ethernet,
            ])?),
            12 => Input::Background(choices.arbitrary()?),
            13 => Input::Probe,
            14 | 15 => match self.delivery.take() {
                Some((id, _)) => Input::Taken(id),
                None => Input::Taken(DeliveryId(choices.arbitrary()?)),
            },
            16 => match self.delivery.take() {
                Some((delivery, count)) => Input::Refused {
                    delivery,
                    taken: choices.int_in_range(0..=count)?,
                },
                None => Input::Refused {
                    delivery: DeliveryId(choices.arbitrary()?),
                    taken: choices.int_in_range(0..=9)?,
                },
            },
            17 | 18 => match self.writing.take() {
                Some((id, ops)) => {
                    self.keep(ops);
                    Input::Persisted(id)
                }
                None => Input::Persisted(WriteId(choices.arbitrary()?)),
            },
            19 => match self.writing.take() {
                Some((id, _)) => Input::PersistFailed(id, "full".to_owned()),
                None => Input::PersistFailed(WriteId(choices.arbitrary()?), "full".to_owned()),
            },
            20..=22 => {
                self.last_call += 1;
                let id = CallId(self.last_call);
                self.unanswered.insert(id);
                Input::Call(id, command(choices)?)
            }
            23 => {
                let length = choices.int_in_range(0..=64)?;
                let bytes = choices.bytes(length)?.to_vec();
                let payload = match String::from_utf8(bytes) {
                    Ok(text) if choices.arbitrary()? => Encoded::Text(text),
                    Ok(text) => Encoded::Binary(text.into_bytes()),
                    Err(error) => Encoded::Binary(error.into_bytes()),
                };
                Input::Received(self.socket(choices)?, payload)
            }
            _ => {
                let frame = relay_says::frame(choices)?;
                Input::Received(self.socket(choices)?, frame)
            }
        })
    }

    /// Mostly the newest one, as it would be.
    fn socket(&self, choices: &mut Unstructured<'_>) -> Result<ConnId> {
        Ok(match choices.ratio(1, 16)? {
            true => ConnId(choices.int_in_range(0..=self.last_socket.0)?),
            false => self.last_socket,
        })
    }

    /// Some time; or a calendar that is set, and a machine that slept.
    fn pass(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let ms = u64::from(*choices.choose(&[0u32, 1, 500, 10_000, 60_000, 3_600_000])?);
        self.now.mono_ms += ms;
        self.now.unix_ms = match choices.int_in_range(0..=7u8)? {
            0 => self.now.unix_ms.saturating_sub(86_400_000),
            1 => self.now.unix_ms + 86_400_000,
            _ => self.now.unix_ms + ms,
        };
        Ok(())
    }

    /// The process ends at any moment, and another one goes on from what is kept.
    fn restart(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        if let Some((_, ops)) = self.writing.take()
            && choices.arbitrary()?
        {
            self.keep(ops);
        }
        self.encoding = *choices.choose(&[Encoding::Binary, Encoding::Text])?;
        let mut stored: Vec<_> = self.store.clone().into_iter().collect();
        if choices.ratio(1, 8)?
            && let Some((_, value)) = stored.last_mut()
        {
            // A record that something else has damaged.
            value.truncate(choices.int_in_range(0..=value.len())?);
        }
        self.now.mono_ms = 1_000;
        self.session = Session::new(config(self.encoding), [8; 32], stored, self.now);
        self.delivery = None;
        self.sockets.clear();
        self.last_socket = ConnId(0);
        self.unanswered.clear();
        self.wants_token = false;
        self.handed = None;
        self.drain();
        Ok(())
    }

    fn feed(&mut self, input: Input) {
        let before = self.session.stats().cursor;
        let takes = matches!(input, Input::Taken(_) | Input::Refused { .. });
        let hears = matches!(input, Input::Received(..));
        self.session.handle(self.now, input);
        self.drain();
        let stats = self.session.stats();
        assert!(
            takes || hears || stats.cursor <= before,
            "the cursor moves from {before:?} to {:?}, and nobody took anything",
            stats.cursor
        );
        assert!(stats.outbox <= OUTBOX_MESSAGES_MAX);
        assert!(stats.crowds <= CROWDS_PER_USER_MAX);
        // What came while there was room may be one page more.
        assert!(
            stats.inbox <= INBOX_ENTRIES_MAX + PAGE_ENTRIES_MAX * 2,
            "{stats:?}"
        );
    }

    fn drain(&mut self) {
        for count in 0.. {
            let Some(output) = self.session.poll_output() else {
                return;
            };
            assert!(count < OUTPUTS_MAX, "it never stops: {output:?}");
            self.done(output);
        }
    }

    /// Does what is asked for, and finds fault with it.
    fn done(&mut self, output: Output) {
        match output {
            Output::FetchToken(_) => self.wants_token = true,
            Output::Connect(conn) => {
                assert!(self.sockets.is_empty(), "a second socket");
                self.sockets.insert(conn);
                self.last_socket = conn;
            }
            Output::Write(conn, payload) => {
                assert_eq!(conn, self.last_socket);
                assert!(self.sockets.contains(&conn), "writes to a closed socket");
                let bytes = payload.as_bytes();
                assert!(bytes.len() <= FRAME_BYTES_MAX);
                assert_eq!(payload.encoding(), self.encoding);
                decode::<ClientFrame>(self.encoding, bytes).expect("a frame");
            }
            Output::Close { conn, code, .. } => {
                assert!(code == 1000 || (4000..5000).contains(&code));
                self.sockets.remove(&conn);
            }
            Output::Persist(id, ops) => {
                assert!(self.writing.is_none(), "two writes at a time");
                assert!(!ops.is_empty(), "a write of nothing");
                self.writing = Some((id, ops));
            }
            Output::Deliver(id, events) => {
                assert!(self.delivery.is_none(), "two deliveries at a time");
                assert!(!events.is_empty(), "a delivery of nothing");
                self.delivery = Some((id, events.len()));
                self.handed(&events);
            }
            Output::Answer(id, _) => {
                assert!(self.unanswered.remove(&id), "{id:?} is answered twice");
            }
            Output::Emit(Event::Error { .. } | _) | Output::WakeAt(_) => {}
        }
    }

    /// Within a delivery, places of the own timeline ascend.
    fn handed(&mut self, events: &[Delivered]) {
        let mut last = None;
        for event in events {
            if let Delivered::Reset { .. } = event {
                last = None;
            } else if let Some(seq) = own_place(event) {
                assert!(
                    last.is_none_or(|last| last < seq),
                    "out of order: {events:?}"
                );
                last = Some(seq);
            }
        }
        self.handed = last.or(self.handed);
    }

    fn keep(&mut self, ops: Vec<StoreOp>) {
        for op in ops {
            match op {
                StoreOp::Put(key, value) => self.store.insert(key, value),
                StoreOp::Delete(key) => self.store.remove(&key),
            };
        }
    }
}

fn own_place(event: &Delivered) -> Option<Seq> {
    match event {
        Delivered::Message { seq, crowd, .. }
        | Delivered::Recall { seq, crowd, .. }
        | Delivered::Edit { seq, crowd, .. }
        | Delivered::Group { seq, crowd, .. } => (!crowd).then_some(*seq),
        Delivered::Receipt { seq, .. }
        | Delivered::Read { seq, .. }
        | Delivered::Delete { seq, .. }
        | Delivered::Seen { seq, .. } => Some(*seq),
        Delivered::Public { .. } | Delivered::Reset { .. } => None,
    }
}

fn config(encoding: Encoding) -> Config {
    Config {
        encoding,
        ..Config::default()
    }
}

fn command(choices: &mut Unstructured<'_>) -> Result<Command> {
    let id = message_id(choices)?;
    Ok(match choices.int_in_range(0..=12u8)? {
        0 => Command::Retry { client_msg_id: id },
        1 => Command::Discard { client_msg_id: id },
        2 => Command::History {
            conv: conversation(choices)?,
            before: None,
            after: choices.arbitrary::<Option<u16>>()?.map(position),
            limit: choices.arbitrary()?,
        },
        3 => Command::Conversations {
            page: None,
            limit: choices.arbitrary()?,
        },
        4 => Command::Read {
            conv: conversation(choices)?,
            conv_seq: position(choices.arbitrary()?),
        },
        5 => Command::Recall {
            conv: conversation(choices)?,
            conv_seq: position(choices.arbitrary()?),
        },
        6 => Command::Ephemeral {
            to: target(choices)?,
            kind: Kind::text(),
            body: "typing".to_owned(),
            priority: Priority::Normal,
        },
        7 => Command::Call {
            method: "users.get".to_owned(),
            params: "{}".to_owned(),
            repeatable: choices.arbitrary()?,
        },
        _ => Command::Send(Send {
            client_msg_id: id,
            to: target(choices)?,
            kind: Kind::text(),
            body: "x".repeat(*choices.choose(&[0, 1, 100, 40_000])?),
            priority: Priority::Normal,
            expires_us: None,
            key: None,
            replace: false,
            business: None,
            mentions: Vec::new(),
        }),
    })
}

/// Few, so that they meet.
fn message_id(choices: &mut Unstructured<'_>) -> Result<ClientMsgId> {
    let number = choices.int_in_range(0..=15u8)?;
    Ok(ClientMsgId::new(format!("m-{number}")).expect("an id"))
}

fn conversation(choices: &mut Unstructured<'_>) -> Result<ConvId> {
    let names = ["dm:alice:bob", "group:team", "group:crowd"];
    Ok(ConvId::new(*choices.choose(&names)?).expect("an id"))
}

fn target(choices: &mut Unstructured<'_>) -> Result<Target> {
    Ok(match choices.arbitrary()? {
        true => Target::User(UserId::new("bob").expect("a name")),
        false => Target::Conv(conversation(choices)?),
    })
}

fn position(number: u16) -> ConvSeq {
    ConvSeq::saturating(u64::from(number))
}
