use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "users.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "users.get", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn tells_who_is_known_and_there() {
    let relay = Relay::start().await;
    relay
        .server()
        .ok("users.register", json!({ "users": ["bob"] }))
        .await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice
        .store("bob", "m1", "what comes after the device")
        .await;
    let params = json!({ "users": ["bob", "nobody", "alice"] });
    let value = relay.server().ok(METHOD, params.clone()).await;
    let mut users = value["users"].as_array().unwrap().clone();
    users.sort_by_key(|user| user["user"].to_string());
    assert_eq!(users.len(), 2);
    assert_eq!(
        (&users[0]["user"], &users[0]["online"]),
        (&json!("alice"), &json!(true))
    );
    let bob =
        json!({ "user": "bob", "online": false, "last_seen_us": 0, "shares_presence": false });
    assert_eq!(users[1], bob);
    let other = relay.other_server().ok(METHOD, params).await;
    assert_eq!(other, json!({ "users": [] }));
}

#[tokio::test]
async fn a_list_has_bounds() {
    let relay = Relay::start().await;
    let many: Vec<String> = (0..1_001).map(|n| format!("u{n}")).collect();
    for users in [json!([]), json!(many), json!(["b b"])] {
        let code = relay.server().code(METHOD, json!({ "users": users })).await;
        assert_eq!(code, "field_invalid");
    }
}
