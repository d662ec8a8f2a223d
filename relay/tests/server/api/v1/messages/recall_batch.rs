use seqline_protocol::{Item, Seq};
use serde_json::{Value, json};

use crate::support::{Client, Relay, guards};

const METHOD: &str = "messages.recall_batch";

async fn sent(users: &[&str]) -> Relay {
    let relay = Relay::start().await;
    let params = json!({
        "from": "shop", "idempotency_key": "sale", "body": "sale", "users": users, "create": true,
    });
    relay.server().ok("messages.batch", params).await;
    relay
}

fn recall(users: &[&str]) -> Value {
    json!({ "from": "shop", "idempotency_key": "sale", "users": users })
}

fn codes(value: &Value) -> Vec<&str> {
    let results = value["results"].as_array().unwrap().iter();
    results
        .map(|one| one["error"]["code"].as_str().unwrap_or("recalled"))
        .collect()
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({ "from": "shop", "idempotency_key": "k", "users": ["bob"] });
    guards(&relay, "messages.recall_batch", params).await;
}

#[tokio::test]
async fn takes_back_what_each_was_sent_and_one_bad_recipient_never_fails_the_rest() {
    let relay = sent(&["alice", "bob", "carol"]).await;
    relay
        .user("shop")
        .say("dm:alice:shop", "something else")
        .await;
    let users = ["alice", "nobody", "b b", "bob", "alice"];
    let value = relay.operator().ok(METHOD, recall(&users)).await;
    let expected = [
        "recalled",
        "message_unknown",
        "field_invalid",
        "recalled",
        "field_invalid",
    ];
    assert_eq!(codes(&value), expected);
    assert_eq!(value["results"][0]["user"], "alice");
    let place = json!({ "conv": "dm:alice:shop", "conv_seq": 1 });
    assert_eq!(value["results"][0]["recalled"], place);
    assert_eq!(
        relay.user("alice").texts("dm:alice:shop").await,
        ["", "something else"]
    );
    assert_eq!(relay.user("bob").texts("dm:bob:shop").await, [""]);
    assert_eq!(
        relay.user("carol").texts("dm:carol:shop").await,
        ["sale"],
        "was not named"
    );

    let again = relay.server().ok(METHOD, recall(&["alice", "carol"])).await;
    assert_eq!(
        codes(&again),
        ["recalled", "recalled"],
        "a retry, and the last one"
    );
}

#[tokio::test]
async fn a_device_that_was_offline_learns_of_it() {
    let relay = sent(&["alice"]).await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let before = phone.pull_all(Seq::ZERO).await;
    drop(phone);
    relay.operator().ok(METHOD, recall(&["alice"])).await;
    let (mut phone, _) = Client::open(&relay, "alice", "phone").await;
    let news = phone.pull_all(before.last().unwrap().seq).await;
    let [Item::Recall { conv, conv_seq, .. }] = &news
        .iter()
        .map(|entry| entry.item.clone())
        .collect::<Vec<_>>()[..]
    else {
        panic!("one recall: {news:?}");
    };
    assert_eq!((conv.as_str(), conv_seq.get()), ("dm:alice:shop", 1));
}

#[tokio::test]
async fn of_another_sender_key_or_app_there_is_nothing() {
    let relay = sent(&["alice"]).await;
    let mut other_sender = recall(&["alice"]);
    other_sender["from"] = json!("bank");
    let mut other_key = recall(&["alice"]);
    other_key["idempotency_key"] = json!("sale2");
    for value in [
        relay.operator().ok(METHOD, other_sender).await,
        relay.operator().ok(METHOD, other_key).await,
        relay.other_operator().ok(METHOD, recall(&["alice"])).await,
        relay.other_server().ok(METHOD, recall(&["alice"])).await,
    ] {
        assert_eq!(codes(&value), ["message_unknown"]);
    }
    assert_eq!(relay.user("alice").texts("dm:alice:shop").await, ["sale"]);
}

#[tokio::test]
async fn a_batch_has_bounds() {
    let relay = Relay::start().await;
    let users: Vec<String> = (0..1_001).map(|n| format!("u{n}")).collect();
    let params = |users: &[String], key: &str| json!({ "from": "shop", "idempotency_key": key, "users": users });
    for params in [
        params(&users, "k"),
        params(&[], "k"),
        params(&users[..1], &"k".repeat(40)),
    ] {
        assert_eq!(relay.server().code(METHOD, params).await, "field_invalid");
    }
}
