use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "presence.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "presence.get", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn who_does_not_share_it_looks_like_someone_who_never_was_here() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    alice
        .call("presence.share", json!({ "shared": true }))
        .await
        .unwrap();
    let params = json!({ "users": ["bob", "alice", "nobody"] });
    let value = relay.user("carol").ok(METHOD, params.clone()).await;
    let users = &value["users"];
    assert_eq!(
        users[0],
        json!({ "user": "bob", "online": false, "last_seen_us": 0 })
    );
    assert_eq!(
        users[2],
        json!({ "user": "nobody", "online": false, "last_seen_us": 0 })
    );
    assert_eq!(
        (&users[1]["user"], &users[1]["online"]),
        (&json!("alice"), &json!(true))
    );
    let other = relay.other_server().ok(METHOD, params).await;
    assert_eq!(other["users"][1]["online"], false);
}

#[tokio::test]
async fn a_list_has_bounds() {
    let relay = Relay::start().await;
    let many: Vec<String> = (0..201).map(|n| format!("u{n}")).collect();
    for users in [json!([]), json!(many), json!(["b b"])] {
        let code = relay
            .user("alice")
            .code(METHOD, json!({ "users": users }))
            .await;
        assert_eq!(code, "field_invalid");
    }
}
