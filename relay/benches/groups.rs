//! A group of 500: 200 messages a second to all members, with all of them online and with
//! half of them, below the threshold (an entry in each member's timeline) and above it (one
//! in the conversation's own).
//!
//! `cargo bench -p seqline-relay --bench groups` (options: `-- SECONDS`, default 5).

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

use seqline_protocol::{ConvId, RelayFrame, Target, decode_binary};
use seqline_relay::clock::SystemClock;
use tokio::{
    io::AsyncWriteExt as _,
    net::tcp::OwnedWriteHalf,
    sync::Mutex,
    task::JoinSet,
    time::{Instant, interval, timeout_at},
};

use self::support::{
    client::{Client, Head, Reader, Template, head, marks, put_ack, put_pull},
    relay::Relay,
    times::{Times, micros},
};

const MEMBERS: usize = 500;
const SENDERS: usize = 20;
const MESSAGES_A_SECOND: u64 = 200;
const BODY_BYTES: usize = 100;
const ACK_ENTRIES: u64 = 64;
/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// For what is still on its way when the last message was sent.
const LAST_WAIT: Duration = Duration::from_secs(2);

fn main() {
    let seconds = std::env::args().filter_map(|arg| arg.parse().ok()).next();
    let time = Duration::from_secs(seconds.unwrap_or(5));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("a group of {MEMBERS}, {MESSAGES_A_SECOND} messages a second, SQLite with fsync");
    println!("times from when a message was to be sent until a member has it");
    println!(
        "{:>14} {:>7} {:>13} {:>8} {:>10} {:>10} {:>10}",
        "entries", "online", "deliveries/s", "missing", "median ms", "p99 ms", "relay cpu"
    );
    for (entries, threshold) in [("each member's", 5_000), ("the group's", MEMBERS)] {
        for online in [MEMBERS, MEMBERS / 2] {
            runtime.block_on(group(entries, threshold, online, time));
        }
    }
}

fn user(n: usize) -> String {
    format!("user-{n:04}")
}

async fn group(entries: &str, threshold: usize, online: usize, time: Duration) {
    let relay = Relay::start(&format!("crowd_members_min = {threshold}"));
    let conv = ConvId::new("group:bench").unwrap();
    make_group(&relay, &conv).await;
    eprintln!("connecting {online} members");
    let clock = Arc::new(SystemClock::start());
    let mut clients = Vec::new();
    for n in 0..online {
        clients.push(Client::open(&relay, &user(n)).await);
    }
    let from = Instant::now() + WARM_UP;
    let until = from + time;
    let from_us = micros(&clock) + u64::try_from(WARM_UP.as_micros()).unwrap();
    let mut readers = JoinSet::new();
    let mut writers = Vec::new();
    for client in clients {
        let writer = Arc::new(Mutex::new(client.writer));
        let device = Device {
            conv: conv.clone(),
            own: Place::at(client.welcome.head.get()),
            crowd: client
                .welcome
                .crowds
                .first()
                .map(|crowd| Place::at(crowd.head.get())),
            reader: client.reader,
            writer: Arc::clone(&writer),
            out: Vec::new(),
        };
        readers.spawn(device.run(Arc::clone(&clock), from_us, until + LAST_WAIT));
        writers.push(writer);
    }
    let began_us = micros(&clock);
    let (mut number, mut measured) = (0_u64, 0);
    let mut template = Template::new(Target::Conv(conv), BODY_BYTES);
    let mut ticks = interval(Duration::from_millis(1));
    let (mut cpu_s, mut out) = (0.0, Vec::new());
    while Instant::now() < until {
        ticks.tick().await;
        while number < (micros(&clock) - began_us) * MESSAGES_A_SECOND / 1_000_000 {
            let intended_us = began_us + number * 1_000_000 / MESSAGES_A_SECOND;
            if intended_us >= from_us {
                if measured == 0 {
                    cpu_s = relay.cpu_s();
                }
                measured += 1;
            }
            template.put(&mut out, number, intended_us);
            let sender = usize::try_from(number).unwrap() % SENDERS;
            writers[sender].lock().await.write_all(&out).await.unwrap();
            out.clear();
            number += 1;
        }
    }
    let cpu = (relay.cpu_s() - cpu_s) / time.as_secs_f64();
    let mut times = Times::default();
    while let Some(own) = readers.join_next().await {
        times.append(own.unwrap());
    }
    let missing = measured * online - times.len();
    let rate = times.len() / usize::try_from(time.as_secs()).unwrap();
    let (median, p99) = (times.quantile_ms(500), times.quantile_ms(990));
    println!(
        "{entries:>14} {online:>7} {rate:>13} {missing:>8} {median:>10.2} {p99:>10.2} {cpu:>10.2}"
    );
}

async fn make_group(relay: &Relay, conv: &ConvId) {
    let users: Vec<String> = (0..MEMBERS).map(|n| format!("\"{}\"", user(n))).collect();
    let owner = &users[0];
    let create = format!(r#"{{"conv":"{conv}","title":"Bench","owner":{owner}}}"#);
    relay.call("groups.create", &create).await;
    for some in users[1..].chunks(100) {
        let invite = format!(r#"{{"conv":"{conv}","users":[{}]}}"#, some.join(","));
        relay.call("groups.invite", &invite).await;
    }
}

/// A member's device: takes what it is pushed, and pulls when it is told to.
struct Device {
    conv: ConvId,
    own: Place,
    crowd: Option<Place>,
    reader: Reader,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    out: Vec<u8>,
}

struct Place {
    seq: u64,
    acked: u64,
}

impl Place {
    fn at(seq: u64) -> Self {
        Self { seq, acked: seq }
    }
}

impl Device {
    /// Gives the times from when messages were to be sent.
    async fn run(mut self, clock: Arc<SystemClock>, from_us: u64, until: Instant) -> Times {
        let mut times = Times::default();
        // By this the relay learns where the device is, and pushes from there.
        if let Some(crowd) = &self.crowd {
            put_pull(&mut self.out, Some(&self.conv), crowd.seq);
        }
        loop {
            if !self.out.is_empty() {
                self.writer.lock().await.write_all(&self.out).await.unwrap();
                self.out.clear();
            }
            if timeout_at(until, self.reader.fill()).await.is_err() {
                return times;
            }
            let now_us = micros(&clock);
            while let Some(payload) = self.reader.frame() {
                let kind = head(payload);
                match kind {
                    Head::Push(entries) => self.own.seq += entries,
                    Head::CrowdPush(entries) => self.crowd.as_mut().unwrap().seq += entries,
                    Head::Notify => {
                        let RelayFrame::Notify { conv, .. } = decode_binary(payload).unwrap()
                        else {
                            unreachable!()
                        };
                        let place = self.crowd.as_ref().filter(|_| conv.is_some());
                        let after = place.unwrap_or(&self.own).seq;
                        put_pull(&mut self.out, conv.as_ref(), after);
                        continue;
                    }
                    Head::Other => {
                        let RelayFrame::Page {
                            req, entries, head, ..
                        } = decode_binary(payload).unwrap()
                        else {
                            continue;
                        };
                        let (place, conv) = match req.get() % 2 {
                            0 => (&mut self.own, None),
                            _ => (self.crowd.as_mut().unwrap(), Some(&self.conv)),
                        };
                        place.seq += entries.len() as u64;
                        if place.seq < head.get() {
                            put_pull(&mut self.out, conv, place.seq);
                        }
                    }
                    Head::Sent => continue,
                }
                let intended = marks(payload).filter(|intended_us| *intended_us >= from_us);
                intended.for_each(|intended_us| times.add(now_us.saturating_sub(intended_us)));
            }
            if self.own.seq >= self.own.acked + ACK_ENTRIES {
                put_ack(&mut self.out, self.own.seq);
                self.own.acked = self.own.seq;
            }
        }
    }
}
