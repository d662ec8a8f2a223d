use seqline_protocol::{Item, Seq};
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.seen";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.seen", json!({ "ids": [1] })).await;
}

#[tokio::test]
async fn the_first_device_has_it_as_new_also_when_it_asks_again() {
    let relay = Relay::start().await;
    let id = relay.published("Hello").await["id"].clone();
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let (mut laptop, _) = Client::open(&relay, "alice", "laptop").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let params = json!({ "ids": [id] });
    let new = json!({ "new": [id] });
    assert_eq!(phone.call(METHOD, params.clone()).await.unwrap(), new);
    assert_eq!(
        laptop.call(METHOD, params.clone()).await.unwrap(),
        json!({ "new": [] })
    );
    assert_eq!(phone.call(METHOD, params.clone()).await.unwrap(), new);
    assert_eq!(bob.call(METHOD, params).await.unwrap(), new, "another user");

    let entries = laptop.pull_all(Seq::ZERO).await;
    let items: Vec<Item> = entries.into_iter().map(|entry| entry.item).collect();
    let [Item::Seen { broadcast, opened }] = items[..] else {
        panic!("one marker: {items:?}");
    };
    assert_eq!((json!(broadcast), opened), (id, false));
}

#[tokio::test]
async fn what_the_user_does_not_see_is_passed_over() {
    let relay = Relay::start().await;
    let draft = relay.in_state("draft").await;
    let recalled = relay.in_state("recalled").await;
    let params = json!({
        "content": { "title": "News", "body": "For some" },
        "audience": { "segments": ["gold"] },
    });
    let gold = relay.operator().ok("broadcasts.create", params).await;
    let gold = relay.act("publish", &gold, json!({})).await;
    let shown = relay.published("Hello").await;
    let others = {
        let operator = relay.other_operator();
        let draft = json!({ "content": { "title": "News", "body": "Of another app" } });
        let made = operator.ok("broadcasts.create", draft).await;
        let params = json!({ "id": made["id"], "revision": 1 });
        operator.ok("broadcasts.publish", params).await
    };
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let ids = [&draft, &recalled, &gold, &shown, &others].map(|one| one["id"].clone());
    let value = alice.call(METHOD, json!({ "ids": ids })).await.unwrap();
    assert_eq!(value, json!({ "new": [shown["id"]] }));
    let stopped = relay.act("stop", &shown, json!({})).await;
    let value = alice
        .call(METHOD, json!({ "ids": [stopped["id"]] }))
        .await
        .unwrap();
    assert_eq!(
        value,
        json!({ "new": [shown["id"]] }),
        "who has it keeps it"
    );
    assert_eq!(alice.pull_all(Seq::ZERO).await.len(), 1, "one marker");
}

#[tokio::test]
async fn a_list_has_bounds() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for count in [0, 101] {
        let ids: Vec<u64> = (1..=count).collect();
        let (code, text) = alice
            .try_call(METHOD, json!({ "ids": ids }))
            .await
            .unwrap_err();
        assert_eq!(code.as_str(), "field_invalid");
        assert!(text.starts_with("ids: from 1 to 100"), "{text}");
    }
    let ids: Vec<u64> = (1..=100).collect();
    let value = alice.call(METHOD, json!({ "ids": ids })).await.unwrap();
    assert_eq!(value, json!({ "new": [] }));
}
