use serde_json::{Value, json};

use seqline_relay::auth::Scope;

use crate::support::{Relay, guards};

const METHOD: &str = "broadcasts.audit";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.audit",
        json!({ "id": 1, "before": 9, "limit": 5 }),
    )
    .await;
}

fn actions(page: &Value) -> Vec<&str> {
    let lines = page["lines"].as_array().unwrap().iter();
    lines.map(|line| line["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn tells_who_did_what_and_when() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Hello").await;
    let staged = relay.act("stage", &drafted, json!({ "percent": 5 })).await;
    let paul = relay.caller("app", "paul", Scope::Operator);
    let params = json!({ "id": staged["id"], "revision": staged["revision"] });
    let published = paul.ok("broadcasts.publish", params).await;
    paul.ok("allow_list.add", json!({ "users": ["alice"] }))
        .await;

    let all = relay.operator().ok(METHOD, json!({})).await;
    assert_eq!(
        actions(&all),
        ["allow_list_add", "publish", "stage", "create"]
    );
    let lines = all["lines"].as_array().unwrap();
    let who = |n: usize| lines[n]["operator"].as_str().unwrap();
    assert_eq!([who(0), who(1), who(2)], ["paul", "paul", "olga"]);
    assert_eq!(lines[1]["at_us"], published["changed_us"]);
    assert_eq!(lines[1]["revision"], published["revision"]);
    assert_eq!(lines[1]["pub_seq"], published["pub_seq"]);
    assert_eq!(
        lines[2]["details"],
        json!({ "allow_list": false, "percent": 5 })
    );
    assert_eq!(lines[3]["details"]["content"]["body"], "Hello");
    assert!(lines[3].get("pub_seq").is_none(), "nobody saw a change");
    assert!(lines[0].get("broadcast").is_none());

    let of = relay
        .operator()
        .ok(METHOD, json!({ "id": drafted["id"] }))
        .await;
    assert_eq!(actions(&of), ["publish", "stage", "create"]);
    let other = relay
        .other_operator()
        .ok(METHOD, json!({ "id": drafted["id"] }))
        .await;
    assert_eq!(other, json!({ "lines": [] }), "of another app");
}

#[tokio::test]
async fn pages_join() {
    let relay = Relay::start().await;
    for _ in 0..5 {
        relay.drafted("Hello").await;
    }
    let operator = relay.operator();
    let mut ids = Vec::new();
    let mut before = json!(null);
    loop {
        let page = operator
            .ok(METHOD, json!({ "limit": 2, "before": before }))
            .await;
        ids.extend(
            page["lines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["id"].as_u64().unwrap()),
        );
        match page.get("next") {
            Some(next) => before = next.clone(),
            None => break,
        }
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    assert_eq!(
        operator.code(METHOD, json!({ "limit": 0 })).await,
        "field_invalid"
    );
}
