use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.invite";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "users": ["dave"] });
    guards(&crew().await, "groups.invite", params).await;
}

#[tokio::test]
async fn takes_users_in_and_leaves_who_is_there_already() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "users": ["dave", "bob", "dave"] });
    let value = relay.user("carol").ok(METHOD, params.clone()).await;
    assert_eq!(value, json!({ "changed": ["dave"], "members": 4 }));
    let value = relay.server().ok(METHOD, params).await;
    assert_eq!(value, json!({ "changed": [], "members": 4 }));
    assert_eq!(relay.user("dave").texts("group:crew").await, [""; 0]);
}

#[tokio::test]
async fn goes_by_the_rule() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew", "users": ["dave"] });
    let refused = relay.user("mallory").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown")
    );
    assert_eq!(
        relay.other_server().code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    let rule = json!({ "conv": "group:crew", "join": "admins" });
    relay.user("alice").ok("groups.edit", rule).await;
    let refused = relay.user("carol").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    assert_eq!(relay.members("group:crew").await.len(), 3, "no one came in");
    relay.user("bob").ok(METHOD, params).await;
}

#[tokio::test]
async fn refuses_lists_that_are_none() {
    let relay = crew().await;
    let many: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
    for users in [json!([]), json!(many), json!(["ok", "b b"]), json!("dave")] {
        let params = json!({ "conv": "group:crew", "users": users });
        let refused = relay.user("alice").refused(METHOD, params).await;
        assert_eq!(refused.code, "field_invalid");
        assert!(refused.message.starts_with("users"), "{}", refused.message);
    }
    assert_eq!(relay.members("group:crew").await.len(), 3);
}
