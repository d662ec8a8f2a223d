use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "presence.share";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "presence.share", json!({ "shared": true })).await;
}

#[tokio::test]
async fn shows_a_user_only_while_she_wants_it() {
    let relay = Relay::start().await;
    let (_alice, _) = Client::open(&relay, "alice", "phone").await;
    let ask = json!({ "users": ["alice"] });
    for (shared, online) in [(true, true), (false, false)] {
        let params = json!({ "shared": shared });
        assert_eq!(relay.user("alice").ok(METHOD, params).await, json!({}));
        let value = relay.user("bob").ok("presence.get", ask.clone()).await;
        assert_eq!(value["users"][0]["online"], online);
    }
    let for_alice = json!({ "shared": true, "as": "alice" });
    assert_eq!(
        relay.user("bob").code(METHOD, for_alice.clone()).await,
        "scope_forbidden"
    );
    assert_eq!(
        relay.server().code(METHOD, json!({ "shared": true })).await,
        "field_invalid"
    );
    relay.other_server().ok(METHOD, for_alice.clone()).await;
    let value = relay.user("bob").ok("presence.get", ask.clone()).await;
    assert_eq!(
        value["users"][0]["online"], false,
        "another app's alice shares hers"
    );
    relay.server().ok(METHOD, for_alice).await;
    let value = relay.user("bob").ok("presence.get", ask).await;
    assert_eq!(value["users"][0]["online"], true);
}
