use std::time::Duration;

use seqline_protocol::{ErrorCode, KickReason, RelayFrame, ResetReason, Resume, Seq};

use seqline_relay::session::DevicePolicy;
use serde_json::json;

use crate::support::{Client, Relay, Wish};

#[tokio::test]
async fn every_device_of_both_users_learns_of_a_message() {
    let relay = Relay::start().await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut tablet, _) = Client::open(&relay, "alice", "tablet").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    phone.store("bob", "m1", "hello").await;
    for client in [&mut tablet, &mut bob] {
        assert_eq!(client.pushed(1).await[0].seq.get(), 1);
    }
}

#[tokio::test]
async fn a_device_that_connects_again_replaces_its_older_session() {
    let relay = Relay::start().await;
    let (mut old, _) = Client::open(&relay, "alice", "phone").await;
    let (mut other, _) = Client::open(&relay, "alice", "tablet").await;
    let (mut new, _) = Client::open(&relay, "alice", "phone").await;
    assert!(matches!(
        old.next().await,
        RelayFrame::Kick {
            reason: KickReason::Replaced,
            ..
        }
    ));
    assert_eq!(old.closed().await, 4020);
    new.store("bob", "m1", "hello").await;
    assert_eq!(other.pushed(1).await.len(), 1, "others stay");
}

#[tokio::test]
async fn a_device_goes_on_after_a_restart_of_the_relay() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, welcome) = Client::open(&relay, "bob", "phone").await;
    alice.store("bob", "m1", "one").await;
    let cursor = bob.pushed(1).await[0].seq;
    alice.store("bob", "m2", "two").await;
    let resume = |cursor, epoch| Some(Resume { epoch, cursor });
    let epoch = welcome.epoch;

    let relay = relay.restart().await;
    let mut bob = Client::dial(&relay.socket_url()).await;
    let welcome = bob
        .hello(&relay.token("bob"), "phone", resume(cursor, epoch))
        .await;
    assert_eq!((welcome.epoch, welcome.reset), (epoch, None));
    assert_eq!(
        (welcome.cursor, welcome.head),
        (cursor, Seq::new(2).unwrap())
    );
    let rest = bob.pull_all(cursor).await;
    assert_eq!(rest.len(), 1);

    let ahead = Seq::new(99).unwrap();
    let mut confused = Client::dial(&relay.socket_url()).await;
    let welcome = confused
        .hello(&relay.token("bob"), "old", resume(ahead, epoch))
        .await;
    assert_eq!(welcome.reset, Some(ResetReason::AheadOfHead));
    assert_eq!(welcome.cursor, welcome.head);
}

async fn assert_kicked(client: &mut Client, expected: KickReason) {
    match client.answer().await {
        RelayFrame::Kick { reason, .. } => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.closed().await, 4020);
}

#[tokio::test]
async fn a_policy_ends_the_older_session_with_its_reason() {
    let relay = Relay::start_with(Wish {
        devices: DevicePolicy::One,
        ..Wish::default()
    })
    .await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let (mut tablet, _) = Client::open(&relay, "alice", "tablet").await;
    assert_kicked(&mut phone, KickReason::DevicePolicy).await;
    tablet.store("bob", "m1", "hello").await;
    assert_eq!(bob.pushed(1).await.len(), 1, "others stay");
}

#[tokio::test]
async fn a_user_lists_her_devices_and_ends_one() {
    let relay = Relay::start().await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut tablet, _) = Client::open(&relay, "alice", "tablet").await;
    // What the devices have connected with is stored before what they ask for.
    tablet.store("bob", "m1", "hello").await;
    phone.store("bob", "m2", "hello").await;
    let listed = phone.call("devices.list", json!({})).await.unwrap();
    let mut online: Vec<_> = listed["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["device"].as_str().unwrap(), one["online"] == true))
        .collect();
    online.sort_unstable();
    assert_eq!(online, [("phone", true), ("tablet", true)]);

    let end = json!({ "device": "tablet" });
    phone.call("devices.end", end).await.unwrap();
    assert_kicked(&mut tablet, KickReason::SessionEnded).await;
    phone.store("bob", "m3", "still here").await;
    assert_eq!(
        phone.call("devices.end", json!({ "device": 5 })).await,
        Err(ErrorCode::FieldInvalid)
    );
}

#[tokio::test]
async fn when_a_device_was_last_connected_is_known() {
    let relay = Relay::start().await;
    let (mut tablet, _) = Client::open(&relay, "alice", "tablet").await;
    tablet.store("bob", "m1", "hello").await;
    relay.pass(Duration::from_secs(600));
    drop(tablet);
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    // The relay notices in its own time.
    loop {
        let listed = phone.call("devices.list", json!({})).await.unwrap();
        let devices = listed["devices"].as_array().unwrap();
        let tablet = devices
            .iter()
            .find(|one| one["device"] == "tablet")
            .unwrap();
        let time = |field: &str| tablet[field].as_u64().unwrap();
        if time("last_seen_us") >= time("first_seen_us") + 600_000_000 {
            assert_eq!(tablet["online"], false);
            break;
        }
    }
}
