//! Hints over the database: `NOTIFY` and `LISTEN`.

use seqline_protocol::{ConvId, RelayFrame, Seq, Target};
use seqline_relay::bus::BusChoice;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::support::{NEVER, two, two_on};
use crate::{
    postgres_server::database,
    support::{Client, send_to},
};

#[tokio::test]
async fn a_message_wakes_a_device_on_another_relay() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    alice.store("bob", "m1", "hello").await;
    assert_eq!(bob.learns(Seq::ZERO).await.len(), 1);
    bob.store("alice", "m2", "hello yourself").await;
    let entries = alice.learns(Seq::new(1).unwrap()).await;
    assert_eq!(entries[0].seq.get(), 2);
    assert_eq!(other.metric("seqline_sweep_finds_total").await, 0);
}

#[tokio::test]
async fn a_user_who_joins_a_crowd_on_one_relay_hears_it_on_another() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let channel = json!({ "conv": "channel:news", "title": "News" });
    alice.call("groups.create", channel).await.unwrap();
    let server = one.server();
    let params = json!({ "conv": "channel:news", "users": ["bob"] });
    server.ok("groups.invite", params).await;
    bob.learns(Seq::ZERO).await;
    other.until("seqline_crowds_followed", 1).await;
    let conv: ConvId = "channel:news".parse().unwrap();
    let head = bob.pull_crowd(&conv).await;
    alice
        .say(&send_to(Target::Conv(conv.clone()), "m1", "extra"))
        .await;
    loop {
        if let RelayFrame::Notify {
            conv: Some(of),
            head: now,
            ..
        } = bob.next().await
            && now > head
        {
            assert_eq!(of, conv);
            break;
        }
    }
    assert!(bob.pull_crowd(&conv).await > head);
    // One who is removed there is no longer told here.
    let params = json!({ "conv": "channel:news", "users": ["bob"] });
    server.ok("groups.remove", params).await;
    while other.metric("seqline_crowds_followed").await > 0 {}
}

#[tokio::test]
async fn a_listener_that_was_cut_off_misses_nothing() {
    let url = database().await;
    let [one, other] = two_on(&url, BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let mut known = 0;
    for round in 1..=3 {
        let gaps = other.metric("seqline_bus_gaps_total").await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'seqline-relay bus'",
        )
        .execute(&mut admin)
        .await
        .unwrap();
        // Now, while it may not be heard.
        alice.store("bob", &format!("m{round}"), "hello").await;
        let entries = bob.learns(Seq::new(known).unwrap()).await;
        known += 1;
        assert_eq!(entries.last().unwrap().seq.get(), known);
        other.until("seqline_bus_gaps_total", gaps + 1).await;
    }
}
