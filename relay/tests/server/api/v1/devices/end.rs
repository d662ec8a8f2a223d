use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "devices.end";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "devices.end", json!({ "device": "phone" })).await;
}

#[tokio::test]
async fn ends_one_device_with_a_reason_and_leaves_the_others() {
    let relay = Relay::start().await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut laptop, _) = Client::open(&relay, "alice", "laptop").await;
    let value = laptop
        .call(METHOD, json!({ "device": "phone" }))
        .await
        .unwrap();
    assert_eq!(value, json!({ "ended": true }));
    assert_eq!(phone.closed().await, 4020);
    laptop.store("bob", "m1", "still here").await;
    let list = relay.user("alice").ok("devices.list", json!({})).await;
    assert_eq!(list["devices"].as_array().unwrap().len(), 1);
    assert_eq!(list["devices"][0]["device"], "laptop");
}

#[tokio::test]
async fn is_for_ones_own_and_for_the_server() {
    let relay = Relay::start().await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let own = json!({ "device": "phone" });
    let value = relay.user("bob").ok(METHOD, own.clone()).await;
    assert_eq!(value, json!({ "ended": false }), "of bob's");
    let of_alice = json!({ "device": "phone", "user": "alice" });
    assert_eq!(
        relay.user("bob").code(METHOD, of_alice.clone()).await,
        "scope_forbidden"
    );
    let value = relay.other_server().ok(METHOD, of_alice.clone()).await;
    assert_eq!(value, json!({ "ended": false }));
    assert_eq!(relay.server().code(METHOD, own).await, "field_invalid");
    phone.store("bob", "m1", "still here").await;
    let value = relay.server().ok(METHOD, of_alice).await;
    assert_eq!(value, json!({ "ended": true }));
    assert_eq!(phone.closed().await, 4020);
}
