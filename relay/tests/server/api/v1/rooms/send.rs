use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "rooms.send";

#[tokio::test]
async fn is_for_users_on_the_socket_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "room:live", "body": "x", "kind": "text", "priority": "low" });
    guards(&relay, "rooms.send", params).await;
}

#[tokio::test]
async fn those_in_the_room_are_told() {
    let relay = Relay::start().await;
    let room = json!({ "conv": "room:live" });
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    alice.call("rooms.join", room.clone()).await.unwrap();
    bob.call("rooms.join", room).await.unwrap();
    let say = json!({ "conv": "room:live", "body": "goal", "priority": "high" });
    assert_eq!(alice.call(METHOD, say).await.unwrap(), json!({}));
    loop {
        let value = bob.event("room").await;
        assert_eq!(value["conv"], "room:live");
        // One may come before that only tells who is there.
        if let Some(said) = value["messages"].get(0) {
            assert_eq!(
                (&said["sender"], &said["body"]),
                (&json!("alice"), &json!("goal"))
            );
            break;
        }
    }
}

#[tokio::test]
async fn refuses_strangers_and_what_is_too_large() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let say = json!({ "conv": "room:live", "body": "goal" });
    let (code, _) = alice.try_call(METHOD, say).await.unwrap_err();
    assert_eq!(code.as_str(), "conversation_unknown");
    alice
        .call("rooms.join", json!({ "conv": "room:live" }))
        .await
        .unwrap();
    let large = json!({ "conv": "room:live", "body": "x".repeat(1025) });
    let (code, _) = alice.try_call(METHOD, large).await.unwrap_err();
    assert_eq!(code.as_str(), "body_too_large");
    let group = json!({ "conv": "group:crew", "body": "x" });
    let (code, _) = alice.try_call(METHOD, group).await.unwrap_err();
    assert_eq!(code.as_str(), "field_invalid");
}
