use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "presence.watch";

#[tokio::test]
async fn is_for_users_on_the_socket_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "presence.watch", json!({ "users": ["bob"] })).await;
}

#[tokio::test]
async fn tells_of_changes() {
    let relay = Relay::start().await;
    relay
        .user("bob")
        .ok("presence.share", json!({ "shared": true }))
        .await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let value = alice
        .call(METHOD, json!({ "users": ["bob"] }))
        .await
        .unwrap();
    assert_eq!(value["users"][0]["online"], false);
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    let value = alice.event("presence").await;
    assert_eq!(value["users"][0]["user"], "bob");
    assert_eq!(value["users"][0]["online"], true);
}

#[tokio::test]
async fn a_session_watches_so_many() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let many: Vec<String> = (0..200).map(|n| format!("u{n}")).collect();
    for users in [json!([]), json!(vec!["u"; 201])] {
        let (code, _) = alice
            .try_call(METHOD, json!({ "users": users }))
            .await
            .unwrap_err();
        assert_eq!(code.as_str(), "field_invalid");
    }
    alice.call(METHOD, json!({ "users": many })).await.unwrap();
    let (code, message) = alice
        .try_call(METHOD, json!({ "users": ["more"] }))
        .await
        .unwrap_err();
    assert_eq!(code.as_str(), "field_invalid");
    assert!(message.contains("200"), "{message}");
}
