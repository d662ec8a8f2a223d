use serde_json::{Value, json};

use crate::support::{Relay, guards};

const METHOD: &str = "messages.batch";

async fn known(users: &[&str]) -> Relay {
    let relay = Relay::start().await;
    if !users.is_empty() {
        let params = json!({ "users": users });
        relay.server().ok("users.register", params).await;
    }
    relay
}

fn codes(value: &Value) -> Vec<&str> {
    let results = value["results"].as_array().unwrap().iter();
    results
        .map(|one| one["error"]["code"].as_str().unwrap_or("sent"))
        .collect()
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "from": "shop", "users": ["bob"], "idempotency_key": "k", "create": true, "body": "hi",
        "kind": "text", "priority": "low", "business": "sale", "mentions": [],
    });
    guards(&relay, "messages.batch", params).await;
}

#[tokio::test]
async fn one_bad_recipient_never_fails_the_rest() {
    let relay = known(&["alice", "bob"]).await;
    let params = json!({
        "from": "shop", "idempotency_key": "sale", "body": "sale",
        "users": ["alice", "nobody", "b b", "bob", "alice", ""],
    });
    let value = relay.server().ok(METHOD, params).await;
    assert_eq!(
        codes(&value),
        [
            "sent",
            "user_unknown",
            "field_invalid",
            "sent",
            "field_invalid",
            "field_invalid"
        ]
    );
    let results = &value["results"];
    assert_eq!(results[0]["user"], "alice");
    assert_eq!(results[0]["sent"]["conv"], "dm:alice:shop");
    assert_eq!(results[1]["error"]["retryable"], false);
    let repeated = results[4]["error"]["message"].as_str().unwrap();
    assert!(
        repeated.contains("users[4]") && repeated.contains("users[0]"),
        "{repeated}"
    );
    for user in ["alice", "bob"] {
        let conv = format!("dm:{user}:shop");
        assert_eq!(relay.user(user).texts(&conv).await, ["sale"], "once");
    }
    let nobody = relay
        .user("nobody")
        .ok("conversations.list", json!({}))
        .await;
    assert_eq!(nobody["conversations"], json!([]));
}

#[tokio::test]
async fn a_retry_gives_the_first_results_and_reaches_who_was_not_reached() {
    let relay = known(&["alice"]).await;
    let params = json!({
        "from": "shop", "idempotency_key": "sale", "body": "sale", "users": ["alice", "bob"],
    });
    let first = relay.server().ok(METHOD, params.clone()).await;
    assert_eq!(codes(&first), ["sent", "user_unknown"]);

    relay
        .server()
        .ok("users.register", json!({ "users": ["bob"] }))
        .await;
    let second = relay.server().ok(METHOD, params).await;
    assert_eq!(codes(&second), ["sent", "sent"]);
    let sent = |value: &Value, at: usize| value["results"][at]["sent"].clone();
    assert_eq!(sent(&second, 0)["duplicate"], true);
    assert_eq!(sent(&second, 0)["msg_id"], sent(&first, 0)["msg_id"]);
    assert_eq!(sent(&second, 1)["duplicate"], false);
    assert_eq!(relay.user("alice").texts("dm:alice:shop").await, ["sale"]);

    let other = json!({
        "from": "shop", "idempotency_key": "sale", "body": "another", "users": ["alice"],
    });
    let third = relay.server().ok(METHOD, other).await;
    assert_eq!(codes(&third), ["id_conflict"], "the key is of another text");
}

#[tokio::test]
async fn the_ids_are_those_that_the_documentation_tells() {
    let relay = known(&[]).await;
    let params = json!({
        "from": "shop", "idempotency_key": "sale", "body": "sale", "users": ["alice"], "create": true,
    });
    relay.server().ok(METHOD, params).await;
    let list = relay
        .user("alice")
        .ok("messages.list", json!({ "conv": "dm:alice:shop" }))
        .await;
    // printf alice | sha256sum
    assert_eq!(
        list["messages"][0]["client_msg_id"],
        "sale.2bd806c97f0e00af1a1fc332"
    );
}

#[tokio::test]
async fn creates_users_only_where_asked_to() {
    let relay = known(&[]).await;
    let params = |create: bool| {
        json!({
            "from": "shop", "idempotency_key": "k", "body": "hi", "users": ["new"], "create": create,
        })
    };
    assert_eq!(
        codes(&relay.server().ok(METHOD, params(false)).await),
        ["user_unknown"]
    );
    assert_eq!(
        codes(&relay.server().ok(METHOD, params(true)).await),
        ["sent"]
    );
    let users = relay
        .server()
        .ok("users.get", json!({ "users": ["new"] }))
        .await;
    assert_eq!(users["users"][0]["user"], "new");
    let other = relay
        .other_server()
        .ok("users.get", json!({ "users": ["new"] }))
        .await;
    assert_eq!(other["users"], json!([]), "not in another app");
}

#[tokio::test]
async fn an_oversized_body_is_an_error_of_each() {
    let relay = known(&["alice"]).await;
    let params = json!({
        "from": "shop", "idempotency_key": "k", "body": "x".repeat(33 * 1024),
        "users": ["alice", "nobody"],
    });
    let value = relay.server().ok(METHOD, params).await;
    assert_eq!(codes(&value), ["body_too_large", "user_unknown"]);
}

#[tokio::test]
async fn a_batch_has_bounds() {
    let relay = known(&[]).await;
    let users: Vec<String> = (0..1_001).map(|n| format!("u{n}")).collect();
    let batch = |users: &[String], key: &str| {
        json!({
            "from": "shop", "idempotency_key": key, "body": "hi", "users": users, "create": true,
        })
    };
    for params in [
        batch(&users, "k"),
        batch(&[], "k"),
        batch(&users[..1], &"k".repeat(40)),
    ] {
        assert_eq!(relay.server().code(METHOD, params).await, "field_invalid");
    }
    let value = relay
        .server()
        .ok(METHOD, batch(&users[..1_000], &"k".repeat(39)))
        .await;
    assert!(codes(&value).iter().all(|code| *code == "sent"));
    assert_eq!(value["results"][999]["user"], "u999");
}
