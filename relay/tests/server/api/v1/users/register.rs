use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "users.register";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "users.register", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn makes_users_known_each_by_itself() {
    let relay = Relay::start().await;
    let params = json!({ "users": ["alice", "b b", "carol", "alice"] });
    let value = relay.server().ok(METHOD, params).await;
    let results = value["results"].as_array().unwrap();
    let codes: Vec<Option<&str>> = results
        .iter()
        .map(|one| one["error"]["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        [None, Some("field_invalid"), None, Some("field_invalid")]
    );
    assert_eq!(results[1]["user"], "b b");
    let users = relay
        .server()
        .ok("users.get", json!({ "users": ["alice", "carol"] }))
        .await;
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    let value = relay
        .server()
        .ok(METHOD, json!({ "users": ["alice"] }))
        .await;
    assert_eq!(value["results"], json!([{ "user": "alice" }]));
}

#[tokio::test]
async fn a_list_has_bounds() {
    let relay = Relay::start().await;
    let many: Vec<String> = (0..1_001).map(|n| format!("u{n}")).collect();
    for users in [json!([]), json!(many)] {
        let refused = relay
            .server()
            .refused(METHOD, json!({ "users": users }))
            .await;
        assert_eq!(refused.code, "field_invalid");
        assert!(
            refused.message.starts_with("users: "),
            "{}",
            refused.message
        );
    }
}
