use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    guards(&crew().await, "groups.get", json!({ "conv": "group:crew" })).await;
}

#[tokio::test]
async fn tells_what_it_is_like() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    let value = relay.user("bob").ok(METHOD, params.clone()).await;
    let expected = json!({
        "conv": "group:crew", "owner": "alice", "title": "Crew", "announcement": "",
        "join": "invited", "muted": false, "dissolved": false, "crowd": false, "members": 3,
        "head": 0, "created_us": value["created_us"],
        "own": {
            "user": "bob", "role": "admin", "joined_us": value["created_us"], "muted_until_us": 0,
        },
    });
    assert_eq!(value, expected);
    let value = relay.server().ok(METHOD, params).await;
    assert_eq!(value.get("own"), None);
}

#[tokio::test]
async fn is_for_members() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    let refused = relay.user("mallory").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown")
    );
    assert_eq!(
        relay.other_server().code(METHOD, params).await,
        "conversation_unknown"
    );
    let as_mallory = json!({ "conv": "group:crew", "as": "mallory" });
    assert_eq!(
        relay.server().code(METHOD, as_mallory).await,
        "conversation_unknown"
    );
    let direct = json!({ "conv": "dm:alice:bob" });
    assert_eq!(
        relay.user("alice").code(METHOD, direct).await,
        "field_invalid"
    );
}
