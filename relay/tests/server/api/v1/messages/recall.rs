use std::time::Duration;

use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "messages.recall";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "messages.recall",
        json!({ "conv": "dm:alice:bob", "conv_seq": 1 }),
    )
    .await;
}

#[tokio::test]
async fn takes_a_message_back() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "oops").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
    let done = relay.user("alice").ok(METHOD, params.clone()).await;
    assert_eq!(done, json!({}));
    let list = relay
        .user("bob")
        .ok("messages.list", json!({ "conv": "dm:alice:bob" }))
        .await;
    assert_eq!(list["messages"][0]["recalled"], true);
    assert_eq!(list["messages"][0]["body"], "");
    relay.user("alice").ok(METHOD, params).await;
}

#[tokio::test]
async fn of_another_or_too_late_it_is_refused_but_to_the_server_and_to_operators() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "hi").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
    let refused = relay.user("bob").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "recall_refused")
    );
    let code = relay.user("carol").code(METHOD, params.clone()).await;
    assert_eq!(code, "conversation_unknown");
    let code = relay.other_server().code(METHOD, params.clone()).await;
    assert_eq!(code, "message_unknown");
    relay.pass(Duration::from_secs(61));
    assert_eq!(
        relay.user("alice").code(METHOD, params.clone()).await,
        "recall_refused"
    );
    assert_eq!(
        relay.user("bob").texts("dm:alice:bob").await,
        ["hi"],
        "still there"
    );

    let as_alice = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq, "as": "alice" });
    assert_eq!(
        relay.server().code(METHOD, as_alice).await,
        "recall_refused"
    );
    relay.server().ok(METHOD, params).await;
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, [""]);
    let again = relay.user("alice").say("dm:alice:bob", "rude").await;
    let rude = json!({ "conv": "dm:alice:bob", "conv_seq": again });
    let code = relay.other_operator().code(METHOD, rude.clone()).await;
    assert_eq!(code, "message_unknown", "of another app");
    relay.operator().ok(METHOD, rude).await;
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["", ""]);
    let as_bob = json!({ "conv": "dm:alice:bob", "conv_seq": again, "as": "bob" });
    let code = relay.operator().code(METHOD, as_bob).await;
    assert_eq!(code, "scope_forbidden", "operators act as themselves");

    let none = json!({ "conv": "dm:alice:bob", "conv_seq": 9 });
    assert_eq!(
        relay.user("alice").code(METHOD, none).await,
        "message_unknown"
    );
}
