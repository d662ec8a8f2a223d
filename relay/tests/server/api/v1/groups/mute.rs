use seqline_relay::clock::Clock as _;
use serde_json::{Value, json};

use super::crew;
use crate::support::{Relay, guards};

const METHOD: &str = "groups.mute";

fn mute(relay: &Relay, user: &str, for_s: u64) -> Value {
    let until_us = relay.clock.now().wall.get() + for_s * 1_000_000;
    json!({ "conv": "group:crew", "user": user, "until_us": until_us })
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "user": "carol", "until_us": 0 });
    guards(&crew().await, "groups.mute", params).await;
}

#[tokio::test]
async fn a_member_cannot_send_until_then() {
    let relay = crew().await;
    let params = mute(&relay, "carol", 60);
    assert_eq!(relay.user("bob").ok(METHOD, params).await, json!({}));
    let send = json!({ "to": { "conv": "group:crew" }, "body": "x" });
    let refused = relay
        .user("carol")
        .refused("messages.send", send.clone())
        .await;
    assert_eq!((refused.status, refused.code.as_str()), (403, "muted"));
    relay.pass(std::time::Duration::from_secs(61));
    relay.user("carol").ok("messages.send", send.clone()).await;
    relay.server().ok(METHOD, mute(&relay, "carol", 60)).await;
    assert_eq!(
        relay
            .user("carol")
            .code("messages.send", send.clone())
            .await,
        "muted"
    );
    let lifted = json!({ "conv": "group:crew", "user": "carol", "until_us": 0 });
    relay.user("bob").ok(METHOD, lifted).await;
    relay.user("carol").ok("messages.send", send).await;
}

#[tokio::test]
async fn is_for_those_who_outrank() {
    let relay = crew().await;
    let refused = relay
        .user("carol")
        .refused(METHOD, mute(&relay, "bob", 60))
        .await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    let code = relay
        .user("bob")
        .code(METHOD, mute(&relay, "alice", 60))
        .await;
    assert_eq!(code, "not_allowed");
    let code = relay
        .user("mallory")
        .code(METHOD, mute(&relay, "bob", 60))
        .await;
    assert_eq!(code, "conversation_unknown");
    let code = relay
        .other_server()
        .code(METHOD, mute(&relay, "bob", 60))
        .await;
    assert_eq!(code, "conversation_unknown");
    let code = relay
        .user("alice")
        .code(METHOD, mute(&relay, "mallory", 60))
        .await;
    assert_eq!(code, "user_unknown");
    let past = json!({ "conv": "group:crew", "user": "carol", "until_us": 1 });
    let refused = relay.user("alice").refused(METHOD, past).await;
    assert!(
        refused.message.starts_with("until_us: "),
        "{}",
        refused.message
    );
}
