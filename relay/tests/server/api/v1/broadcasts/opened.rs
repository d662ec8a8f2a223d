use seqline_protocol::{Item, Seq};
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.opened";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.opened", json!({ "ids": [1] })).await;
}

#[tokio::test]
async fn other_devices_learn_of_it_once_and_it_is_counted() {
    let relay = Relay::start().await;
    let id = relay.published("Hello").await["id"].clone();
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let params = json!({ "ids": [id] });
    phone.call("broadcasts.seen", params.clone()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(phone.call(METHOD, params.clone()).await.unwrap(), json!({}));
    }
    let (mut laptop, _) = Client::open(&relay, "alice", "laptop").await;
    let entries = laptop.pull_all(Seq::ZERO).await;
    let marks: Vec<bool> = entries
        .into_iter()
        .map(|entry| match entry.item {
            Item::Seen { opened, .. } => opened,
            other => panic!("not a marker: {other:?}"),
        })
        .collect();
    assert_eq!(marks, [false, true]);
    let reach = relay
        .operator()
        .ok("broadcasts.reach", json!({ "id": id }))
        .await;
    assert_eq!(reach["opened"], 1);
}

#[tokio::test]
async fn what_the_user_does_not_see_is_not_counted() {
    let relay = Relay::start().await;
    let params = json!({
        "content": { "title": "News", "body": "For some" },
        "audience": { "segments": ["gold"] },
    });
    let gold = relay.operator().ok("broadcasts.create", params).await;
    let gold = relay.act("publish", &gold, json!({})).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice
        .call(METHOD, json!({ "ids": [gold["id"]] }))
        .await
        .unwrap();
    assert!(alice.pull_all(Seq::ZERO).await.is_empty());
    let reach = relay
        .operator()
        .ok("broadcasts.reach", json!({ "id": gold["id"] }))
        .await;
    assert_eq!(reach["opened"], 0);
}
