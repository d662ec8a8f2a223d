use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.role";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let params = json!({ "conv": "group:crew", "user": "bob", "role": "member" });
    guards(&crew().await, "groups.role", params).await;
}

#[tokio::test]
async fn makes_admins_and_plain_members() {
    let relay = crew().await;
    let set = |user: &str, role: &str| json!({ "conv": "group:crew", "user": user, "role": role });
    assert_eq!(
        relay.user("alice").ok(METHOD, set("carol", "admin")).await,
        json!({})
    );
    relay.server().ok(METHOD, set("bob", "member")).await;
    let roles: Vec<String> = relay
        .members("group:crew")
        .await
        .into_iter()
        .map(|(_, role)| role)
        .collect();
    assert_eq!(roles, ["owner", "member", "admin"]);
}

#[tokio::test]
async fn is_the_owners_to_do_and_makes_no_second_one() {
    let relay = crew().await;
    let set = |user: &str, role: &str| json!({ "conv": "group:crew", "user": user, "role": role });
    let refused = relay
        .user("bob")
        .refused(METHOD, set("carol", "admin"))
        .await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    let refused = relay
        .user("alice")
        .refused(METHOD, set("bob", "owner"))
        .await;
    assert_eq!(refused.code, "field_invalid");
    assert!(refused.message.starts_with("role: "), "{}", refused.message);
    let code = relay
        .user("alice")
        .code(METHOD, set("mallory", "admin"))
        .await;
    assert_eq!(code, "user_unknown");
    let code = relay
        .user("mallory")
        .code(METHOD, set("bob", "admin"))
        .await;
    assert_eq!(code, "conversation_unknown");
    let code = relay.other_server().code(METHOD, set("bob", "admin")).await;
    assert_eq!(code, "conversation_unknown");
}
