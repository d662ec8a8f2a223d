use serde_json::{Value, json};

use crate::support::{Relay, guards};

const METHOD: &str = "timeline.pull";

async fn said() -> Relay {
    let relay = Relay::start().await;
    for n in 1..=5 {
        relay
            .user("alice")
            .say("dm:alice:bob", &n.to_string())
            .await;
    }
    relay
}

fn seqs(value: &Value) -> Vec<u64> {
    let entries = value["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = said().await;
    guards(&relay, "timeline.pull", json!({ "after": 1, "limit": 2 })).await;
}

#[tokio::test]
async fn goes_by_seq_and_by_time_both_ways() {
    let relay = said().await;
    let bob = relay.user("bob");
    let all = bob.ok(METHOD, json!({})).await;
    assert_eq!((&all["head"], &all["floor"]), (&json!(5), &json!(1)));
    let third_us = all["entries"][2]["item"]["message"]["created_us"].clone();
    for (params, expected) in [
        (json!({}), vec![1, 2, 3, 4, 5]),
        (json!({ "after": 2, "limit": 2 }), vec![3, 4]),
        (json!({ "after": 5 }), vec![]),
        (json!({ "before": 4, "limit": 2 }), vec![2, 3]),
        (json!({ "before": 6, "limit": 1 }), vec![5]),
        (json!({ "before": 1 }), vec![]),
        (json!({ "since_us": third_us, "limit": 2 }), vec![3, 4]),
        (json!({ "until_us": third_us, "limit": 1 }), vec![2]),
    ] {
        let value = bob.ok(METHOD, params.clone()).await;
        assert_eq!(seqs(&value), expected, "{params}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let relay = said().await;
    for (bad, field) in [
        (json!({ "after": -1 }), "after"),
        (json!({ "after": 6 }), "after"),
        (json!({ "before": -1 }), "before"),
        (json!({ "before": 7 }), "before"),
        (json!({ "limit": 0 }), "limit"),
        (json!({ "after": 1, "before": 2 }), "before"),
        (json!({ "after": 1, "since_us": 2 }), "since_us"),
    ] {
        let refused = relay.user("bob").refused(METHOD, bad.clone()).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid"),
            "{bad}"
        );
        assert!(
            refused.message.starts_with(field),
            "{bad}: {}",
            refused.message
        );
    }
}

#[tokio::test]
async fn is_ones_own() {
    let relay = said().await;
    let value = relay.user("carol").ok(METHOD, json!({})).await;
    assert!(seqs(&value).is_empty());
    let value = relay
        .server()
        .ok(METHOD, json!({ "as": "bob", "after": 4 }))
        .await;
    assert_eq!(seqs(&value), [5]);
    let value = relay
        .other_server()
        .ok(METHOD, json!({ "as": "bob" }))
        .await;
    assert!(seqs(&value).is_empty());
    assert_eq!(
        relay
            .user("carol")
            .code(METHOD, json!({ "as": "bob" }))
            .await,
        "scope_forbidden"
    );
    assert_eq!(
        relay.server().code(METHOD, json!({})).await,
        "field_invalid",
        "whose?"
    );
}
