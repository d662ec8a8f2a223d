use std::time::Duration;

use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "messages.edit";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": 1, "body": "x" });
    guards(&relay, "messages.edit", params).await;
}

#[tokio::test]
async fn gives_a_message_another_body() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "helo").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq, "body": "hello" });
    assert_eq!(relay.user("alice").ok(METHOD, params).await, json!({}));
    let list = relay
        .user("bob")
        .ok("messages.list", json!({ "conv": "dm:alice:bob" }))
        .await;
    assert_eq!(list["messages"][0]["body"], "hello");
    assert!(list["messages"][0]["edited_us"].is_u64());
}

#[tokio::test]
async fn refuses_others_late_ones_and_what_is_too_large() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "hi").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq, "body": "ho" });
    let refused = relay.user("bob").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "edit_refused")
    );
    let code = relay.user("carol").code(METHOD, params.clone()).await;
    assert_eq!(code, "conversation_unknown");
    let code = relay.other_server().code(METHOD, params.clone()).await;
    assert_eq!(code, "message_unknown");
    let large = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq, "body": "x".repeat(40_000) });
    assert_eq!(
        relay.user("alice").code(METHOD, large).await,
        "body_too_large"
    );
    let none = json!({ "conv": "dm:alice:bob", "conv_seq": 9, "body": "ho" });
    assert_eq!(
        relay.user("alice").code(METHOD, none).await,
        "message_unknown"
    );
    relay.pass(Duration::from_secs(3600 - 1));
    assert_eq!(
        relay.user("alice").code(METHOD, params.clone()).await,
        "edit_refused"
    );
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["hi"]);
    relay.server().ok(METHOD, params).await;
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["ho"]);
}
