//! What connections cost that nobody uses: the relay's resident memory and open files with
//! none, with a third and with all of them; after each has sent and got frames as large as
//! they may be; and after all have gone.
//!
//! `cargo bench -p seqline-relay --bench idle` (options: `-- USERS`, default 15000; `-- 5000 tls`
//! with connections over TLS). The relay is a process of its own. Each side needs a file for each
//! user, this one three with TLS: `ulimit -n`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by several benchmarks"
)]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use seqline_protocol::{ClientFrame, PubSeq, PublicPlace, RequestId, Seq};
use seqline_relay::auth::Scope;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, sleep},
};

use self::support::{
    client::{Client, connect, payload, put_frame},
    relay::Relay,
};

/// Memory counts as settled once it has not grown or shrunk by more than this, in KiB …
const STEADY_KIB: u64 = 256;
/// … for so long: longer than the relay waits until it gives back what a session used.
const STEADY_FOR: Duration = Duration::from_secs(15);
/// … within this time at most.
const SETTLED_WITHIN: Duration = Duration::from_secs(240);

/// Devices that exchange frames at a time.
const EXCHANGING: usize = 64;

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
    let users = numbers.next().unwrap_or(15_000);
    let is_encrypted = std::env::args().any(|arg| arg == "tls");
    // One thread: the relay has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(users, is_encrypted));
}

async fn measure(users: usize, is_encrypted: bool) {
    let relay = if is_encrypted {
        Relay::start_with_tls()
    } else {
        Relay::start("")
    };
    publish(&relay).await;
    let table = Table {
        empty_kib: settled(&relay).await,
    };
    table.print("no connection", 0, table.empty_kib, &relay);
    let mut clients = connect(&relay, 0..users / 3).await;
    table.print("idle", clients.len(), settled(&relay).await, &relay);
    clients.extend(connect(&relay, users / 3..users).await);
    table.print("idle", clients.len(), settled(&relay).await, &relay);
    exchange_large_frames(&mut clients).await;
    let peak_kib = relay.resident_kib();
    table.print("used a moment ago", users, peak_kib, &relay);
    table.print("idle again", users, settled(&relay).await, &relay);
    drop(clients);
    while relay.metric("connections").await > 0 {
        sleep(Duration::from_millis(100)).await;
    }
    table.print("all have gone", 0, settled(&relay).await, &relay);
}

struct Table {
    empty_kib: u64,
}

impl Table {
    fn print(&self, what: &str, connections: usize, kib: u64, relay: &Relay) {
        let each = |kib: u64| kib as f64 / connections.max(1) as f64;
        print!(
            "{what:>26}: {connections:>6} connections, {:>7.1} MiB resident, {:>6} files",
            kib as f64 / 1024.0,
            relay.descriptors()
        );
        if connections > 0 {
            let added_kib = kib.saturating_sub(self.empty_kib);
            print!(
                "; for each {:.2} KiB, {:.2} KiB of it for the connection",
                each(kib),
                each(added_kib)
            );
        }
        println!();
    }
}

/// Resident memory once it no longer changes.
async fn settled(relay: &Relay) -> u64 {
    let began = Instant::now();
    let mut steady_since = began;
    let mut steady_kib = relay.resident_kib();
    while steady_since.elapsed() < STEADY_FOR {
        assert!(began.elapsed() < SETTLED_WITHIN, "memory does not settle");
        sleep(Duration::from_millis(250)).await;
        let kib = relay.resident_kib();
        if kib.abs_diff(steady_kib) > STEADY_KIB {
            (steady_kib, steady_since) = (kib, Instant::now());
        }
    }
    relay.resident_kib()
}

/// So many bytes, so often: together they fill a frame.
const BROADCAST_BYTES: usize = 20_000;
const BROADCASTS: usize = 3;
/// Of a call that no method answers.
const PARAMS_BYTES: usize = 40_000;

async fn publish(relay: &Relay) {
    let body = "x".repeat(BROADCAST_BYTES);
    for _ in 0..BROADCASTS {
        let content = format!(r#"{{"content":{{"title":"News","body":"{body}"}}}}"#);
        let created = relay
            .call_as(Scope::Operator, "broadcasts.create", &content)
            .await;
        let id = created.split_once("\"id\":").unwrap().1;
        let id = id.split([',', '}']).next().unwrap();
        let publish = format!(r#"{{"id":{id},"revision":1}}"#);
        relay
            .call_as(Scope::Operator, "broadcasts.publish", &publish)
            .await;
    }
}

/// Every device sends a large frame, and is sent one.
async fn exchange_large_frames(clients: &mut [Client]) {
    let mut out = Vec::new();
    let call = ClientFrame::Call {
        req: RequestId::new(1).unwrap(),
        method: "nothing".to_owned(),
        params: "x".repeat(PARAMS_BYTES),
    };
    put_frame(&mut out, &payload(&call));
    let pull = ClientFrame::Pull {
        req: RequestId::new(2).unwrap(),
        after: Seq::ZERO,
        limit: None,
        conv: None,
        public: Some(PublicPlace {
            after: PubSeq::ZERO,
            view: None,
        }),
    };
    put_frame(&mut out, &payload(&pull));
    for some in clients.chunks_mut(EXCHANGING) {
        join_all(some.iter_mut().map(|client| exchange(client, &out))).await;
    }
}

async fn exchange(client: &mut Client, frames: &[u8]) {
    client.writer.write_all(frames).await.unwrap();
    loop {
        while let Some(frame) = client.reader.frame() {
            if frame.len() > BROADCASTS * BROADCAST_BYTES {
                return client.reader.shrink();
            }
        }
        client.reader.fill().await;
    }
}
