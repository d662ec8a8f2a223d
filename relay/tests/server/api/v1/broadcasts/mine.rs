use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.mine";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.mine", json!({})).await;
}

#[tokio::test]
async fn lists_what_the_user_sees_now() {
    let relay = Relay::start().await;
    relay.drafted("A draft").await;
    let first = relay.published("First").await;
    relay.published("Second").await;
    let gold = json!({
        "content": { "title": "News", "body": "For some" },
        "audience": { "segments": ["gold"] },
    });
    let drafted = relay.operator().ok("broadcasts.create", gold).await;
    relay.act("publish", &drafted, json!({})).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let mine = alice.call(METHOD, json!({})).await.unwrap();
    let list = mine["broadcasts"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    let expected = json!({
        "id": first["id"], "version": 1, "kind": "text", "title": "News", "body": "First",
        "published_us": first["published_us"],
    });
    assert_eq!(list[0], expected);

    let text = json!({ "content": { "title": "News", "body": "Changed" } });
    let edited = relay.act("edit", &first, text).await;
    assert_eq!(
        alice.sees().await,
        ["Second", "Changed"],
        "by the newest change"
    );
    relay.act("stop", &edited, json!({})).await;
    assert_eq!(alice.sees().await, ["Second"]);
}
