use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "messages.delete";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "messages.delete",
        json!({ "conv": "dm:alice:bob", "conv_seq": 1 }),
    )
    .await;
}

#[tokio::test]
async fn deletes_for_one_and_leaves_it_to_the_other() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "hi").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
    assert_eq!(
        relay.user("bob").ok(METHOD, params.clone()).await,
        json!({})
    );
    assert!(relay.user("bob").texts("dm:alice:bob").await.is_empty());
    assert_eq!(relay.user("alice").texts("dm:alice:bob").await, ["hi"]);
    let as_alice = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq, "as": "alice" });
    relay.server().ok(METHOD, as_alice).await;
    assert!(relay.user("alice").texts("dm:alice:bob").await.is_empty());
}

#[tokio::test]
async fn refuses_what_is_not_ones_own_to_see() {
    let relay = Relay::start().await;
    let conv_seq = relay.user("alice").say("dm:alice:bob", "hi").await;
    let params = json!({ "conv": "dm:alice:bob", "conv_seq": conv_seq });
    assert_eq!(
        relay.user("carol").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.server().code(METHOD, params.clone()).await,
        "field_invalid",
        "of whom?"
    );
    let mut other = params;
    other["as"] = json!("alice");
    assert_eq!(
        relay.other_server().code(METHOD, other.clone()).await,
        "message_unknown"
    );
    assert_eq!(
        relay.user("bob").code(METHOD, other).await,
        "scope_forbidden"
    );
    let none = json!({ "conv": "dm:alice:bob", "conv_seq": 9 });
    assert_eq!(
        relay.user("alice").code(METHOD, none).await,
        "message_unknown"
    );
    assert_eq!(relay.user("alice").texts("dm:alice:bob").await, ["hi"]);
}
