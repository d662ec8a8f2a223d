//! Devices that take nothing while messages come for them.

use std::sync::Arc;

use seqline_protocol::{
    AppId, ClientFrame, Entry, Epoch, Item, RelayFrame, RequestId, Seq, limits::FRAME_BYTES_MAX,
};
use seqline_relay::{
    admission::admit,
    api::{Authority, Caller, Place, call},
    app::App,
    assembly::{Assembled, assemble},
    connection::Connection,
    limits::{OUTGOING_BYTES_MAX, OUTGOING_FRAMES_MAX},
    store::memory::MemoryStore,
};
use serde_json::json;

use super::line::Line;
use crate::support::{Client, parts, token};

const SLOW: usize = 60;
const QUICK: usize = 3;

async fn relay() -> Assembled {
    let parts = parts();
    let epoch = Epoch::new(1).unwrap();
    let store = MemoryStore::new(parts.commit_rules(), epoch);
    assemble(parts, Arc::new(store)).await
}

/// An open session.
async fn open(app: &Arc<App>, user: &str) -> Line {
    let line = Line::default();
    let membership = admit(app).unwrap_or_else(|error| panic!("{}", error.message));
    tokio::spawn(Connection::new(Arc::clone(app), line.wire(), membership).run());
    let hello = Client::hello_of(&token(user), "phone", None);
    line.say(&ClientFrame::Hello(hello));
    assert!(matches!(line.next().await, RelayFrame::Welcome(_)));
    line
}

async fn ask(app: &Arc<App>, method: &str, params: serde_json::Value) {
    let caller = Caller {
        authority: Authority::Server(AppId::new("app").unwrap()),
        place: Place::Http,
    };
    let result = call(app, &caller, method, &params.to_string()).await;
    result.unwrap_or_else(|error| panic!("{method}: {}", error.message));
}

async fn make_group(app: &Arc<App>, users: &[String]) {
    let create = json!({
        "conv": "group:crew", "title": "Crew", "owner": users[0], "users": &users[1..],
    });
    ask(app, "groups.create", create).await;
}

async fn say(app: &Arc<App>, from: &str, body: &str) {
    let send = json!({ "from": from, "to": { "conv": "group:crew" }, "body": body });
    ask(app, "messages.send", send).await;
}

/// Everything that the device is handed, until it has so many messages: pushed, or pulled
/// once it is told to.
async fn take(line: &Line, messages: usize) -> Taken {
    let mut taken = Taken::default();
    let mut count = 0;
    while count < messages {
        let entries = match line.next().await {
            RelayFrame::Push { entries, .. } | RelayFrame::Page { entries, .. } => entries,
            RelayFrame::Notify { .. } => {
                taken.notifies += 1;
                Vec::new()
            }
            other => panic!("{other:?}"),
        };
        let is_message = |entry: &&Entry| matches!(entry.item, Item::Message(_));
        count += entries.iter().filter(is_message).count();
        taken
            .seqs
            .extend(entries.iter().map(|entry| entry.seq.get()));
        if taken.notifies > 0 && count < messages {
            let after = Seq::new(taken.seqs.last().copied().unwrap_or_default()).unwrap();
            line.say(&ClientFrame::Pull {
                req: RequestId::new(after.get() + 1).unwrap(),
                after,
                limit: None,
                conv: None,
                public: None,
            });
        }
    }
    taken
}

#[derive(Default)]
struct Taken {
    seqs: Vec<u64>,
    notifies: usize,
}

impl Taken {
    fn assert_contiguous(&self) {
        assert!(self.seqs.is_sorted_by(|before, after| before + 1 == *after));
    }
}

/// Little ones, of which the number is bounded, and large ones, of which the bytes are.
async fn flood(messages: usize, body_bytes: usize) {
    let relay = relay().await;
    let app = &relay.app;
    let name = |what: &str, n: usize| format!("{what}-{n}");
    let slow = (0..SLOW).map(|n| name("slow", n));
    let quick = (0..QUICK).map(|n| name("quick", n));
    let users: Vec<String> = slow.chain(quick).collect();
    let mut lines = Vec::new();
    for user in &users {
        lines.push(open(app, user).await);
    }
    let (slow, quick) = lines.split_at(SLOW);
    for line in slow {
        line.set_stuck(true);
    }
    make_group(app, &users).await;
    let body = "x".repeat(body_bytes);
    for _ in 0..messages {
        say(app, &users[0], &body).await;
    }
    for line in quick {
        let taken = take(line, messages).await;
        taken.assert_contiguous();
        assert_eq!(
            taken.notifies, 0,
            "whoever reads is handed everything at once"
        );
    }
    for line in slow {
        let most = line.most();
        // One more makes it slow; then it is told once.
        assert!(most.frames <= OUTGOING_FRAMES_MAX + 2, "{most:?}");
        assert!(
            most.bytes <= OUTGOING_BYTES_MAX + 2 * FRAME_BYTES_MAX,
            "{most:?}"
        );
        line.set_stuck(false);
        let taken = take(line, messages).await;
        taken.assert_contiguous();
        assert_eq!(taken.notifies, 1);
    }
}

#[tokio::test]
async fn many_little_messages_for_devices_that_do_not_read_are_bounded_and_hold_nobody_up() {
    flood(OUTGOING_FRAMES_MAX + 100, 10).await;
}

#[tokio::test]
async fn large_messages_for_devices_that_do_not_read_are_bounded_and_hold_nobody_up() {
    flood(40, 20_000).await;
}
