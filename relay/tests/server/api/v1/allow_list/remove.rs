use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "allow_list.remove";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "allow_list.remove", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn takes_off_who_is_named_and_passes_over_who_is_not_on_it() {
    let relay = Relay::start().await;
    let operator = relay.operator();
    operator
        .ok("allow_list.add", json!({ "users": ["alice", "bob"] }))
        .await;
    let params = json!({
        "content": { "title": "News", "body": "For the list" },
        "audience": { "allow_list_only": true },
    });
    let drafted = operator.ok("broadcasts.create", params).await;
    relay.act("publish", &drafted, json!({})).await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    assert_eq!(bob.sees().await, ["For the list"]);
    let list = operator
        .ok(METHOD, json!({ "users": ["bob", "nobody"] }))
        .await;
    assert_eq!(list, json!({ "users": ["alice"] }));
    assert!(bob.sees().await.is_empty());
    let refused = relay
        .refused_and_unchanged(METHOD, json!({ "users": [] }))
        .await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (400, "field_invalid")
    );
}
