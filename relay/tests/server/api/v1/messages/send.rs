use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "messages.send";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "to": { "user": "bob" }, "kind": "text", "body": "hi", "client_msg_id": "m1",
        "priority": "high", "expires_us": 9_000_000_000_000_000_u64, "key": "k", "replace": false,
        "business": "order", "mentions": [],
    });
    guards(&relay, "messages.send", params).await;
}

#[tokio::test]
async fn stores_a_message_and_pushes_it() {
    let relay = Relay::start().await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let params = json!({ "to": { "user": "bob" }, "body": "hi", "client_msg_id": "m1" });
    let sent = relay.user("alice").ok(METHOD, params.clone()).await;
    assert_eq!(sent["conv"], "dm:alice:bob");
    assert_eq!((&sent["conv_seq"], &sent["seq"]), (&json!(1), &json!(1)));
    assert_eq!(sent["duplicate"], false);
    assert_eq!(bob.pushed(1).await.len(), 1);

    let again = relay.user("alice").ok(METHOD, params).await;
    assert_eq!(again["duplicate"], true);
    for field in ["msg_id", "conv", "conv_seq", "seq", "created_us"] {
        assert_eq!(again[field], sent[field], "{field}");
    }
    let other = json!({ "to": { "user": "bob" }, "body": "ho", "client_msg_id": "m1" });
    let refused = relay.user("alice").refused(METHOD, other).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (409, "id_conflict")
    );
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["hi"]);
}

#[tokio::test]
async fn without_an_id_each_call_is_another_message() {
    let relay = Relay::start().await;
    for _ in 0..2 {
        let params = json!({ "to": { "user": "bob" }, "body": "hi" });
        let sent = relay.user("alice").ok(METHOD, params).await;
        assert_eq!(sent["duplicate"], false);
    }
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["hi", "hi"]);
}

#[tokio::test]
async fn the_server_sends_in_the_name_of_any_user() {
    let relay = Relay::start().await;
    let params = json!({ "from": "shop", "to": { "user": "bob" }, "body": "paid" });
    let sent = relay.server().ok(METHOD, params.clone()).await;
    assert_eq!(sent["conv"], "dm:bob:shop");
    assert_eq!(relay.user("bob").texts("dm:bob:shop").await, ["paid"]);

    let refused = relay.user("alice").refused(METHOD, params).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (403, "scope_forbidden")
    );
    let nameless = json!({ "to": { "user": "bob" }, "body": "paid" });
    let refused = relay.server().refused(METHOD, nameless).await;
    assert_eq!(refused.code, "field_invalid");
    assert!(refused.message.starts_with("from: "), "{}", refused.message);
}

#[tokio::test]
async fn in_a_muted_group_only_the_server_sends_for_a_member() {
    let relay = Relay::start().await;
    let group = json!({ "conv": "group:crew", "title": "Crew", "users": ["bob"] });
    relay.user("alice").ok("groups.create", group).await;
    let mute = json!({ "conv": "group:crew", "muted": true });
    relay.user("alice").ok("groups.mute_all", mute).await;
    let params = json!({ "to": { "conv": "group:crew" }, "body": "hi" });
    assert_eq!(
        relay.user("bob").code(METHOD, params.clone()).await,
        "muted"
    );
    let code = relay.user("mallory").code(METHOD, params).await;
    assert_eq!(code.as_str(), "conversation_unknown");
    let params = json!({ "from": "robot", "to": { "conv": "group:crew" }, "body": "news" });
    relay.server().ok(METHOD, params).await;
    assert_eq!(relay.user("bob").texts("group:crew").await, ["news"]);
}

#[tokio::test]
async fn reaches_a_channels_followers() {
    let relay = Relay::start().await;
    let channel = json!({ "conv": "channel:news", "title": "News", "owner": "press" });
    relay.server().ok("groups.create", channel).await;
    let join = json!({ "conv": "channel:news" });
    relay.user("bob").ok("groups.join", join).await;
    let params = json!({ "from": "press", "to": { "conv": "channel:news" }, "body": "news" });
    relay.server().ok(METHOD, params).await;
    assert_eq!(relay.user("bob").texts("channel:news").await, ["news"]);
    let params = json!({ "to": { "conv": "channel:news" }, "body": "x" });
    let code = relay.user("bob").code(METHOD, params).await;
    assert_eq!(code.as_str(), "not_allowed");
}

#[tokio::test]
async fn refuses_what_can_never_be_stored() {
    let relay = Relay::start().await;
    let alice = relay.user("alice");
    let large = "x".repeat(33 * 1024);
    for (params, status, code) in [
        (
            json!({ "to": { "user": "bob" }, "body": large }),
            413,
            "body_too_large",
        ),
        (
            json!({ "to": { "user": "b b" }, "body": "" }),
            400,
            "field_invalid",
        ),
        (
            json!({ "to": { "user": "bob", "conv": "group:x" }, "body": "" }),
            400,
            "field_invalid",
        ),
        (json!({ "to": {}, "body": "" }), 400, "field_invalid"),
        (
            json!({ "to": { "conv": "dm:bob:carol" }, "body": "" }),
            404,
            "conversation_unknown",
        ),
        (
            json!({ "to": { "conv": "group:none" }, "body": "" }),
            404,
            "conversation_unknown",
        ),
        (
            json!({ "to": { "conv": "room:live" }, "body": "" }),
            404,
            "conversation_unknown",
        ),
        (
            json!({ "to": { "user": "bob" }, "body": "", "expires_us": 1 }),
            400,
            "field_invalid",
        ),
        (
            json!({ "to": { "user": "bob" }, "body": "", "replace": true }),
            400,
            "field_invalid",
        ),
        (
            json!({ "to": { "user": "bob" }, "body": "", "mentions": vec!["a"; 51] }),
            400,
            "field_invalid",
        ),
    ] {
        let refused = alice.refused(METHOD, params.clone()).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (status, code),
            "{params}"
        );
    }
    let list = alice.ok("conversations.list", json!({})).await;
    assert_eq!(list["conversations"], json!([]), "nothing was begun");
}

#[tokio::test]
async fn a_key_takes_the_place_of_the_earlier_message() {
    let relay = Relay::start().await;
    for (body, replace) in [("1 of 3", false), ("2 of 3", true)] {
        let params = json!({
            "to": { "user": "bob" }, "body": body, "key": "progress", "replace": replace,
        });
        relay.user("alice").ok(METHOD, params).await;
    }
    let list = relay.user("bob").texts("dm:alice:bob").await;
    assert_eq!(list, ["2 of 3"]);
}

#[tokio::test]
async fn users_call_it_over_the_socket_too() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let params = json!({ "to": { "user": "bob" }, "body": "hi" });
    let sent = alice.call(METHOD, params).await.unwrap();
    assert_eq!(sent["conv_seq"], 1);
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["hi"]);
    let (code, _) = alice
        .try_call("messages.sent", json!({}))
        .await
        .unwrap_err();
    assert_eq!(code.as_str(), "method_unknown");
}
