use seqline_protocol::{PublicPlace, RelayFrame};
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.progress";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.progress", json!({ "id": 1 })).await;
}

#[tokio::test]
async fn tells_how_many_were_told_and_pulled() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let id = json!({ "id": published["id"] });
    let operator = relay.operator();
    let none = json!({ "connected": 0, "told": 0, "pulled": 0 });
    assert_eq!(
        operator.ok(METHOD, id.clone()).await,
        none,
        "there was no wave"
    );

    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let waved = relay
        .act("wave", &published, json!({ "window_ms": 100 }))
        .await;
    for client in [&mut alice, &mut bob] {
        while !matches!(client.next().await, RelayFrame::Notify { .. }) {}
    }
    alice.pull_public(PublicPlace::default()).await;
    let progress = operator.ok(METHOD, id.clone()).await;
    assert_eq!(progress["wave"], waved["wave"]);
    assert_eq!(progress["connected"], 2);
    assert_eq!(progress["told"], 2);
    assert_eq!(progress["pulled"], 1);
    assert_eq!(
        relay.other_operator().code(METHOD, id).await,
        "broadcast_unknown"
    );
}
