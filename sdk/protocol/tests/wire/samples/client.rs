//! What a client says.

use seqline_protocol::{
    ClientFrame, Hello, Priority, PublicPlace, Resume, Secret, Send, Start, Target, VERSION,
};

use super::{CLUB, CONV, ESCAPES, HOUR_US, MAX, NOW_US, Sample, TOKEN, WORLD, name, named, number};

pub(crate) fn client() -> Vec<Sample<ClientFrame>> {
    let mut samples = hellos();
    samples.extend(sends());
    samples.extend(requests());
    samples.extend(signals());
    named(samples)
}

fn hellos() -> Vec<(&'static str, ClientFrame)> {
    let new_device = Hello {
        version: VERSION,
        token: Secret::new(TOKEN),
        device: name("k3vq8wz1"),
        host: "browser".to_owned(),
        platform: None,
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
        platform: Some(name("desktop")),
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
        key: None,
        replace: false,
        business: None,
        mentions: Vec::new(),
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
                send.key = Some(name("order-42"));
                send.replace = true;
                send.business = Some(name("order"));
                send.mentions = vec![name("bob"), name("@all")];
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
    let place = |after: u64, view: Option<&str>| PublicPlace {
        after: number(after),
        view: view.map(str::to_owned),
    };
    let pull = |req, after, limit, public| ClientFrame::Pull {
        req: number(req),
        after: number(after),
        limit,
        public,
        conv: None,
    };
    vec![
        ("pull", pull(1, 41, None, None)),
        (
            "pull: public mailbox",
            pull(1, 41, Some(200), Some(place(7, Some("x4k1")))),
        ),
        (
            "pull: public mailbox, whole list",
            pull(1, 41, Some(200), Some(place(0, None))),
        ),
        (
            "pull: public mailbox, more of a list",
            pull(1, 41, None, Some(place(6, Some("x4k1+")))),
        ),
        (
            "pull: largest numbers",
            pull(MAX, MAX, Some(u16::MAX), Some(place(MAX, Some(WORLD)))),
        ),
        (
            "pull: large conversation",
            ClientFrame::Pull {
                req: number(1),
                after: number(7),
                limit: Some(200),
                public: None,
                conv: Some(name(CLUB)),
            },
        ),
        (
            "call",
            ClientFrame::Call {
                req: number(8),
                method: "groups.create".to_owned(),
                params: r#"{"conv":"group:weekend~club","title":"Weekend club","users":["bob"]}"#
                    .to_owned(),
            },
        ),
        (
            "call: text of any kind",
            ClientFrame::Call {
                req: number(MAX),
                method: String::new(),
                params: ESCAPES.to_owned(),
            },
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
                conv: name(CLUB),
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
                token: Secret::new(TOKEN),
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
        priority: Priority::Normal,
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
        (
            "ephemeral: priority",
            ClientFrame::Ephemeral {
                to: Target::Conv(name("room:stage-1")),
                kind: name("like"),
                body: String::new(),
                priority: Priority::Low,
            },
        ),
        ("state", state(true, None)),
        ("state: foreground", state(false, None)),
        ("state: another interval", state(false, Some(37_500))),
        ("state: longest interval", state(true, Some(u32::MAX))),
        ("ping", ClientFrame::Ping { nonce: 9 }),
        ("ping: largest nonce", ClientFrame::Ping { nonce: u32::MAX }),
    ]
}

fn state(background: bool, interval_ms: Option<u32>) -> ClientFrame {
    ClientFrame::State {
        background,
        interval_ms,
    }
}
