use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "conversations.read";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "conversations.read",
        json!({ "conv": "dm:alice:bob", "conv_seq": 1 }),
    )
    .await;
}

#[tokio::test]
async fn marks_grow_and_unread_counts_shrink() {
    let relay = Relay::start().await;
    for _ in 0..3 {
        relay.user("alice").say("dm:alice:bob", "hi").await;
    }
    let bob = relay.user("bob");
    for (conv_seq, unread) in [(2, 1), (1, 1), (99, 0)] {
        let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
        assert_eq!(bob.ok(METHOD, params).await, json!({}));
        let list = bob.ok("conversations.list", json!({})).await;
        assert_eq!(list["conversations"][0]["unread"], unread);
    }
}

#[tokio::test]
async fn is_for_those_who_take_part() {
    let relay = Relay::start().await;
    relay.user("alice").say("dm:alice:bob", "hi").await;
    let mut params = json!({ "conv": "dm:alice:bob", "conv_seq": 1 });
    let refused = relay.user("carol").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown")
    );
    assert_eq!(
        relay.server().code(METHOD, params.clone()).await,
        "field_invalid"
    );
    params["as"] = json!("bob");
    let bob = relay.user("bob");
    relay.other_server().ok(METHOD, params.clone()).await;
    let list = bob.ok("conversations.list", json!({})).await;
    assert_eq!(
        list["conversations"][0]["unread"], 1,
        "it was another app's bob"
    );
    relay.server().ok(METHOD, params).await;
    let list = bob.ok("conversations.list", json!({})).await;
    assert_eq!(list["conversations"][0]["unread"], 0);
    let negative = json!({ "conv": "dm:alice:bob", "conv_seq": -1 });
    assert_eq!(
        relay.user("bob").code(METHOD, negative).await,
        "field_invalid"
    );
}
