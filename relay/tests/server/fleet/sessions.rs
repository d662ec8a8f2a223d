//! Sessions that end because of what happens on another relay.

use seqline_protocol::{KickReason, RelayFrame, Seq};
use seqline_relay::{bus::BusChoice, session::DevicePolicy};
use serde_json::json;

use super::support::{NEVER, OFTEN, two, wish};
use crate::{
    postgres_server::database,
    support::{Client, Relay, Wish, send},
};

async fn assert_kicked(client: &mut Client, expected: KickReason) {
    match client.answer().await {
        RelayFrame::Kick { reason, .. } => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.closed().await, 4020);
}

/// By hints alone, and by sweeps alone.
const WAYS: [(BusChoice, std::time::Duration); 2] =
    [(BusChoice::Postgres, NEVER), (BusChoice::None, OFTEN)];

#[tokio::test]
async fn a_device_that_connects_to_another_relay_replaces_its_session() {
    for (bus, sweep_interval) in WAYS {
        let [one, other] = two(bus, sweep_interval).await;
        let (mut old, _) = Client::open(&one, "alice", "phone").await;
        let (mut new, _) = Client::open(&other, "alice", "phone").await;
        assert_kicked(&mut old, KickReason::Replaced).await;
        new.store("bob", "m1", "still here").await;
        // And back again.
        let (mut newest, _) = Client::open(&one, "alice", "phone").await;
        assert_kicked(&mut new, KickReason::Replaced).await;
        newest.store("bob", "m2", "here").await;
    }
}

#[tokio::test]
async fn users_and_devices_are_ended_on_every_relay() {
    for (bus, sweep_interval) in WAYS {
        let [one, other] = two(bus, sweep_interval).await;
        let (mut phone, _) = Client::open(&other, "alice", "phone").await;
        let (mut tablet, _) = Client::open(&other, "alice", "tablet").await;
        // What they submitted is stored: that they are connected, too.
        phone.store("bob", "m1", "hello").await;
        tablet.store("bob", "m2", "hello").await;
        let end = json!({ "user": "alice", "device": "phone" });
        one.server().ok("devices.end", end).await;
        assert_kicked(&mut phone, KickReason::SessionEnded).await;
        let listed = one
            .server()
            .ok("devices.list", json!({ "user": "alice" }))
            .await;
        assert_eq!(listed["devices"].as_array().unwrap().len(), 1, "{listed}");
        one.server()
            .ok("users.kick", json!({ "user": "alice" }))
            .await;
        assert_kicked(&mut tablet, KickReason::SessionEnded).await;
        // With a token that is still valid they can come back.
        let (mut phone, _) = Client::open(&other, "alice", "phone").await;
        phone.store("bob", "m3", "back").await;
        let listed = one
            .server()
            .ok("devices.list", json!({ "user": "alice" }))
            .await;
        assert_eq!(listed["devices"].as_array().unwrap().len(), 2, "{listed}");
    }
}

#[tokio::test]
async fn the_policy_of_devices_holds_across_relays() {
    let url = database().await;
    let wish = Wish {
        devices: DevicePolicy::One,
        ..wish(&url, BusChoice::Postgres, NEVER)
    };
    let one = Relay::start_with(wish.clone()).await;
    let other = Relay::start_with(wish).await;
    other.until("seqline_fleet_has_company", 1).await;
    let (mut phone, _) = Client::open(&one, "alice", "phone").await;
    let (_tablet, _) = Client::open(&other, "alice", "tablet").await;
    assert_kicked(&mut phone, KickReason::DevicePolicy).await;
}

/// The rule that keeps order when a device hangs on to an old connection: whatever that one still
/// sends is not stored, whether or not its relay has heard of the new one.
#[tokio::test]
async fn nothing_is_stored_of_a_session_whose_device_has_connected_to_another_relay() {
    let [one, other] = two(BusChoice::None, NEVER).await;
    let (mut old, _) = Client::open(&one, "alice", "phone").await;
    old.store("bob", "m1", "first").await;
    let (mut new, _) = Client::open(&other, "alice", "phone").await;
    new.store("bob", "m2", "second").await;
    old.say(&send("bob", "m3", "late")).await;
    assert_kicked(&mut old, KickReason::Replaced).await;
    let (mut bob, _) = Client::open(&one, "bob", "phone").await;
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), 2);
    // The newer session may send it.
    new.store("bob", "m3", "late").await;
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), 3);
}

#[tokio::test]
async fn nothing_is_stored_of_a_session_that_was_ended_on_another_relay() {
    let [one, other] = two(BusChoice::None, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    alice.store("bob", "m1", "first").await;
    other
        .server()
        .ok("users.kick", json!({ "user": "alice" }))
        .await;
    alice.say(&send("bob", "m2", "late")).await;
    assert_kicked(&mut alice, KickReason::Replaced).await;
    let (mut bob, _) = Client::open(&one, "bob", "phone").await;
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), 1);
}
