use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "rooms.join";

#[tokio::test]
async fn is_for_users_on_the_socket_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "rooms.join", json!({ "conv": "room:live" })).await;
}

#[tokio::test]
async fn tells_who_comes_what_was_said() {
    let relay = Relay::start().await;
    let room = json!({ "conv": "room:live" });
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let value = alice.call(METHOD, room.clone()).await.unwrap();
    assert_eq!(value, json!({ "online": 1, "recent": [] }));
    let say = json!({ "conv": "room:live", "body": "goal" });
    alice.call("rooms.send", say).await.unwrap();
    // What is said is gathered for a moment before it is told.
    while alice.event("room").await["messages"] == json!([]) {}
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let value = bob.call(METHOD, room).await.unwrap();
    assert_eq!(value["online"], 2);
    assert_eq!(value["recent"][0]["body"], "goal");
    assert_eq!(value["recent"][0]["sender"], "alice");
}

#[tokio::test]
async fn refuses_what_is_no_room_and_too_many() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (code, _) = alice
        .try_call(METHOD, json!({ "conv": "group:crew" }))
        .await
        .unwrap_err();
    assert_eq!(code.as_str(), "field_invalid");
    for n in 0..16 {
        let room = json!({ "conv": format!("room:r{n}") });
        alice.call(METHOD, room).await.unwrap();
    }
    let (code, _) = alice
        .try_call(METHOD, json!({ "conv": "room:more" }))
        .await
        .unwrap_err();
    assert_eq!(code.as_str(), "conversation_full");
}
