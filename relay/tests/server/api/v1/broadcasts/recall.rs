use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.recall";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.recall",
        json!({ "id": 1, "revision": 1 }),
    )
    .await;
}

#[tokio::test]
async fn takes_it_away_also_from_who_was_offline() {
    let relay = Relay::start().await;
    for state in ["staged", "published", "stopped"] {
        let shown = if state == "stopped" {
            "published"
        } else {
            state
        };
        let mut seen = relay.in_state(shown).await;
        let user = format!("user-{state}");
        let (mut client, _) = Client::open(&relay, &user, "phone").await;
        let page = client.pull_public(PublicPlace::default()).await;
        assert_eq!(page.news.unwrap().changes.len(), 1, "{state}");
        let place = PublicPlace {
            after: page.cursor,
            view: Some(page.view),
        };
        drop(client);

        if state == "stopped" {
            seen = relay.act("stop", &seen, json!({})).await;
        }
        let params = json!({ "id": seen["id"], "revision": seen["revision"] });
        let recalled = relay.operator().ok(METHOD, params).await;
        assert_eq!(recalled["state"], "recalled");
        let (mut client, _) = Client::open(&relay, &user, "phone").await;
        let news = client.pull_public(place).await.news.unwrap();
        assert_eq!(news.changes.len(), 1, "{state}");
        assert!(news.changes[0].broadcast.is_none(), "{state}");
        assert!(client.sees().await.is_empty());
    }
}
