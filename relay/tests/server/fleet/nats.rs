//! Hints over NATS.

use seqline_protocol::{KickReason, RelayFrame, Seq};

use super::support::{NEVER, two};
use crate::support::{Client, Nats};

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

#[tokio::test]
async fn user_and_password_or_a_token_of_the_url_are_used() {
    for (flags, user) in [
        (
            &["--user", "relay", "--pass", "open:sesame"][..],
            "relay:open%3Asesame",
        ),
        (&["--auth", "a-token"], "a-token"),
    ] {
        let nats = Nats::start_with(flags);
        let [one, other] = two(nats.bus_as(user), NEVER).await;
        let (mut alice, _) = Client::open(&one, "alice", "phone").await;
        let (mut bob, _) = Client::open(&other, "bob", "phone").await;
        alice.store("bob", "m1", "hello").await;
        assert_eq!(bob.learns(Seq::ZERO).await.len(), 1);
    }
}
