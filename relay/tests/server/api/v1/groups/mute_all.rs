use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.mute_all";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "muted": true });
    guards(&crew().await, "groups.mute_all", params).await;
}

#[tokio::test]
async fn only_admins_send() {
    let relay = crew().await;
    let muted = |muted: bool| json!({ "conv": "group:crew", "muted": muted });
    assert_eq!(relay.user("bob").ok(METHOD, muted(true)).await, json!({}));
    let send = json!({ "to": { "conv": "group:crew" }, "body": "x" });
    assert_eq!(
        relay
            .user("carol")
            .code("messages.send", send.clone())
            .await,
        "muted"
    );
    relay.user("bob").ok("messages.send", send.clone()).await;
    let group = relay
        .user("carol")
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["muted"], true);
    relay.server().ok(METHOD, muted(false)).await;
    relay.user("carol").ok("messages.send", send).await;
}

#[tokio::test]
async fn is_for_admins() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "muted": true });
    assert_eq!(
        relay.user("carol").code(METHOD, params.clone()).await,
        "not_allowed"
    );
    assert_eq!(
        relay.user("mallory").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.other_server().code(METHOD, params).await,
        "conversation_unknown"
    );
}
