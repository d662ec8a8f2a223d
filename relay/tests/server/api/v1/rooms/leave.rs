use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "rooms.leave";

#[tokio::test]
async fn is_for_users_on_the_socket_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "rooms.leave", json!({ "conv": "room:live" })).await;
}

#[tokio::test]
async fn who_left_cannot_speak_there() {
    let relay = Relay::start().await;
    let room = json!({ "conv": "room:live" });
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.call("rooms.join", room.clone()).await.unwrap();
    assert_eq!(alice.call(METHOD, room.clone()).await.unwrap(), json!({}));
    let say = json!({ "conv": "room:live", "body": "goal" });
    let (code, _) = alice.try_call("rooms.send", say).await.unwrap_err();
    assert_eq!(code.as_str(), "conversation_unknown");
    assert_eq!(alice.call(METHOD, room).await.unwrap(), json!({}), "again");
    let (code, _) = alice
        .try_call(METHOD, json!({ "conv": "group:crew" }))
        .await
        .unwrap_err();
    assert_eq!(code.as_str(), "field_invalid");
}
