//! Hints over NATS.

use std::{
    io::{BufRead as _, BufReader, ErrorKind},
    process::{Child, Command, Stdio},
};

use seqline_protocol::{KickReason, RelayFrame, Seq};
use seqline_relay::bus::{BusChoice, NatsSettings};

use super::support::{NEVER, two};
use crate::support::Client;

const MISSING: &str = "nats-server was not found. These tests start one; install it: `apt-get \
    install nats-server` on Debian and Ubuntu, `brew install nats-server` on macOS; or name it in \
    SEQLINE_NATS_SERVER";

/// A NATS server of a test's own.
struct Nats {
    child: Child,
    port: u16,
}

impl Nats {
    fn start() -> Self {
        let (child, port) = spawn("-1");
        Self { child, port }
    }

    fn bus(&self) -> BusChoice {
        BusChoice::Nats(NatsSettings {
            servers: vec![format!("nats://127.0.0.1:{}", self.port).parse().unwrap()],
        })
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        (self.child, _) = spawn(&self.port.to_string());
    }
}

/// Returns once it listens, and where.
fn spawn(port: &str) -> (Child, u16) {
    let program = std::env::var("SEQLINE_NATS_SERVER");
    let program = program.unwrap_or_else(|_| "nats-server".to_owned());
    let spawned = Command::new(program)
        .args(["-a", "127.0.0.1", "-p", port])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("{MISSING}"),
        _ => panic!("{error}"),
    });
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = "Listening for client connections on 127.0.0.1:";
    let port = log.find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once(said)?;
        port.trim().parse().ok()
    });
    // Whatever else it says is thrown away, so that it never waits for a reader.
    std::thread::spawn(move || log.for_each(drop));
    (child, port.expect("NATS listens"))
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_message_wakes_a_device_on_another_relay() {
    let nats = Nats::start();
    let [one, other] = two(nats.bus(), NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let mut known = Seq::ZERO;
    for round in 0..5 {
        alice.store("bob", &format!("m{round}"), "hello").await;
        known = bob.learns(known).await.last().unwrap().seq;
    }
    assert_eq!(known.get(), 5);
}

#[tokio::test]
async fn a_hint_reaches_only_the_relays_that_hold_the_user() {
    let nats = Nats::start();
    let [one, other] = two(nats.bus(), NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let mut known = Seq::ZERO;
    for round in 0..20 {
        alice.store("carol", &format!("c{round}"), "hello").await;
    }
    alice.store("bob", "m", "hello").await;
    known = bob.learns(known).await.last().unwrap().seq;
    assert_eq!(known.get(), 1);
    // Beats, and what was for bob: not what was for alice and carol.
    let heard = other.metric("seqline_hints_heard_total").await;
    assert!(heard < 10, "{heard}");
    assert!(one.metric("seqline_hints_told_total").await > 20);
}

#[tokio::test]
async fn what_happens_while_nats_is_away_is_found_when_it_is_back() {
    let mut nats = Nats::start();
    let [one, other] = two(nats.bus(), NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let gaps = other.metric("seqline_bus_gaps_total").await;
    nats.stop();
    alice.store("bob", "m1", "hello").await;
    nats.start_again();
    let known = bob.learns(Seq::ZERO).await.last().unwrap().seq;
    assert_eq!(known.get(), 1);
    other.until("seqline_bus_gaps_total", gaps + 1).await;
    alice.store("bob", "m2", "hello").await;
    let entries = bob.learns(known).await;
    assert_eq!(entries.last().unwrap().seq.get(), 2);
}

#[tokio::test]
async fn a_device_that_connects_to_another_relay_replaces_its_session() {
    let nats = Nats::start();
    let [one, other] = two(nats.bus(), NEVER).await;
    let (mut old, _) = Client::open(&one, "alice", "phone").await;
    let (_new, _) = Client::open(&other, "alice", "phone").await;
    match old.answer().await {
        RelayFrame::Kick { reason, .. } => assert_eq!(reason, KickReason::Replaced),
        other => panic!("{other:?}"),
    }
}
