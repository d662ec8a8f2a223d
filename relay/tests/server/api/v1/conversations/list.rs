use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "conversations.list";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "conversations.list", json!({ "limit": 2 })).await;
}

#[tokio::test]
async fn lists_the_most_recently_active_first_page_by_page() {
    let relay = Relay::start().await;
    for peer in ["bob", "carol", "dave"] {
        relay
            .user(peer)
            .say(&format!("dm:alice:{peer}"), "hi")
            .await;
    }
    let alice = relay.user("alice");
    let first = alice.ok(METHOD, json!({ "limit": 2 })).await;
    let convs = |value: &serde_json::Value| -> Vec<String> {
        let rows = value["conversations"].as_array().unwrap().iter();
        rows.map(|row| row["conv"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(convs(&first), ["dm:alice:dave", "dm:alice:carol"]);
    assert_eq!(first["conversations"][0]["unread"], 1);
    let page = json!({ "limit": 2, "page": first["next"] });
    let second = alice.ok(METHOD, page).await;
    assert_eq!(convs(&second), ["dm:alice:bob"]);
    assert_eq!(second.get("next"), None);
    let as_bob = relay.server().ok(METHOD, json!({ "as": "bob" })).await;
    assert_eq!(convs(&as_bob), ["dm:alice:bob"]);
    let other = relay
        .other_server()
        .ok(METHOD, json!({ "as": "bob" }))
        .await;
    assert!(convs(&other).is_empty());
}

#[tokio::test]
async fn refuses_pages_that_are_none() {
    let relay = Relay::start().await;
    for (bad, field) in [
        (json!({ "page": "x" }), "page"),
        (json!({ "page": "1-2-3" }), "page"),
        (json!({ "page": "-1-2" }), "page"),
        (json!({ "limit": 0 }), "limit"),
    ] {
        let refused = relay.user("alice").refused(METHOD, bad.clone()).await;
        assert_eq!(refused.code, "field_invalid", "{bad}");
        assert!(refused.message.starts_with(field), "{}", refused.message);
    }
    assert_eq!(
        relay.server().code(METHOD, json!({})).await,
        "field_invalid",
        "whose?"
    );
}
