use serde_json::json;

use super::crew;
use crate::support::guards;

const METHOD: &str = "groups.join";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    guards(
        &crew().await,
        "groups.join",
        json!({ "conv": "group:crew" }),
    )
    .await;
}

#[tokio::test]
async fn is_open_where_the_rule_says_so() {
    let relay = crew().await;
    let params = json!({ "conv": "group:crew" });
    let refused = relay.user("dave").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown"),
        "who may not come in need not know that it is there"
    );
    let rule = json!({ "conv": "group:crew", "join": "open" });
    relay.user("alice").ok("groups.edit", rule).await;
    let value = relay.user("dave").ok(METHOD, params.clone()).await;
    assert_eq!(value, json!({ "changed": ["dave"], "members": 4 }));
    let value = relay.user("dave").ok(METHOD, params).await;
    assert_eq!(value, json!({ "changed": [], "members": 4 }));
}

#[tokio::test]
async fn the_server_says_who() {
    let relay = crew().await;
    let mut params = json!({ "conv": "group:crew" });
    assert_eq!(
        relay.server().code(METHOD, params.clone()).await,
        "field_invalid"
    );
    params["conv"] = json!("group:none");
    assert_eq!(
        relay.user("dave").code(METHOD, params.clone()).await,
        "conversation_unknown"
    );
    params["conv"] = json!("dm:alice:bob");
    assert_eq!(
        relay.user("dave").code(METHOD, params).await,
        "field_invalid"
    );
    let as_dave = json!({ "conv": "group:crew", "as": "dave" });
    assert_eq!(
        relay.other_server().code(METHOD, as_dave).await,
        "conversation_unknown"
    );
}
