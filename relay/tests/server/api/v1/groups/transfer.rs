use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.transfer";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "user": "bob" });
    guards(&crew().await, "groups.transfer", params).await;
}

#[tokio::test]
async fn makes_a_member_the_owner() {
    let relay = crew().await;
    let to = |user: &str| json!({ "conv": "group:crew", "user": user });
    assert_eq!(relay.user("alice").ok(METHOD, to("carol")).await, json!({}));
    let roles: Vec<String> = relay
        .members("group:crew")
        .await
        .into_iter()
        .map(|(_, role)| role)
        .collect();
    assert_eq!(roles, ["admin", "admin", "owner"]);
    relay.server().ok(METHOD, to("bob")).await;
    let group = relay
        .server()
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["owner"], "bob");
}

#[tokio::test]
async fn is_the_owners_to_do() {
    let relay = crew().await;
    let to = |user: &str| json!({ "conv": "group:crew", "user": user });
    let refused = relay.user("bob").refused(METHOD, to("bob")).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    let refused = relay.user("alice").refused(METHOD, to("mallory")).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "user_unknown")
    );
    assert_eq!(
        relay.user("mallory").code(METHOD, to("bob")).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.other_server().code(METHOD, to("bob")).await,
        "conversation_unknown"
    );
    let group = relay
        .server()
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["owner"], "alice");
}
