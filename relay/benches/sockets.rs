//! Durable 1:1 sends through WebSockets, on SQLite with fsync: how many a second, and how
//! long one takes from its sender's hand to its receiver's.
//!
//! `cargo bench -p seqline-relay --bench sockets` (options: `-- SECONDS`, default 5). The relay
//! is a process of its own; the clients share the machine with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by two benchmarks"
)]

mod support;

use std::{sync::Arc, time::Duration};

use seqline_protocol::{RelayFrame, Target, UserId, decode_binary};
use seqline_relay::clock::SystemClock;
use tokio::{io::AsyncWriteExt as _, task::JoinSet, time::Instant};

use self::support::{
    client::{Client, Head, Template, head, marks, put_ack, put_pull},
    relay::Relay,
    times::{Times, micros},
};

const BODY_BYTES: usize = 100;
/// A client acknowledges what it was pushed after so many entries.
const ACK_ENTRIES: u64 = 64;
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
    println!("durable 1:1 sends through WebSockets, SQLite with fsync, both devices connected");
    println!(
        "{:>11} {:>7} {:>9} {:>10} {:>10} {:>10}",
        "connections", "window", "sends/s", "median ms", "p99 ms", "relay cpu"
    );
    for (connections, window) in [(64, 32), (128, 64), (512, 32)] {
        runtime.block_on(throughput(connections, window, time));
    }
    println!();
    println!("from the intended send time until the other device has it, open loop");
    println!(
        "{:>11} {:>7} {:>9} {:>10} {:>10} {:>10}",
        "connections", "", "sends/s", "median ms", "p99 ms", "relay cpu"
    );
    for rate in [1_000, 5_000, 10_000] {
        runtime.block_on(latency(200, rate, time));
    }
}

fn user(n: usize) -> String {
    format!("user-{n:04}")
}

async fn connect(relay: &Relay, connections: usize) -> Vec<Client> {
    eprintln!("connecting {connections} devices");
    let mut clients = Vec::new();
    for n in 0..connections {
        clients.push(Client::open(relay, &user(n)).await);
    }
    clients
}

/// Users in pairs, each writing to the other.
fn peer(n: usize) -> Target {
    Target::User(UserId::new(user(n ^ 1)).unwrap())
}

async fn throughput(connections: usize, window: usize, time: Duration) {
    let relay = Relay::start("");
    let clients = connect(&relay, connections).await;
    let clock = Arc::new(SystemClock::start());
    let from = Instant::now() + WARM_UP;
    let until = from + time;
    let mut tasks = JoinSet::new();
    for (n, client) in clients.into_iter().enumerate() {
        let clock = Arc::clone(&clock);
        tasks.spawn(keep_full(n, client, window, clock, from, until));
    }
    tokio::time::sleep_until(from).await;
    let cpu_s = relay.cpu_s();
    tokio::time::sleep_until(until).await;
    let cpu_s = relay.cpu_s() - cpu_s;
    let mut times = Times::default();
    while let Some(own) = tasks.join_next().await {
        times.append(own.unwrap());
    }
    print(connections, &window.to_string(), times, time, cpu_s);
}

/// Keeps a window of messages unacknowledged. Gives the times until they were acknowledged.
async fn keep_full(
    n: usize,
    mut client: Client,
    window: usize,
    clock: Arc<SystemClock>,
    from: Instant,
    until: Instant,
) -> Times {
    let mut template = Template::new(peer(n), BODY_BYTES);
    let mut times = Times::default();
    let mut out = Vec::new();
    let mut sent_us = std::collections::VecDeque::new();
    let mut number = (n as u64) << 32;
    let mut room = window;
    let (mut seq, mut acked) = (client.welcome.head.get(), client.welcome.head.get());
    let (mut is_behind, mut is_pulling, mut pulled) = (false, false, 0);
    loop {
        let now_us = micros(&clock);
        for _ in 0..room {
            number += 1;
            template.put(&mut out, number, now_us);
            sent_us.push_back(now_us);
        }
        if seq >= acked + ACK_ENTRIES {
            put_ack(&mut out, seq);
            acked = seq;
        }
        if is_behind && !is_pulling {
            put_pull(&mut out, None, seq);
            is_pulling = true;
        }
        if !out.is_empty() {
            client.writer.write_all(&out).await.unwrap();
            out.clear();
        }
        room = 0;
        client.reader.fill().await;
        let now = Instant::now();
        if now >= until {
            if pulled > 0 {
                eprintln!("{} pulled {pulled} entries", user(n));
            }
            return times;
        }
        let now_us = micros(&clock);
        while let Some(payload) = client.reader.frame() {
            match head(payload) {
                Head::Sent => {
                    let began_us = sent_us.pop_front().unwrap();
                    if now >= from {
                        times.add(now_us - began_us);
                    }
                    room += 1;
                }
                Head::Push(entries) => seq += entries,
                Head::Notify => is_behind = true,
                Head::CrowdPush(_) | Head::Other => match decode_binary(payload).unwrap() {
                    RelayFrame::Page { entries, head, .. } => {
                        seq += entries.len() as u64;
                        is_behind = seq < head.get();
                        is_pulling = false;
                        pulled += entries.len();
                    }
                    other => panic!("{other:?}"),
                },
            }
        }
    }
}

async fn latency(connections: usize, rate: u64, time: Duration) {
    let relay = Relay::start("");
    let clients = connect(&relay, connections).await;
    let clock = Arc::new(SystemClock::start());
    let mut readers = JoinSet::new();
    let mut writers = Vec::new();
    let until = Instant::now() + WARM_UP + time;
    let from_us = micros(&clock) + u64::try_from(WARM_UP.as_micros()).unwrap();
    for (n, client) in clients.into_iter().enumerate() {
        let (ack_sender, acks) = tokio::sync::mpsc::unbounded_channel();
        let clock = Arc::clone(&clock);
        let head = client.welcome.head.get();
        readers.spawn(receive(
            n,
            client.reader,
            head,
            ack_sender,
            clock,
            from_us,
            until,
        ));
        writers.push((client.writer, Template::new(peer(n), BODY_BYTES), acks));
    }
    let cpu_s = relay.cpu_s();
    let began_us = micros(&clock);
    let mut out = Vec::new();
    let mut number = 0_u64;
    // Every millisecond, whatever is due by then, each with the time at which it was due.
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    while Instant::now() < until {
        ticks.tick().await;
        let due = (micros(&clock) - began_us) * rate / 1_000_000;
        while number < due {
            // Even users send, odd ones receive.
            let n = usize::try_from(number).unwrap() * 2 % connections;
            let (writer, template, _) = &mut writers[n];
            let intended_us = began_us + number * 1_000_000 / rate;
            template.put(&mut out, number, intended_us);
            writer.write_all(&out).await.unwrap();
            out.clear();
            number += 1;
        }
        for (writer, _, acks) in &mut writers {
            while let Ok(cursor) = acks.try_recv() {
                put_ack(&mut out, cursor);
                writer.write_all(&out).await.unwrap();
                out.clear();
            }
        }
    }
    let cpu_s = relay.cpu_s() - cpu_s;
    let mut times = Times::default();
    while let Some(own) = readers.join_next().await {
        times.append(own.unwrap());
    }
    print(
        connections,
        "",
        times,
        time,
        cpu_s * time.as_secs_f64() / (time + WARM_UP).as_secs_f64(),
    );
}

/// Gives the times from when messages of the other user were to be sent.
async fn receive(
    n: usize,
    mut reader: support::client::Reader,
    mut seq: u64,
    acks: tokio::sync::mpsc::UnboundedSender<u64>,
    clock: Arc<SystemClock>,
    from_us: u64,
    until: Instant,
) -> Times {
    let mut times = Times::default();
    let mut acked = seq;
    while tokio::time::timeout_at(until, reader.fill()).await.is_ok() {
        let now_us = micros(&clock);
        while let Some(payload) = reader.frame() {
            let Head::Push(entries) = head(payload) else {
                assert_ne!(head(payload), Head::Notify, "pushed all along");
                continue;
            };
            seq += entries;
            if n % 2 == 1 {
                let late = marks(payload).filter(|intended_us| *intended_us >= from_us);
                late.for_each(|intended_us| times.add(now_us - intended_us));
            }
        }
        if seq >= acked + ACK_ENTRIES {
            let _ = acks.send(seq);
            acked = seq;
        }
    }
    times
}

#[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
fn print(connections: usize, window: &str, mut times: Times, time: Duration, cpu_s: f64) {
    let rate = times.len() as f64 / time.as_secs_f64();
    let (median, p99) = (times.quantile_ms(500), times.quantile_ms(990));
    let cpu = cpu_s / time.as_secs_f64();
    println!("{connections:>11} {window:>7} {rate:>9.0} {median:>10.2} {p99:>10.2} {cpu:>10.2}");
}
