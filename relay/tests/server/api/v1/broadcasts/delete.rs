use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.delete";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.delete",
        json!({ "id": 1, "revision": 1 }),
    )
    .await;
}

#[tokio::test]
async fn takes_it_back_and_forgets_it_but_not_who_did_that() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let page = alice.pull_public(PublicPlace::default()).await;
    let place = PublicPlace {
        after: page.cursor,
        view: Some(page.view),
    };
    let params = json!({ "id": published["id"], "revision": published["revision"] });
    let operator = relay.operator();
    assert_eq!(operator.ok(METHOD, params.clone()).await, json!({}));

    let news = alice.pull_public(place).await.news.unwrap();
    assert!(news.changes[0].broadcast.is_none(), "withdrawn");
    let list = operator.ok("broadcasts.list", json!({})).await;
    assert_eq!(list["broadcasts"], json!([]));
    assert_eq!(operator.code(METHOD, params).await, "broadcast_unknown");
    let trail = json!({ "id": published["id"] });
    let audit = operator.ok("broadcasts.audit", trail).await;
    assert_eq!(audit["lines"][0]["action"], "delete");
}
