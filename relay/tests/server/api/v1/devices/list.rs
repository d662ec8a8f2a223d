use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "devices.list";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "devices.list", json!({})).await;
    let refused = relay.server().refused(METHOD, json!({ "user": {} })).await;
    assert!(refused.message.starts_with("user"), "{}", refused.message);
}

#[tokio::test]
async fn lists_ones_own_devices() {
    let relay = Relay::start().await;
    let value = relay.user("alice").ok(METHOD, json!({})).await;
    assert_eq!(value, json!({ "devices": [] }));
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice
        .store("bob", "m1", "what comes after the device")
        .await;
    let value = relay.user("alice").ok(METHOD, json!({})).await;
    let device = &value["devices"][0];
    assert_eq!(
        (&device["device"], &device["online"]),
        (&json!("phone"), &json!(true))
    );
    assert_eq!(device["host"], "test");
    assert!(device["first_seen_us"].as_u64() <= device["last_seen_us"].as_u64());
    let of_alice = json!({ "user": "alice" });
    assert_eq!(relay.server().ok(METHOD, of_alice.clone()).await, value);
    let other = relay.other_server().ok(METHOD, of_alice.clone()).await;
    assert_eq!(other, json!({ "devices": [] }));
    assert_eq!(
        relay.user("bob").code(METHOD, of_alice).await,
        "scope_forbidden"
    );
    assert_eq!(
        relay.server().code(METHOD, json!({})).await,
        "field_invalid",
        "whose?"
    );
}
