use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "allow_list.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "allow_list.get", json!({})).await;
}

#[tokio::test]
async fn lists_the_apps_own() {
    let relay = Relay::start().await;
    let empty = json!({ "users": [] });
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, empty);
    relay
        .operator()
        .ok(
            "allow_list.add",
            json!({ "users": ["bob", "alice", "bob"] }),
        )
        .await;
    let list = json!({ "users": ["alice", "bob"] });
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, list);
    assert_eq!(relay.other_operator().ok(METHOD, json!({})).await, empty);
    let relay = relay.restart().await;
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, list);
}
