use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "presence.unwatch";

#[tokio::test]
async fn is_for_users_on_the_socket_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "presence.unwatch", json!({ "users": ["bob"] })).await;
}

#[tokio::test]
async fn makes_room_for_others() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let many: Vec<String> = (0..200).map(|n| format!("u{n}")).collect();
    alice
        .call("presence.watch", json!({ "users": many }))
        .await
        .unwrap();
    let more = json!({ "users": ["more"] });
    alice
        .call("presence.watch", more.clone())
        .await
        .unwrap_err();
    let value = alice
        .call(METHOD, json!({ "users": ["u0", "never"] }))
        .await;
    assert_eq!(value.unwrap(), json!({}));
    alice.call("presence.watch", more).await.unwrap();
}
