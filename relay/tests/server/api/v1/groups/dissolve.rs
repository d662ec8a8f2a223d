use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.dissolve";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    guards(
        &crew().await,
        "groups.dissolve",
        json!({ "conv": "group:crew" }),
    )
    .await;
}

#[tokio::test]
async fn ends_it_and_leaves_the_history() {
    let relay = crew().await;
    relay.user("bob").say("group:crew", "bye").await;
    let params = json!({ "conv": "group:crew" });
    assert_eq!(relay.user("alice").ok(METHOD, params).await, json!({}));
    let send = json!({ "to": { "conv": "group:crew" }, "body": "x" });
    let refused = relay.user("bob").refused("messages.send", send).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "not_allowed")
    );
    assert_eq!(relay.user("carol").texts("group:crew").await, ["bye"]);
}

#[tokio::test]
async fn is_the_owners_to_do() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    assert_eq!(
        relay.user("bob").code(METHOD, params.clone()).await,
        "not_allowed"
    );
    assert_eq!(
        relay.user("mallory").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    assert_eq!(
        relay.other_server().code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    relay.user("bob").say("group:crew", "still here").await;
    relay.server().ok(METHOD, params).await;
}
