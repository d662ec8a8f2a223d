use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.edit";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "id": 1, "revision": 1, "content": { "title": "News", "body": "Hello" },
        "audience": {}, "every_device": true,
    });
    guards(&relay, "broadcasts.edit", params).await;
}

#[tokio::test]
async fn changes_what_is_given_and_leaves_the_rest() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Hello").await;
    let gold = json!({ "segments": ["gold"] });
    let edited = relay
        .act("edit", &drafted, json!({ "audience": gold }))
        .await;
    assert_eq!(edited["audience"], gold);
    assert_eq!(edited["content"], drafted["content"]);
    assert_eq!(edited["version"], 1, "nobody was shown it");
    let text = json!({ "title": "News", "body": "Changed" });
    let edited = relay.act("edit", &edited, json!({ "content": text })).await;
    assert_eq!(edited["content"]["body"], "Changed");
    assert_eq!(edited["audience"], gold);
    let edited = relay
        .act(
            "edit",
            &edited,
            json!({ "every_device": true, "audience": {} }),
        )
        .await;
    assert_eq!(
        (&edited["every_device"], &edited["audience"]),
        (&json!(true), &json!({}))
    );
    assert_eq!(edited["revision"], 4);
}

#[tokio::test]
async fn who_has_it_is_told_of_the_new_text_and_who_it_is_not_for_any_more_of_its_end() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let page = alice.pull_public(PublicPlace::default()).await;
    let place = PublicPlace {
        after: page.cursor,
        view: Some(page.view),
    };

    let text = json!({ "content": { "title": "News", "body": "Changed" } });
    let edited = relay.act("edit", &published, text).await;
    let page = alice.pull_public(place.clone()).await;
    let news = page.news.unwrap();
    let broadcast = news.changes[0].broadcast.as_ref().unwrap();
    assert_eq!((broadcast.version, broadcast.body.as_str()), (2, "Changed"));
    assert_eq!(news.changes.len(), 1);

    let gold = json!({ "audience": { "segments": ["gold"] } });
    relay.act("edit", &edited, gold).await;
    let news = alice.pull_public(place).await.news.unwrap();
    assert_eq!(news.changes.len(), 1);
    assert!(news.changes[0].broadcast.is_none(), "withdrawn");
    assert!(alice.sees().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_the_old_text_stays() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for (more, field) in [
        (
            json!({ "content": { "title": "News", "body": "" } }),
            "content.body",
        ),
        (
            json!({ "content": { "title": "News", "body": "{{who}}" } }),
            "content.body",
        ),
        (
            json!({ "audience": { "expires_us": 1 } }),
            "audience.expires_us",
        ),
        (
            json!({ "audience": { "app_version_min": "x" } }),
            "audience.app_version_min",
        ),
    ] {
        let refused = relay.act_refused("edit", &published, more).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(refused.message.starts_with(field), "{}", refused.message);
    }
    assert_eq!(alice.sees().await, ["Hello"]);
    let get = json!({ "id": published["id"], "revision": 9 });
    assert_eq!(
        relay.operator().code(METHOD, get).await,
        "revision_conflict"
    );
}
