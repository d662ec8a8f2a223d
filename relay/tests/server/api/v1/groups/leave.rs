use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.leave";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    guards(
        &crew().await,
        "groups.leave",
        json!({ "conv": "group:crew" }),
    )
    .await;
}

#[tokio::test]
async fn who_left_neither_sends_nor_belongs_any_more() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    let value = relay.user("carol").ok(METHOD, params.clone()).await;
    assert_eq!(value, json!({ "changed": ["carol"], "members": 2 }));
    let send = json!({ "to": { "conv": "group:crew" }, "body": "x" });
    let code = relay.user("carol").code("messages.send", send).await;
    assert_eq!(code, "conversation_unknown");
    assert_eq!(
        relay.user("carol").code(METHOD, params).await,
        "conversation_unknown"
    );
    let as_bob = json!({ "conv": "group:crew", "as": "bob" });
    relay.server().ok(METHOD, as_bob).await;
    assert_eq!(relay.members("group:crew").await.len(), 1);
}

#[tokio::test]
async fn the_owner_cannot_just_go() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    let refused = relay.user("alice").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    assert_eq!(
        relay.user("mallory").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.server().code(METHOD, params).await,
        "field_invalid",
        "who?"
    );
    assert_eq!(relay.members("group:crew").await.len(), 3);
}
