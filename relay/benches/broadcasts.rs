//! The public mailbox through WebSockets, on SQLite: merged pulls a second, and how often the
//! database was asked meanwhile.
//!
//! `cargo bench -p seqline-relay --bench broadcasts` (options: `-- SECONDS`, default 5). The
//! relay is a process of its own; the clients share the machine with it.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "shared by several benchmarks"
)]

mod support;

use std::time::Duration;

use seqline_protocol::{
    BroadcastId, ClientFrame, PubSeq, PublicPage, PublicPlace, RelayFrame, RequestId, decode_binary,
};
use seqline_relay::auth::Scope;
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, task::JoinSet, time::Instant};

use self::support::{
    client::{Client, payload, put_frame},
    relay::Relay,
};

/// Broadcasts that are shown, beside the one that is new.
const SHOWN: usize = 20;
const BODY_BYTES: usize = 200;
/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);

fn main() {
    let seconds = std::env::args().filter_map(|arg| arg.parse().ok()).next();
    let time = Duration::from_secs(seconds.unwrap_or(5));
    // One thread: the relay has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "merged pulls through WebSockets, {SHOWN} broadcasts shown, each poll a statement or two"
    );
    println!(
        "{:>11} {:>7} {:>12} {:>9} {:>10} {:>10} {:>7} {:>11}",
        "connections",
        "window",
        "told",
        "pulls/s",
        "bytes/pull",
        "relay cpu",
        "polls",
        "statements"
    );
    for (connections, window) in [(64, 32), (128, 32), (256, 16)] {
        for told in [Told::Nothing, Told::One] {
            runtime.block_on(pulls(connections, window, told, time));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    One,
}

async fn publish(relay: &Relay) -> BroadcastId {
    let body = "x".repeat(BODY_BYTES);
    let draft = format!(r#"{{"content":{{"kind":"text","title":"News","body":"{body}"}}}}"#);
    let made = operator(relay, "broadcasts.create", &draft).await;
    let named = format!(r#"{{"id":{},"revision":{}}}"#, made["id"], made["revision"]);
    operator(relay, "broadcasts.publish", &named).await;
    BroadcastId::new(made["id"].as_u64().unwrap()).unwrap()
}

async fn operator(relay: &Relay, method: &str, params: &str) -> Value {
    let reply = relay.call_as(Scope::Operator, method, params).await;
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

async fn pulls(connections: usize, window: usize, told: Told, time: Duration) {
    let relay = Relay::start_traced();
    for _ in 0..=SHOWN {
        publish(&relay).await;
    }
    let mut clients = Vec::new();
    for n in 0..connections {
        clients.push(Client::open(&relay, &format!("user-{n:04}")).await);
    }
    let from = Instant::now() + WARM_UP;
    let until = from + time;
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(keep_full(client, window, told, from, until));
    }
    tokio::time::sleep_until(from).await;
    let before = (relay.cpu_s(), relay.statements(), relay.metric(POLLS).await);
    tokio::time::sleep_until(until).await;
    let cpu_s = relay.cpu_s() - before.0;
    let statements = relay.statements() - before.1;
    let polls = relay.metric(POLLS).await - before.2;
    let (mut count, mut bytes) = (0, 0);
    while let Some(own) = tasks.join_next().await {
        let own = own.unwrap();
        count += own.0;
        bytes += own.1;
    }
    print(
        connections,
        window,
        told,
        time,
        (count, bytes),
        cpu_s,
        polls,
        statements,
    );
}

const POLLS: &str = "public_polls_total";

/// Keeps a window of pulls unanswered. Gives how many were answered, and the bytes of that.
async fn keep_full(
    mut client: Client,
    window: usize,
    told: Told,
    from: Instant,
    until: Instant,
) -> (u64, usize) {
    let place = place(&mut client, told).await;
    let mut pull = Vec::new();
    put_frame(&mut pull, &payload(&pull_from(&client, place)));
    let mut out = pull.repeat(window);
    let (mut count, mut bytes) = (0, 0);
    let mut is_checked = false;
    loop {
        client.writer.write_all(&out).await.unwrap();
        client.reader.fill().await;
        let now = Instant::now();
        if now >= until {
            return (count, bytes);
        }
        let mut answered = 0;
        while let Some(payload) = client.reader.frame() {
            if !is_checked {
                check(payload, told);
                is_checked = true;
            }
            answered += 1;
            if now >= from {
                count += 1;
                bytes += payload.len();
            }
        }
        out.clear();
        (0..answered).for_each(|_| out.extend_from_slice(&pull));
    }
}

fn pull_from(client: &Client, place: PublicPlace) -> ClientFrame {
    ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: client.welcome.head,
        limit: None,
        public: Some(place),
        conv: None,
    }
}

/// Where a device goes on that lacks nothing, or the newest broadcast.
async fn place(client: &mut Client, told: Told) -> PublicPlace {
    let first = pull_from(client, PublicPlace::default());
    let mut out = Vec::new();
    put_frame(&mut out, &payload(&first));
    client.writer.write_all(&out).await.unwrap();
    let page = loop {
        if let Some(payload) = client.reader.frame() {
            break public(payload);
        }
        client.reader.fill().await;
    };
    let list = page.news.unwrap().changes;
    assert_eq!(list.len(), SHOWN + 1);
    let after = match told {
        Told::Nothing => page.head,
        Told::One => PubSeq::new(page.head.get() - 1).unwrap(),
    };
    PublicPlace {
        after,
        view: Some(page.view),
    }
}

fn check(payload: &[u8], told: Told) {
    let news = public(payload).news;
    let count = news.map_or(0, |news| news.changes.len());
    assert_eq!(count, usize::from(told == Told::One));
}

fn public(payload: &[u8]) -> PublicPage {
    match decode_binary(payload).unwrap() {
        RelayFrame::Page {
            public: Some(public),
            ..
        } => public,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
#[expect(clippy::too_many_arguments, reason = "the columns of a row")]
fn print(
    connections: usize,
    window: usize,
    told: Told,
    time: Duration,
    (count, bytes): (u64, usize),
    cpu_s: f64,
    polls: u64,
    statements: usize,
) {
    let rate = count as f64 / time.as_secs_f64();
    let size = bytes as f64 / count as f64;
    let cpu = cpu_s / time.as_secs_f64();
    let told = match told {
        Told::Nothing => "nothing new",
        Told::One => "one new",
    };
    println!(
        "{connections:>11} {window:>7} {told:>12} {rate:>9.0} {size:>10.0} {cpu:>10.2} {polls:>7} {statements:>11}"
    );
}
