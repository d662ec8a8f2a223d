use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.stop";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.stop", json!({ "id": 1, "revision": 1 })).await;
}

#[tokio::test]
async fn who_has_it_keeps_it_and_nobody_else_gets_it() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let page = alice.pull_public(PublicPlace::default()).await;
    assert_eq!(page.news.unwrap().changes.len(), 1);
    let place = PublicPlace {
        after: page.cursor,
        view: Some(page.view),
    };
    let params = json!({ "id": published["id"], "revision": published["revision"] });
    let stopped = relay.operator().ok(METHOD, params).await;
    assert_eq!(stopped["state"], "stopped");
    assert!(
        alice.pull_public(place).await.news.is_none(),
        "nothing is taken away"
    );
    let whole = alice
        .pull_public(PublicPlace::default())
        .await
        .news
        .unwrap();
    let id = published["id"].as_u64().unwrap();
    assert_eq!(
        whole
            .held
            .unwrap()
            .iter()
            .map(|id| id.get())
            .collect::<Vec<_>>(),
        [id]
    );

    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    assert!(bob.sees().await.is_empty());
    let again = relay.act("publish", &stopped, json!({})).await;
    assert_eq!(again["state"], "published");
    assert_eq!(bob.sees().await, ["Hello"]);
}
