use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "users.kick";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "users.kick", json!({ "user": "alice" })).await;
}

#[tokio::test]
async fn ends_all_sessions_of_one_user() {
    let relay = Relay::start().await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut laptop, _) = Client::open(&relay, "alice", "laptop").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let params = json!({ "user": "alice" });
    let value = relay.other_server().ok(METHOD, params.clone()).await;
    assert_eq!(value, json!({ "ended": 0 }), "another app's alice");
    assert_eq!(
        relay.server().ok(METHOD, params).await,
        json!({ "ended": 2 })
    );
    assert_eq!(phone.closed().await, 4020);
    assert_eq!(laptop.closed().await, 4020);
    bob.store("alice", "m1", "still here").await;
    let value = relay.server().ok(METHOD, json!({ "user": "nobody" })).await;
    assert_eq!(value, json!({ "ended": 0 }));
}
