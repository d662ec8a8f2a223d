//! One frame of each kind, and of each interesting variant: what the golden vectors hold.

use std::fmt::Debug;

use seqline_protocol::{
    Broadcast, BroadcastChange, BroadcastOp, ClientFrame, Conversation, Entry, ErrorCode,
    Heartbeat, Hello, Item, KickReason, Message, Priority, Receipt, RelayFrame, ResetReason,
    Resume, Send, ServerLimits, Start, Target, VERSION, Welcome, limits::SAFE_INTEGER_MAX,
};
use serde::de::{
    DeserializeOwned, IntoDeserializer,
    value::{Error, StrDeserializer, U64Deserializer},
};

/// A name, and the frame that has it in the vectors.
pub(crate) type Sample<F> = (String, F);

pub(crate) const NOW_US: u64 = 1_795_248_000_123_456;
const HOUR_US: u64 = 3_600_000_000;
const MAX: u64 = SAFE_INTEGER_MAX;
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJhcHAiOiJkZW1vIn0.c2lnbmF0dXJl";
const CONV: &str = "dm:alice:bob";
/// What an encoder may get wrong: escapes, and what JavaScript once could not read.
const ESCAPES: &str = "\u{0}\u{1f}\u{7f}\"\\/\u{8}\u{c}\n\r\t\u{2028}\u{2029}\u{feff}</script>";
const WORLD: &str = "你好,世界 👋🏽 — naïve ﷽ 👨‍👩‍👧‍👦";

/// Any of the newtypes of text.
pub(crate) fn name<T: DeserializeOwned>(text: &str) -> T {
    let text: StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(text).expect("a valid text")
}

/// Any of the newtypes of integers.
pub(crate) fn number<T: DeserializeOwned>(value: u64) -> T {
    let value: U64Deserializer<Error> = value.into_deserializer();
    T::deserialize(value).expect("a valid number")
}

pub(crate) fn client() -> Vec<Sample<ClientFrame>> {
    let mut samples = hellos();
    samples.extend(sends());
    samples.extend(requests());
    samples.extend(signals());
    named(samples)
}

pub(crate) fn relay() -> Vec<Sample<RelayFrame>> {
    let mut samples = welcomes();
    samples.extend(deliveries());
    samples.extend(answers());
    let mut samples = named(samples);
    samples.extend(endings());
    samples.extend(errors());
    samples
}

fn named<F>(samples: Vec<(&str, F)>) -> Vec<Sample<F>> {
    samples
        .into_iter()
        .map(|(name, frame)| (name.to_owned(), frame))
        .collect()
}

fn hellos() -> Vec<(&'static str, ClientFrame)> {
    let new_device = Hello {
        version: VERSION,
        token: TOKEN.to_owned(),
        device: name("k3vq8wz1"),
        host: "browser".to_owned(),
        app_version: None,
        resume: None,
        start: Start::Oldest,
        background: false,
    };
    let resume = Resume {
        epoch: number(1),
        cursor: number(41),
    };
    let all = Hello {
        app_version: Some("2.4.0".to_owned()),
        start: Start::Newest,
        background: true,
        resume: Some(Resume {
            epoch: number(MAX),
            cursor: number(MAX),
        }),
        ..new_device.clone()
    };
    let resuming = Hello {
        resume: Some(resume),
        ..new_device.clone()
    };
    vec![
        ("hello", ClientFrame::Hello(new_device)),
        ("hello: resume", ClientFrame::Hello(resuming)),
        ("hello: all fields", ClientFrame::Hello(all)),
    ]
}

fn sends() -> Vec<(&'static str, ClientFrame)> {
    let plain = Send {
        client_msg_id: name("m-7f3a"),
        to: Target::User(name("bob")),
        kind: name("text"),
        body: "Dinner at eight?".to_owned(),
        priority: Priority::Normal,
        expires_us: None,
    };
    let with = |change: fn(&mut Send)| {
        let mut send = plain.clone();
        change(&mut send);
        ClientFrame::Send(send)
    };
    vec![
        ("send", ClientFrame::Send(plain.clone())),
        (
            "send: all fields",
            with(|send| {
                send.to = Target::Conv(name(CONV));
                send.kind = name("app.card-v2_x");
                send.body = r#"{"title":"Friday","guests":["bob"]}"#.to_owned();
                send.priority = Priority::High;
                send.expires_us = Some(number(NOW_US + HOUR_US));
            }),
        ),
        (
            "send: low priority, empty body",
            with(|send| {
                send.priority = Priority::Low;
                send.body.clear();
            }),
        ),
        (
            "send: scripts and emoji",
            with(|send| send.body = WORLD.to_owned()),
        ),
        (
            "send: characters that need care",
            with(|send| send.body = ESCAPES.to_owned()),
        ),
        (
            "send: every character of an id",
            with(|send| send.client_msg_id = name("azAZ09._-@+=~")),
        ),
        (
            "send: largest time",
            with(|send| send.expires_us = Some(number(MAX))),
        ),
    ]
}

fn requests() -> Vec<(&'static str, ClientFrame)> {
    let history = |before: Option<u64>, after: Option<u64>, limit| ClientFrame::History {
        req: number(4),
        conv: name(CONV),
        before: before.map(number),
        after: after.map(number),
        limit,
    };
    let pull = |req, after, limit, pub_after: Option<u64>| ClientFrame::Pull {
        req: number(req),
        after: number(after),
        limit,
        pub_after: pub_after.map(number),
    };
    vec![
        ("pull", pull(1, 41, None, None)),
        ("pull: public mailbox", pull(1, 41, Some(200), Some(0))),
        (
            "pull: largest numbers",
            pull(MAX, MAX, Some(u16::MAX), Some(MAX)),
        ),
        (
            "read",
            ClientFrame::Read {
                req: number(2),
                conv: name(CONV),
                conv_seq: number(17),
            },
        ),
        (
            "recall",
            ClientFrame::Recall {
                req: number(3),
                conv: name(CONV),
                conv_seq: number(17),
            },
        ),
        ("history", history(None, None, None)),
        ("history: before", history(Some(17), None, Some(20))),
        ("history: after", history(None, Some(17), Some(20))),
        ("history: all fields", history(Some(MAX), Some(0), Some(1))),
        (
            "history: group",
            ClientFrame::History {
                req: number(4),
                conv: name("group:weekend~club"),
                before: None,
                after: None,
                limit: None,
            },
        ),
        (
            "conversations",
            ClientFrame::Conversations {
                req: number(5),
                page: None,
                limit: None,
            },
        ),
        (
            "conversations: next page",
            ClientFrame::Conversations {
                req: number(6),
                page: Some("1795248000123456-7".to_owned()),
                limit: Some(100),
            },
        ),
        (
            "refresh",
            ClientFrame::Refresh {
                req: number(7),
                token: TOKEN.to_owned(),
            },
        ),
    ]
}

fn signals() -> Vec<(&'static str, ClientFrame)> {
    let ack = |cursor| ClientFrame::Ack {
        cursor: number(cursor),
    };
    let typing = |to| ClientFrame::Ephemeral {
        to,
        kind: name("typing"),
        body: "{}".to_owned(),
    };
    vec![
        ("ack", ack(44)),
        ("ack: nothing yet", ack(0)),
        ("ack: largest seq", ack(MAX)),
        ("ephemeral", typing(Target::User(name("bob")))),
        (
            "ephemeral: conversation",
            typing(Target::Conv(name("room:stage-1"))),
        ),
        ("state", ClientFrame::State { background: true }),
        (
            "state: foreground",
            ClientFrame::State { background: false },
        ),
        ("ping", ClientFrame::Ping { nonce: 9 }),
        ("ping: largest nonce", ClientFrame::Ping { nonce: u32::MAX }),
    ]
}

fn welcomes() -> Vec<(&'static str, RelayFrame)> {
    let plain = Welcome {
        version: VERSION,
        session: "s-2f9c81".to_owned(),
        app: name("demo"),
        user: name("alice"),
        epoch: number(1),
        head: number(44),
        cursor: number(41),
        reset: None,
        pub_head: number(0),
        now_us: number(NOW_US),
        token_expires_us: number(NOW_US + HOUR_US),
        heartbeat: Heartbeat::default(),
        limits: ServerLimits::default(),
    };
    let reset = |reason, epoch: u64| {
        RelayFrame::Welcome(Welcome {
            epoch: number(epoch),
            cursor: plain.head,
            reset: Some(reason),
            ..plain.clone()
        })
    };
    let largest = Welcome {
        version: u16::MAX,
        epoch: number(MAX),
        head: number(MAX),
        cursor: number(MAX),
        pub_head: number(MAX),
        now_us: number(MAX),
        token_expires_us: number(MAX),
        heartbeat: Heartbeat {
            interval_ms: u32::MAX,
            background_interval_ms: u32::MAX,
        },
        limits: ServerLimits {
            frame_bytes_max: u32::MAX,
            body_bytes_max: u32::MAX,
            page_entries_max: u16::MAX,
            send_window: u16::MAX,
        },
        ..plain.clone()
    };
    vec![
        ("welcome", RelayFrame::Welcome(plain.clone())),
        (
            "welcome: another epoch",
            reset(ResetReason::EpochChanged, 2),
        ),
        (
            "welcome: below the floor",
            reset(ResetReason::BelowFloor, 1),
        ),
        (
            "welcome: ahead of the head",
            reset(ResetReason::AheadOfHead, 1),
        ),
        ("welcome: largest numbers", RelayFrame::Welcome(largest)),
    ]
}

/// A message as devices get it.
pub(crate) fn message() -> Message {
    Message {
        msg_id: number(9001),
        client_msg_id: name("m-7f3a"),
        sender: name("alice"),
        conv: name(CONV),
        conv_seq: number(17),
        kind: name("text"),
        body: "Dinner at eight?".to_owned(),
        priority: Priority::Normal,
        created_us: number(NOW_US),
        expires_us: None,
        recalled: false,
    }
}

fn receipt() -> Receipt {
    Receipt {
        conv: name(CONV),
        user: name("bob"),
        delivered: number(17),
        read: number(15),
    }
}

fn items() -> Vec<Item> {
    let all_fields = Message {
        sender: name("bob"),
        client_msg_id: name("b-11"),
        msg_id: number(MAX),
        conv_seq: number(MAX),
        kind: name("app.card-v2_x"),
        body: WORLD.to_owned(),
        priority: Priority::High,
        expires_us: Some(number(MAX)),
        ..message()
    };
    let recalled = Message {
        body: String::new(),
        priority: Priority::Low,
        recalled: true,
        ..message()
    };
    vec![
        Item::Message(message()),
        Item::Message(all_fields),
        Item::Message(recalled),
        Item::Receipt(receipt()),
        Item::Read {
            conv: name(CONV),
            conv_seq: number(17),
        },
        Item::Recall {
            conv: name(CONV),
            conv_seq: number(17),
            msg_id: number(9001),
            by: name("alice"),
        },
    ]
}

fn entries(items: Vec<Item>) -> Vec<Entry> {
    (42..)
        .zip(items)
        .map(|(seq, item)| Entry {
            seq: number(seq),
            item,
        })
        .collect()
}

fn deliveries() -> Vec<(&'static str, RelayFrame)> {
    let sent = |duplicate| RelayFrame::Sent {
        client_msg_id: name("m-7f3a"),
        msg_id: number(9001),
        conv: name(CONV),
        conv_seq: number(17),
        seq: number(42),
        created_us: number(NOW_US),
        duplicate,
    };
    let page = |entries, head| RelayFrame::Page {
        req: number(1),
        entries,
        head: number(head),
        broadcasts: Vec::new(),
        pub_cursor: None,
        pub_head: None,
    };
    let last_entry = Entry {
        seq: number(MAX),
        item: Item::Message(message()),
    };
    vec![
        ("sent", sent(false)),
        ("sent: duplicate", sent(true)),
        (
            "push",
            RelayFrame::Push {
                entries: entries(vec![Item::Message(message())]),
            },
        ),
        (
            "push: every item",
            RelayFrame::Push {
                entries: entries(items()),
            },
        ),
        (
            "push: largest seq",
            RelayFrame::Push {
                entries: vec![last_entry],
            },
        ),
        (
            "notify",
            RelayFrame::Notify {
                head: number(1044),
                pub_head: number(0),
            },
        ),
        (
            "page",
            page(
                entries(vec![Item::Message(message()), Item::Receipt(receipt())]),
                44,
            ),
        ),
        ("page: empty", page(Vec::new(), 41)),
        (
            "page: public mailbox",
            RelayFrame::Page {
                req: number(1),
                entries: Vec::new(),
                head: number(41),
                broadcasts: broadcasts(),
                pub_cursor: Some(number(7)),
                pub_head: Some(number(MAX)),
            },
        ),
        (
            "ephemeral",
            RelayFrame::Ephemeral {
                conv: name(CONV),
                sender: name("bob"),
                kind: name("typing"),
                body: "{}".to_owned(),
            },
        ),
    ]
}

fn broadcasts() -> Vec<BroadcastChange> {
    let first = Broadcast {
        id: number(3),
        version: 1,
        kind: name("text"),
        title: "Maintenance on Sunday".to_owned(),
        body: "From two to three in the morning.".to_owned(),
        published_us: number(NOW_US),
        expires_us: None,
    };
    let changed = Broadcast {
        version: 2,
        body: "Put off by a week.".to_owned(),
        expires_us: Some(number(NOW_US + HOUR_US)),
        ..first.clone()
    };
    let change = |pub_seq, op, broadcast| BroadcastChange {
        pub_seq: number(pub_seq),
        id: number(3),
        op,
        broadcast,
    };
    vec![
        change(4, BroadcastOp::Published, Some(first)),
        change(6, BroadcastOp::Changed, Some(changed)),
        change(7, BroadcastOp::Withdrawn, None),
    ]
}

fn answers() -> Vec<(&'static str, RelayFrame)> {
    let history = |messages, more| RelayFrame::History {
        req: number(4),
        conv: name(CONV),
        messages,
        more,
    };
    vec![
        ("history", history(vec![message()], true)),
        ("history: empty", history(Vec::new(), false)),
        ("conversations", conversations()),
        (
            "conversations: empty",
            RelayFrame::Conversations {
                req: number(5),
                conversations: Vec::new(),
                next: None,
            },
        ),
        ("done", RelayFrame::Done { req: number(2) }),
        (
            "refreshed",
            RelayFrame::Refreshed {
                req: number(7),
                token_expires_us: number(NOW_US + 2 * HOUR_US),
            },
        ),
        (
            "pong",
            RelayFrame::Pong {
                nonce: 9,
                now_us: number(NOW_US),
            },
        ),
    ]
}

fn conversations() -> RelayFrame {
    let with_bob = Conversation {
        conv: name(CONV),
        head: number(17),
        last: Some(message()),
        unread: 2,
        read: number(15),
        receipts: vec![receipt()],
        active_us: number(NOW_US),
    };
    let all_expired = Conversation {
        conv: name("dm:alice:alice"),
        head: number(MAX),
        last: None,
        unread: 0,
        read: number(MAX),
        receipts: Vec::new(),
        active_us: number(NOW_US - HOUR_US),
    };
    RelayFrame::Conversations {
        req: number(5),
        conversations: vec![with_bob, all_expired],
        next: Some("1795248000123456-7".to_owned()),
    }
}

fn endings() -> Vec<Sample<RelayFrame>> {
    let resets = [
        ResetReason::EpochChanged,
        ResetReason::BelowFloor,
        ResetReason::AheadOfHead,
    ]
    .map(|reason| {
        let frame = RelayFrame::Reset {
            reason,
            epoch: number(2),
            head: number(44),
        };
        (in_words("reset", &reason), frame)
    });
    let kicks = [
        KickReason::Replaced,
        KickReason::DevicePolicy,
        KickReason::SessionEnded,
    ]
    .map(|reason| {
        let frame = RelayFrame::Kick {
            reason,
            message: "this device connected again".to_owned(),
        };
        (in_words("kick", &reason), frame)
    });
    let goaway = RelayFrame::Goaway {
        after_ms: 1_000,
        window_ms: 30_000,
    };
    let goaway = ("goaway".to_owned(), goaway);
    resets.into_iter().chain(kicks).chain([goaway]).collect()
}

fn errors() -> Vec<Sample<RelayFrame>> {
    let error = |code: ErrorCode| RelayFrame::Error {
        code,
        message: format!("why {code} came, and what to do"),
        retryable: code.is_retryable(),
        req: None,
        client_msg_id: None,
        retry_after_ms: None,
    };
    let mut samples: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| (format!("error: {code}"), error(*code)))
        .collect();
    samples.push((
        "error: of a send".to_owned(),
        RelayFrame::Error {
            code: ErrorCode::BodyTooLarge,
            message: "a body has at most 32768 bytes, this one has 40000".to_owned(),
            retryable: false,
            req: None,
            client_msg_id: Some(name("m-7f3a")),
            retry_after_ms: None,
        },
    ));
    samples.push((
        "error: of a request".to_owned(),
        RelayFrame::Error {
            code: ErrorCode::ConversationUnknown,
            message: "no such conversation, or you take no part in it".to_owned(),
            retryable: false,
            req: Some(number(4)),
            client_msg_id: None,
            retry_after_ms: None,
        },
    ));
    samples.push((
        "error: with a time to wait".to_owned(),
        RelayFrame::Error {
            code: ErrorCode::RateLimited,
            message: "too many frames; wait".to_owned(),
            retryable: true,
            req: None,
            client_msg_id: None,
            retry_after_ms: Some(5_000),
        },
    ));
    samples
}

/// `EpochChanged` of a reset as `reset: epoch changed`.
fn in_words(frame: &str, reason: &impl Debug) -> String {
    let mut words = format!("{frame}:");
    for c in format!("{reason:?}").chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}
