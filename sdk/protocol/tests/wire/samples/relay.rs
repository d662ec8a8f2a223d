//! What a relay says.

use std::fmt::Debug;

use seqline_protocol::{
    Conversation, Crowd, Entry, ErrorCode, Heartbeat, HeartbeatBounds, Item, KickReason, Message,
    Priority, Receipt, RelayFrame, ResetReason, ServerLimits, VERSION, Welcome,
};

use super::{
    CLUB, CONV, HOUR_US, MAX, NOW_US, Sample, WORLD, groups::group_changes, name, named, number,
    public::public_pages,
};

pub(crate) fn relay() -> Vec<Sample<RelayFrame>> {
    let mut samples = welcomes();
    samples.extend(deliveries());
    samples.extend(public_pages());
    samples.extend(live());
    samples.extend(answers());
    let mut samples = named(samples);
    samples.extend(endings());
    samples.extend(errors());
    samples
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
        pub_head: number(7),
        pub_view: "x4k1".to_owned(),
        pub_refresh_ms: Some(600_000),
        now_us: number(NOW_US),
        token_expires_us: number(NOW_US + HOUR_US),
        heartbeat: Heartbeat::default(),
        limits: ServerLimits::default(),
        crowds: Vec::new(),
    };
    let crowd = |conv, after, floor, head| Crowd {
        conv: name(conv),
        after: number(after),
        floor: number(floor),
        head: number(head),
    };
    let with_crowds = Welcome {
        crowds: vec![
            crowd("channel:news", 0, 31, 240),
            crowd(CLUB, 7, 1, 512),
            crowd("group:largest", MAX, MAX, MAX),
        ],
        ..plain.clone()
    };
    let reset = |reason, epoch: u64| {
        RelayFrame::Welcome(Welcome {
            epoch: number(epoch),
            cursor: plain.head,
            reset: Some(reason),
            ..plain.clone()
        })
    };
    let nothing_public = Welcome {
        pub_head: number(0),
        pub_view: String::new(),
        pub_refresh_ms: None,
        ..plain.clone()
    };
    let largest = Welcome {
        version: u16::MAX,
        epoch: number(MAX),
        head: number(MAX),
        cursor: number(MAX),
        pub_head: number(MAX),
        pub_view: WORLD.to_owned(),
        pub_refresh_ms: Some(MAX),
        now_us: number(MAX),
        token_expires_us: number(MAX),
        heartbeat: Heartbeat {
            interval_ms: u32::MAX,
            background_interval_ms: u32::MAX,
            bounds: Some(HeartbeatBounds {
                interval_ms_min: u32::MAX,
                interval_ms_max: u32::MAX,
                background_interval_ms_max: u32::MAX,
            }),
        },
        limits: ServerLimits {
            frame_bytes_max: u32::MAX,
            body_bytes_max: u32::MAX,
            page_entries_max: u16::MAX,
            send_window: u16::MAX,
        },
        ..plain.clone()
    };
    let steady_heartbeat = Welcome {
        heartbeat: Heartbeat {
            bounds: None,
            ..plain.heartbeat
        },
        ..plain.clone()
    };
    vec![
        ("welcome", RelayFrame::Welcome(plain.clone())),
        (
            "welcome: no bounds of the heartbeat",
            RelayFrame::Welcome(steady_heartbeat),
        ),
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
        (
            "welcome: large conversations",
            RelayFrame::Welcome(with_crowds),
        ),
        (
            "welcome: nothing public",
            RelayFrame::Welcome(nothing_public),
        ),
        ("welcome: largest numbers", RelayFrame::Welcome(largest)),
    ]
}

/// A message as devices get it.
fn message() -> Message {
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
        key: None,
        replaces: None,
        replaced: false,
        business: None,
        mentions: Vec::new(),
        edited_us: None,
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
        key: Some(name("order-42")),
        replaces: Some(number(MAX)),
        business: Some(name("order")),
        mentions: vec![name("alice"), name("@all")],
        edited_us: Some(number(MAX)),
        ..message()
    };
    let replaced = Message {
        body: String::new(),
        key: Some(name("order-42")),
        replaced: true,
        ..message()
    };
    let edited = Message {
        body: "Dinner at nine?".to_owned(),
        edited_us: Some(number(NOW_US + 1)),
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
        Item::Message(replaced),
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
        Item::Edit(edited),
        Item::Delete {
            conv: name(CONV),
            conv_seq: number(17),
        },
        Item::Crowd {
            conv: name(CLUB),
            after: Some(number(7)),
        },
        Item::Crowd {
            conv: name(CLUB),
            after: None,
        },
        Item::Seen {
            broadcast: number(3),
            opened: false,
        },
        Item::Seen {
            broadcast: number(3),
            opened: true,
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
        public: None,
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
                conv: None,
            },
        ),
        (
            "push: large conversation",
            RelayFrame::Push {
                entries: entries(vec![Item::Message(Message {
                    conv: name(CLUB),
                    ..message()
                })]),
                conv: Some(name(CLUB)),
            },
        ),
        (
            "push: every change of a group",
            RelayFrame::Push {
                entries: entries(group_changes().into_iter().map(Item::Group).collect()),
                conv: None,
            },
        ),
        (
            "push: every item",
            RelayFrame::Push {
                entries: entries(items()),
                conv: None,
            },
        ),
        (
            "push: largest seq",
            RelayFrame::Push {
                entries: vec![last_entry],
                conv: None,
            },
        ),
        (
            "notify",
            RelayFrame::Notify {
                head: number(1044),
                pub_head: number(0),
                conv: None,
            },
        ),
        (
            "notify: large conversation",
            RelayFrame::Notify {
                head: number(513),
                pub_head: number(0),
                conv: Some(name(CLUB)),
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
    ]
}

fn live() -> Vec<(&'static str, RelayFrame)> {
    vec![
        (
            "ephemeral",
            RelayFrame::Ephemeral {
                conv: name(CONV),
                sender: name("bob"),
                kind: name("typing"),
                body: "{}".to_owned(),
            },
        ),
        (
            "event: presence",
            RelayFrame::Event {
                name: name("presence"),
                value: format!(
                    r#"{{"users":[{{"user":"bob","online":false,"last_seen_us":{NOW_US}}}]}}"#
                ),
            },
        ),
        (
            "event: room",
            RelayFrame::Event {
                name: name("room"),
                value: room(),
            },
        ),
    ]
}

fn room() -> String {
    format!(
        r#"{{"conv":"room:stage-1","online":1204,"messages":[{{"sender":"bob","kind":"text","body":"Encore!","priority":"normal","at_us":{NOW_US}}}],"dropped":3}}"#
    )
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
            "result",
            RelayFrame::Result {
                req: number(8),
                value: r#"{"conv":"group:weekend~club"}"#.to_owned(),
            },
        ),
        (
            "result: nothing to say",
            RelayFrame::Result {
                req: number(MAX),
                value: "{}".to_owned(),
            },
        ),
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
        title: None,
        mentioned: None,
        crowd: false,
    };
    let club = Conversation {
        conv: name(CLUB),
        last: Some(Message {
            conv: name(CLUB),
            ..message()
        }),
        receipts: Vec::new(),
        title: Some("Weekend club".to_owned()),
        mentioned: Some(number(16)),
        crowd: true,
        ..with_bob.clone()
    };
    let all_expired = Conversation {
        conv: name("dm:alice:alice"),
        head: number(MAX),
        last: None,
        unread: 0,
        read: number(MAX),
        receipts: Vec::new(),
        active_us: number(NOW_US - HOUR_US),
        title: None,
        mentioned: None,
        crowd: false,
    };
    RelayFrame::Conversations {
        req: number(5),
        conversations: vec![with_bob, club, all_expired],
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
            conv: None,
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
    let crowd_reset = RelayFrame::Reset {
        reason: ResetReason::BelowFloor,
        epoch: number(1),
        head: number(512),
        conv: Some(name(CLUB)),
    };
    let crowd_reset = ("reset: large conversation".to_owned(), crowd_reset);
    resets
        .into_iter()
        .chain([crowd_reset])
        .chain(kicks)
        .chain([goaway])
        .collect()
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
