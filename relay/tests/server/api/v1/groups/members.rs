use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.members";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "after": "alice", "limit": 1 });
    guards(&crew().await, "groups.members", params).await;
}

#[tokio::test]
async fn lists_them_page_by_page() {
    let relay = crew().await;
    let first = json!({ "conv": "group:crew", "limit": 2 });
    let value = relay.user("carol").ok(METHOD, first).await;
    assert_eq!(value["members"][0]["user"], "alice");
    assert_eq!(value["members"][1]["role"], "admin");
    assert_eq!(value["next"], "bob");
    let second = json!({ "conv": "group:crew", "limit": 2, "after": "bob" });
    let value = relay.user("carol").ok(METHOD, second).await;
    assert_eq!(value["members"].as_array().unwrap().len(), 1);
    assert_eq!(value.get("next"), None);
}

#[tokio::test]
async fn is_for_members() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    assert_eq!(
        relay.user("mallory").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.other_server().code(METHOD, params).await,
        "conversation_unknown"
    );
    for bad in [
        json!({ "conv": "group:crew", "limit": 0 }),
        json!({ "conv": "dm:alice:bob" }),
        json!({ "conv": "group:crew", "after": "a b" }),
    ] {
        assert_eq!(relay.user("alice").code(METHOD, bad).await, "field_invalid");
    }
}
