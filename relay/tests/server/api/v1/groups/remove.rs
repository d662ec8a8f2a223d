use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.remove";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "users": ["carol"] });
    guards(&crew().await, "groups.remove", params).await;
}

#[tokio::test]
async fn sends_members_away() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "users": ["carol"] });
    let value = relay.user("bob").ok(METHOD, params).await;
    assert_eq!(value, json!({ "changed": ["carol"], "members": 2 }));
    let send = json!({ "to": { "conv": "group:crew" }, "body": "x" });
    let code = relay.user("carol").code("messages.send", send).await;
    assert_eq!(code, "conversation_unknown");
}

#[tokio::test]
async fn is_for_those_who_outrank() {
    let relay = crew().await;
    let remove = |user: &str| json!({ "conv": "group:crew", "users": [user] });
    let refused = relay.user("carol").refused(METHOD, remove("bob")).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    assert_eq!(
        relay.user("bob").code(METHOD, remove("alice")).await,
        "not_allowed"
    );
    assert_eq!(
        relay.user("mallory").code(METHOD, remove("bob")).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.other_server().code(METHOD, remove("bob")).await,
        "conversation_unknown"
    );
    let none = json!({ "conv": "group:crew", "users": [] });
    assert_eq!(
        relay.user("alice").code(METHOD, none).await,
        "field_invalid"
    );
    assert_eq!(relay.members("group:crew").await.len(), 3);
}
