use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "groups.create";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "group:crew", "title": "Crew", "users": ["bob"], "join": "open" });
    guards(&relay, "groups.create", params).await;
}

#[tokio::test]
async fn makes_a_group_and_tells_its_members() {
    let relay = Relay::start().await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let params = json!({ "conv": "group:crew", "title": "Crew", "users": ["bob", "carol", "bob"] });
    let value = relay.user("alice").ok(METHOD, params).await;
    assert_eq!(value["members"], 3);
    assert_eq!(bob.pushed(1).await.len(), 1);
    let roles = relay.members("group:crew").await;
    let roles: Vec<(&str, &str)> = roles
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        roles,
        [("alice", "owner"), ("bob", "member"), ("carol", "member")]
    );
}

#[tokio::test]
async fn the_server_says_whose_it_is() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "channel:news", "title": "News" });
    let refused = relay.server().refused(METHOD, params.clone()).await;
    assert_eq!(refused.code, "field_invalid");
    assert!(
        refused.message.starts_with("owner: "),
        "{}",
        refused.message
    );
    for (conv, key) in [("channel:news", "owner"), ("group:crew", "as")] {
        let mut params = json!({ "conv": conv, "title": "News" });
        params[key] = json!("press");
        relay.server().ok(METHOD, params).await;
        let group = relay
            .server()
            .ok("groups.get", json!({ "conv": conv }))
            .await;
        assert_eq!(group["owner"], "press");
    }
    let params = json!({ "conv": "group:x", "title": "X", "owner": "bob" });
    assert_eq!(
        relay.user("alice").code(METHOD, params).await,
        "field_invalid"
    );
}

#[tokio::test]
async fn a_name_is_given_once_in_an_app() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "group:crew", "title": "Crew" });
    relay.user("alice").ok(METHOD, params.clone()).await;
    let refused = relay.user("bob").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (409, "conversation_exists")
    );
    relay
        .user("alice")
        .ok("groups.dissolve", json!({ "conv": "group:crew" }))
        .await;
    assert_eq!(
        relay.user("bob").code(METHOD, params).await,
        "conversation_exists"
    );
    let params = json!({ "conv": "group:crew", "title": "Crew", "owner": "zoe" });
    relay.other_server().ok(METHOD, params).await;
}

#[tokio::test]
async fn refuses_what_is_no_group() {
    let relay = Relay::start().await;
    let many: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
    for (bad, field) in [
        (json!({ "conv": "dm:alice:bob", "title": "x" }), "conv"),
        (json!({ "conv": "room:live", "title": "x" }), "conv"),
        (json!({ "conv": "group:", "title": "x" }), "conv"),
        (json!({ "conv": "group:x", "title": " " }), "title"),
        (
            json!({ "conv": "group:x", "title": "x".repeat(257) }),
            "title",
        ),
        (
            json!({ "conv": "group:x", "title": "x", "users": many }),
            "users",
        ),
        (
            json!({ "conv": "group:x", "title": "x", "users": ["a", "b b"] }),
            "users[1]",
        ),
        (
            json!({ "conv": "group:x", "title": "x", "join": "never" }),
            "join",
        ),
    ] {
        let refused = relay.user("alice").refused(METHOD, bad.clone()).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid"),
            "{bad}"
        );
        assert!(
            refused.message.starts_with(field),
            "{bad}: {}",
            refused.message
        );
    }
    let code = relay
        .server()
        .code("groups.get", json!({ "conv": "group:x" }))
        .await;
    assert_eq!(code, "conversation_unknown", "nothing was made");
}
