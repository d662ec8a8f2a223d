use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards, names};

const METHOD: &str = "broadcasts.publish";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.publish",
        json!({ "id": 1, "revision": 1, "wave": { "window_ms": 1000 } }),
    )
    .await;
}

#[tokio::test]
async fn shows_it_to_everyone_also_to_who_comes_later() {
    let relay = Relay::start().await;
    let (mut alice, before) = Client::open(&relay, "alice", "phone").await;
    let published = relay.published("Hello").await;
    assert_eq!(published["state"], "published");
    assert_eq!(alice.sees().await, ["Hello"]);
    let (mut later, after) = Client::open(&relay, "later", "phone").await;
    assert!(
        after.pub_head > before.pub_head,
        "told of when a device connects"
    );
    assert_eq!(later.sees().await, ["Hello"]);
}

#[tokio::test]
async fn a_cursor_that_passed_a_staged_broadcast_still_gets_it() {
    let relay = Relay::start().await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    relay
        .operator()
        .ok("allow_list.add", json!({ "users": ["alice"] }))
        .await;
    let drafted = relay.drafted("Hello").await;
    let staged = relay
        .act("stage", &drafted, json!({ "allow_list": true }))
        .await;
    let page = bob.pull_public(PublicPlace::default()).await;
    assert_eq!(
        page.cursor.get(),
        staged["pub_seq"].as_u64().unwrap(),
        "passed by"
    );
    assert!(page.news.is_none_or(|news| news.changes.is_empty()));
    let place = PublicPlace {
        after: page.cursor,
        view: Some(page.view),
    };
    relay.act("publish", &staged, json!({})).await;
    let news = bob.pull_public(place).await.news.unwrap();
    assert_eq!(news.changes[0].broadcast.as_ref().unwrap().body, "Hello");
}

#[tokio::test]
async fn it_may_be_told_in_a_wave_at_once() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Hello").await;
    for window_ms in [0, 99, 86_400_001] {
        let more = json!({ "wave": { "window_ms": window_ms } });
        let refused = relay.act_refused("publish", &drafted, more).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        let text = refused.message;
        assert!(
            text.starts_with("wave.window_ms: from 100 to 86400000"),
            "{text}"
        );
    }
    let published = relay
        .act(
            "publish",
            &drafted,
            json!({ "wave": { "window_ms": 1000 } }),
        )
        .await;
    assert_eq!(published["wave"]["window_ms"], 1000);
    let moment = |of: &serde_json::Value| of.as_u64().unwrap();
    let (starts_us, changed_us) = (&published["wave"]["starts_us"], &published["changed_us"]);
    assert!(
        moment(&drafted["changed_us"]) <= moment(starts_us),
        "at once"
    );
    assert!(moment(starts_us) <= moment(changed_us), "at once");
}

#[tokio::test]
async fn what_was_written_is_looked_at_again() {
    let relay = Relay::start_with(names(&["name"])).await;
    let drafted = relay.drafted("Dear {{name|friend}}").await;
    // The same data, and the attribute is not configured any more.
    let relay = relay.restart().await;
    for (action, more) in [("publish", json!({})), ("stage", json!({ "percent": 1 }))] {
        let refused = relay.act_refused(action, &drafted, more).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(
            refused.message.starts_with("content.body: `{{name}}`"),
            "{}",
            refused.message
        );
    }
    let stale = json!({ "id": drafted["id"], "revision": 7 });
    let code = relay.operator().code(METHOD, stale).await;
    assert_eq!(code, "revision_conflict", "is said first");
}
