use std::time::Duration;

use seqline_relay::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::{Relay, guards};

const METHOD: &str = "broadcasts.list";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.list",
        json!({ "states": ["draft"], "before": 7, "limit": 5 }),
    )
    .await;
}

fn ids(page: &Value) -> Vec<u64> {
    let broadcasts = page["broadcasts"].as_array().unwrap().iter();
    broadcasts.map(|one| one["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn lists_newest_first_and_by_state() {
    let relay = Relay::start().await;
    let mut expected = Vec::new();
    let states = ["draft", "staged", "published", "stopped", "recalled"];
    for state in states {
        expected.push(relay.in_state(state).await["id"].as_u64().unwrap());
    }
    let deleted = relay.in_state("draft").await;
    relay.act("delete", &deleted, json!({})).await;
    let operator = relay.operator();
    let all = operator.ok(METHOD, json!({})).await;
    let newest_first: Vec<u64> = expected.iter().rev().copied().collect();
    assert_eq!(ids(&all), newest_first, "without what is deleted");
    for (state, id) in states.into_iter().zip(&expected) {
        let page = operator.ok(METHOD, json!({ "states": [state] })).await;
        assert_eq!(ids(&page), [*id], "{state}");
        assert_eq!(page["broadcasts"][0]["state"], state);
    }
    let two = operator
        .ok(METHOD, json!({ "states": ["draft", "recalled"] }))
        .await;
    assert_eq!(ids(&two), [expected[4], expected[0]]);
    let none = operator.ok(METHOD, json!({ "states": ["expired"] })).await;
    assert_eq!(none, json!({ "broadcasts": [] }));
    let other = relay.other_operator().ok(METHOD, json!({})).await;
    assert_eq!(other, json!({ "broadcasts": [] }), "of another app");
    let code = operator.code(METHOD, json!({ "states": ["gone"] })).await;
    assert_eq!(code, "field_invalid");
    assert_eq!(
        operator.code(METHOD, json!({ "limit": 0 })).await,
        "field_invalid"
    );
}

#[tokio::test]
async fn pages_join_without_hole_or_repetition() {
    let relay = Relay::start().await;
    let operator = relay.operator();
    let ends_us = relay.clock.now().wall.get() + 60_000_000;
    let mut expired = Vec::new();
    let mut published = Vec::new();
    for n in 0..12 {
        let mut params = json!({ "content": { "title": "News", "body": "Hello" } });
        if n % 3 > 0 {
            params["audience"] = json!({ "expires_us": ends_us });
        }
        let drafted = operator.ok("broadcasts.create", params).await;
        let id = relay.act("publish", &drafted, json!({})).await["id"]
            .as_u64()
            .unwrap();
        let kept = if n % 3 > 0 {
            &mut expired
        } else {
            &mut published
        };
        kept.insert(0, id);
    }
    relay.pass(Duration::from_secs(61));
    for (state, expected) in [("expired", expired), ("published", published)] {
        let mut all = Vec::new();
        let mut before = json!(null);
        loop {
            let params = json!({ "states": [state], "limit": 2, "before": before });
            let page = operator.ok(METHOD, params).await;
            assert!(page["broadcasts"].as_array().unwrap().len() <= 2);
            all.extend(ids(&page));
            match page.get("next") {
                Some(next) => before = next.clone(),
                None => break,
            }
        }
        assert_eq!(all, expected, "{state}");
    }
}

#[tokio::test]
async fn a_page_of_long_texts_ends_earlier() {
    let relay = Relay::start().await;
    let body = "x".repeat(32 * 1024);
    for _ in 0..40 {
        relay.drafted(&body).await;
    }
    let operator = relay.operator();
    let first = operator.ok(METHOD, json!({ "limit": 200 })).await;
    let count = ids(&first).len();
    assert!((20..40).contains(&count), "{count}");
    let params = json!({ "limit": 200, "before": first["next"] });
    let second = operator.ok(METHOD, params).await;
    assert_eq!(count + ids(&second).len(), 40);
    assert!(second.get("next").is_none());
}
