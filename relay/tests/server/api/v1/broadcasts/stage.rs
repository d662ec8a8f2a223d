use seqline_protocol::{BroadcastId, UserId};
use seqline_relay::broadcasts::bucket;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.stage";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.stage",
        json!({ "id": 1, "revision": 1, "allow_list": true, "percent": 5 }),
    )
    .await;
}

#[tokio::test]
async fn shows_it_to_the_allow_list() {
    let relay = Relay::start().await;
    relay
        .operator()
        .ok("allow_list.add", json!({ "users": ["alice"] }))
        .await;
    let drafted = relay.drafted("Try this").await;
    let staged = relay
        .act("stage", &drafted, json!({ "allow_list": true }))
        .await;
    assert_eq!(staged["state"], "staged");
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    assert_eq!(alice.sees().await, ["Try this"]);
    assert!(bob.sees().await.is_empty());
    relay
        .operator()
        .ok("allow_list.replace", json!({ "users": ["bob"] }))
        .await;
    assert!(alice.sees().await.is_empty());
    assert_eq!(bob.sees().await, ["Try this"]);
}

#[tokio::test]
async fn shows_it_to_the_same_part_of_all_users_and_to_more_when_that_grows() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Try this").await;
    let id = BroadcastId::new(drafted["id"].as_u64().unwrap()).unwrap();
    // The first names whose places among all users are as they are needed here.
    let within = |range: std::ops::Range<u8>| {
        let mut names = (0..).map(|n| format!("user{n}"));
        let is_in = |name: &String| range.contains(&bucket(id, &UserId::new(name).unwrap()));
        names.find(is_in).unwrap()
    };
    let (mut early, _) = Client::open(&relay, &within(0..10), "phone").await;
    let (mut later, _) = Client::open(&relay, &within(10..50), "phone").await;
    let (mut last, _) = Client::open(&relay, &within(50..100), "phone").await;

    let staged = relay.act("stage", &drafted, json!({ "percent": 10 })).await;
    assert_eq!(early.sees().await.len(), 1);
    assert!(later.sees().await.is_empty() && last.sees().await.is_empty());
    let staged = relay.act("stage", &staged, json!({ "percent": 50 })).await;
    assert!(early.sees().await.len() == 1 && later.sees().await.len() == 1);
    assert!(last.sees().await.is_empty());
    let staged = relay.act("stage", &staged, json!({ "percent": 10 })).await;
    assert!(later.sees().await.is_empty(), "not any more");
    relay.act("publish", &staged, json!({})).await;
    for client in [&mut early, &mut later, &mut last] {
        assert_eq!(client.sees().await, ["Try this"]);
    }
}

#[tokio::test]
async fn a_percentage_is_one_and_somebody_sees_it() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Try this").await;
    for more in [
        json!({ "percent": 101 }),
        json!({ "percent": -1 }),
        json!({ "percent": 256 }),
        json!({ "percent": 0 }),
        json!({}),
    ] {
        let refused = relay.act_refused("stage", &drafted, more).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(
            refused.message.starts_with("percent: "),
            "{}",
            refused.message
        );
    }
    let stale = json!({ "id": drafted["id"], "revision": 7, "percent": 1 });
    assert_eq!(
        relay.operator().code(METHOD, stale).await,
        "revision_conflict"
    );
}
