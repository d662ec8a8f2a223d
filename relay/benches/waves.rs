//! One broadcast, told to connected users in a wave: that all are told, evenly over the
//! window, and that all pull it; what it costs the database and the relay's memory.
//!
//! `cargo bench -p seqline-relay --bench waves` (options: `-- USERS SECONDS`, default 15000 and
//! 10). Each side needs a file for each user: `ulimit -n`. The relay is a process of its own;
//! the clients share the machine with it. They do not claim to be the first device of their
//! user (`broadcasts.seen`), which writes to her timeline: the wave tells, and devices pull.

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

use seqline_protocol::{ClientFrame, PublicPlace, RelayFrame, RequestId, decode_binary};
use seqline_relay::auth::Scope;
use tokio::{
    io::AsyncWriteExt as _,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};

use self::support::{
    client::{Client, Head, connect, head, payload, put_frame},
    relay::Relay,
};

/// Counts that say what the database was asked.
const QUERIES: [&str; 5] = [
    "pulls_total",
    "pulls_from_memory_total",
    "commits_total",
    "public_polls_total",
    "reach_flushes_total",
];

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
    let users = numbers.next().unwrap_or(15_000);
    let window = Duration::from_secs(numbers.next().unwrap_or(10) as u64);
    // One thread: the relay has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(wave(users, window));
}

/// When, after the command, a device was told, and had the broadcast.
struct Reached {
    told: Duration,
    pulled: Duration,
}

async fn wave(users: usize, window: Duration) {
    let relay = Relay::start("");
    let clients = connect(&relay, 0..users).await;
    // Devices are noted in the background.
    sleep(Duration::from_secs(3)).await;
    let created = relay
        .call_as(
            Scope::Operator,
            "broadcasts.create",
            r#"{"content":{"title":"News","body":"The office is closed on Friday."}}"#,
        )
        .await;
    let (before, memory_kib, cpu_s) = (counts(&relay).await, relay.resident_kib(), relay.cpu_s());
    let began = Instant::now();
    let id = created.split_once("\"id\":").unwrap().1;
    let id = id.split([',', '}']).next().unwrap();
    let publish = format!(
        r#"{{"id":{id},"revision":1,"wave":{{"window_ms":{}}}}}"#,
        window.as_millis()
    );
    relay
        .call_as(Scope::Operator, "broadcasts.publish", &publish)
        .await;
    let (report, mut reports) = unbounded_channel();
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(listen(client, began, report.clone()));
    }
    drop(report);
    let mut all = Vec::new();
    let mut peak_kib = memory_kib;
    let mut looks = interval(Duration::from_millis(100));
    let all_are_reached = async {
        while all.len() < users {
            tokio::select! {
                reached = reports.recv() => all.push(reached.unwrap()),
                _ = looks.tick() => peak_kib = peak_kib.max(relay.resident_kib()),
            }
        }
    };
    let is_done = timeout(window + Duration::from_secs(20), all_are_reached).await;
    let took = began.elapsed();
    let (after, cpu_s) = (counts(&relay).await, relay.cpu_s() - cpu_s);
    print(&all, window);
    let progress = relay
        .call_as(
            Scope::Operator,
            "broadcasts.progress",
            &format!(r#"{{"id":{id}}}"#),
        )
        .await;
    println!("progress: {}", progress.lines().last().unwrap());
    let dropped = users - usize::try_from(relay.metric("connections").await).unwrap();
    println!("dropped connections: {dropped}");
    let delta = |name: &str| {
        let at = QUERIES.iter().position(|one| *one == name).unwrap();
        after[at] - before[at]
    };
    println!(
        "in {:.1} s: {} pulls, of which {} asked the database; {} commits of devices; \
         {} polls; {} writes of reach",
        took.as_secs_f64(),
        delta("pulls_total"),
        delta("pulls_total") - delta("pulls_from_memory_total"),
        delta("commits_total"),
        delta("public_polls_total"),
        delta("reach_flushes_total"),
    );
    let added = |kib: u64| (kib as f64 - memory_kib as f64) / 1024.0;
    println!(
        "relay: {:.1} s of processor; resident memory {:.1} MB before, {:+.1} MB at its peak, {:+.1} MB after",
        cpu_s,
        memory_kib as f64 / 1024.0,
        added(peak_kib),
        added(relay.resident_kib()),
    );
    assert!(is_done.is_ok(), "{} of {users} were reached", all.len());
    assert_eq!(dropped, 0);
    tasks.shutdown().await;
}

/// Waits to be told, pulls, and stays until the end.
async fn listen(mut client: Client, began: Instant, report: UnboundedSender<Reached>) {
    let mut told = None;
    loop {
        while let Some(frame) = client.reader.frame() {
            if head(frame) == Head::Notify && told.is_none() {
                told = Some(began.elapsed());
                let mut out = Vec::new();
                put_frame(&mut out, &payload(&pull(&client)));
                client.writer.write_all(&out).await.unwrap();
            } else if let Ok(RelayFrame::Page { public, .. }) = decode_binary(frame) {
                let news = public.unwrap().news.expect("the broadcast");
                assert_eq!(news.changes.len(), 1);
                let reached = Reached {
                    told: told.unwrap(),
                    pulled: began.elapsed(),
                };
                let _ = report.send(reached);
            }
        }
        client.reader.fill().await;
    }
}

fn pull(client: &Client) -> ClientFrame {
    ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: client.welcome.head,
        limit: None,
        conv: None,
        public: Some(PublicPlace {
            after: client.welcome.pub_head,
            view: Some(client.welcome.pub_view.clone()),
        }),
    }
}

async fn counts(relay: &Relay) -> Vec<u64> {
    let mut counts = Vec::new();
    for name in QUERIES {
        counts.push(relay.metric(name).await);
    }
    counts
}

fn print(all: &[Reached], window: Duration) {
    let slots = usize::try_from(window.as_secs()).unwrap() + 2;
    let mut by_second = vec![0; slots];
    for one in all {
        by_second[usize::try_from(one.told.as_secs()).unwrap().min(slots - 1)] += 1;
    }
    let mut waits: Vec<_> = all.iter().map(|one| one.pulled - one.told).collect();
    waits.sort();
    let at = |share: usize| {
        waits
            .get(waits.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{} users told and pulled; told in each second: {by_second:?}",
        all.len()
    );
    println!(
        "from told until pulled: {:.2} ms (median), {:.2} ms (p99)",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    );
}
