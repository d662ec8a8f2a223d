use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.edit";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({
        "conv": "group:crew", "title": "Team", "announcement": "Friday", "join": "open",
    });
    guards(&crew().await, "groups.edit", params).await;
}

#[tokio::test]
async fn changes_what_is_given() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "announcement": "Friday" });
    assert_eq!(relay.user("bob").ok(METHOD, params).await, json!({}));
    let params = json!({ "conv": "group:crew", "title": "Team", "join": "admins" });
    relay.server().ok(METHOD, params).await;
    let group = relay
        .user("carol")
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["title"], "Team");
    assert_eq!(group["announcement"], "Friday");
    assert_eq!(group["join"], "admins");
    let params = json!({ "conv": "group:crew", "announcement": "" });
    relay.user("alice").ok(METHOD, params).await;
    let group = relay
        .user("carol")
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["announcement"], "");
}

#[tokio::test]
async fn refuses_plain_members_and_what_says_nothing_or_too_much() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "title": "Mine" });
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
    for (bad, field) in [
        (json!({ "conv": "group:crew" }), "title"),
        (json!({ "conv": "group:crew", "title": "" }), "title"),
        (
            json!({ "conv": "group:crew", "title": "x".repeat(257) }),
            "title",
        ),
        (
            json!({ "conv": "group:crew", "announcement": "x".repeat(4097) }),
            "announcement",
        ),
    ] {
        let refused = relay.user("alice").refused(METHOD, bad).await;
        assert_eq!(refused.code, "field_invalid");
        assert!(refused.message.starts_with(field), "{}", refused.message);
    }
    let group = relay
        .server()
        .ok("groups.get", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(group["title"], "Crew");
}
