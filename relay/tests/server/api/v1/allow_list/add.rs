use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "allow_list.add";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "allow_list.add", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn adds_to_who_is_on_it() {
    let relay = Relay::start().await;
    let operator = relay.operator();
    operator.ok(METHOD, json!({ "users": ["bob"] })).await;
    let list = operator
        .ok(METHOD, json!({ "users": ["alice", "bob"] }))
        .await;
    assert_eq!(list, json!({ "users": ["alice", "bob"] }));
    // Nobody came: nothing was done.
    let refused = relay
        .refused_and_unchanged(METHOD, json!({ "users": [] }))
        .await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (400, "field_invalid")
    );
    let refused = relay
        .refused_and_unchanged(METHOD, json!({ "users": ["x", ""] }))
        .await;
    assert!(
        refused.message.starts_with("users[1]"),
        "{}",
        refused.message
    );

    let rest: Vec<String> = (0..9_999).map(|n| format!("u{n}")).collect();
    let refused = relay
        .refused_and_unchanged(METHOD, json!({ "users": rest }))
        .await;
    assert!(
        refused.message.contains("10001 users"),
        "{}",
        refused.message
    );
}
