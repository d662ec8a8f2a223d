use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "allow_list.replace";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "allow_list.replace", json!({ "users": ["alice"] })).await;
}

#[tokio::test]
async fn puts_these_on_it_and_no_others() {
    let relay = Relay::start().await;
    for users in [json!(["alice", "bob"]), json!(["bob", "carol"]), json!([])] {
        let list = json!({ "users": users });
        assert_eq!(relay.operator().ok(METHOD, list.clone()).await, list);
        assert_eq!(relay.operator().ok("allow_list.get", json!({})).await, list);
    }
}

#[tokio::test]
async fn one_bad_id_or_too_many_and_nothing_is_done() {
    let relay = Relay::start().await;
    relay
        .operator()
        .ok(METHOD, json!({ "users": ["alice"] }))
        .await;
    let too_many: Vec<String> = (0..10_001).map(|n| format!("u{n}")).collect();
    for (users, why) in [
        (json!(["bob", "b b"]), "users[1]"),
        (json!([7]), "users[0]"),
        (
            json!(too_many),
            "users: 10001 users would be on the list, and 10000 may be",
        ),
    ] {
        let refused = relay
            .refused_and_unchanged(METHOD, json!({ "users": users }))
            .await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(refused.message.starts_with(why), "{}", refused.message);
    }
    let list = relay
        .operator()
        .ok(METHOD, json!({ "users": too_many[..10_000] }))
        .await;
    assert_eq!(list["users"].as_array().unwrap().len(), 10_000);
}
