use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "messages.receipts";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "messages.receipts",
        json!({ "conv": "dm:alice:bob", "conv_seq": 1 }),
    )
    .await;
}

#[tokio::test]
async fn counts_who_has_read() {
    let relay = Relay::start().await;
    let group = json!({ "conv": "group:crew", "title": "Crew", "users": ["bob", "carol"] });
    relay.user("alice").ok("groups.create", group).await;
    let conv_seq = relay.user("alice").say("group:crew", "hi").await;
    let params = json!({ "conv": "group:crew", "conv_seq": conv_seq });
    let value = relay.user("alice").ok(METHOD, params.clone()).await;
    assert_eq!(
        value,
        json!({ "members": 2, "delivered": 0, "read": 0, "readers": [] })
    );
    relay
        .user("bob")
        .ok("conversations.read", params.clone())
        .await;
    let value = relay.server().ok(METHOD, params).await;
    assert_eq!(
        value,
        json!({ "members": 2, "delivered": 1, "read": 1, "readers": ["bob"] })
    );
}

#[tokio::test]
async fn is_for_those_who_see_the_message() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "hi").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
    let refused = relay.user("carol").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "message_unknown")
    );
    assert_eq!(
        relay.other_server().code(METHOD, params).await,
        "message_unknown"
    );
    let none = json!({ "conv": "dm:alice:bob", "conv_seq": 9 });
    assert_eq!(
        relay.user("alice").code(METHOD, none).await,
        "message_unknown"
    );
}
