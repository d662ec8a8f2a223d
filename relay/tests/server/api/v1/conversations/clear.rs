use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "conversations.clear";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "conversations.clear",
        json!({ "conv": "dm:alice:bob" }),
    )
    .await;
}

#[tokio::test]
async fn takes_it_off_until_the_next_message() {
    let relay = Relay::start().await;
    relay.user("alice").say("dm:alice:bob", "old").await;
    let params = json!({ "conv": "dm:alice:bob" });
    assert_eq!(relay.user("bob").ok(METHOD, params).await, json!({}));
    let list = relay.user("bob").ok("conversations.list", json!({})).await;
    assert_eq!(list["conversations"], json!([]));
    assert!(relay.user("bob").texts("dm:alice:bob").await.is_empty());
    assert_eq!(relay.user("alice").texts("dm:alice:bob").await, ["old"]);
    relay.user("alice").say("dm:alice:bob", "new").await;
    let list = relay.user("bob").ok("conversations.list", json!({})).await;
    assert_eq!(list["conversations"][0]["conv"], "dm:alice:bob");
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["new"]);
}

#[tokio::test]
async fn is_for_those_who_take_part() {
    let relay = Relay::start().await;
    relay.user("alice").say("dm:alice:bob", "hi").await;
    let mut params = json!({ "conv": "dm:alice:bob" });
    assert_eq!(
        relay.user("carol").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.server().code(METHOD, params.clone()).await,
        "field_invalid"
    );
    params["as"] = json!("bob");
    relay.other_server().ok(METHOD, params).await;
    let texts = relay.user("bob").texts("dm:alice:bob").await;
    assert_eq!(texts, ["hi"], "it was another app's bob");
}
