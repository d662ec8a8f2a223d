//! Whoever can speak on the bus says something else than relays do.

use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::support::{NEVER, two_on};
use crate::{postgres_server::database, support::Client};
use seqline_relay::bus::BusChoice;

/// Says something to all relays of a database.
async fn forge(database: &mut PgConnection, payload: &str) {
    let epoch: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'")
        .fetch_one(&mut *database)
        .await
        .unwrap();
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(format!("seqline_{epoch:x}"))
        .bind(payload)
        .execute(database)
        .await
        .unwrap();
}

#[tokio::test]
async fn presence_cannot_be_forged_nor_comments_that_no_client_may_send() {
    let url = database().await;
    let [one, other] = two_on(&url, BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let server = one.server();
    let share = json!({ "as": "bob", "shared": true });
    server.ok("presence.share", share).await;
    let watch = json!({ "users": ["bob"] });
    alice.call("presence.watch", watch.clone()).await.unwrap();
    let room = json!({ "conv": "room:live" });
    alice.call("rooms.join", room.clone()).await.unwrap();
    let (mut carol, _) = Client::open(&other, "carol", "phone").await;
    carol.call("rooms.join", room).await.unwrap();

    let mut database = PgConnection::connect(&url).await.unwrap();
    let hints = |hint: &serde_json::Value| json!({ "from": 1, "hints": [hint] }).to_string();
    let said = |conv: &str, by: u64, body: &str| {
        let comment = json!({
            "sender": "mallory", "kind": "text", "body": body, "priority": "high", "at_us": 1,
        });
        let said = json!([{ "by": by, "number": 1, "comment": comment }]);
        let news = json!({ "said": { "comments": said, "dropped": u64::MAX } });
        json!({ "room": { "app": "app", "conv": conv, "news": news } })
    };
    let of_bob = json!({ "app": "app", "user": "bob" });
    let count = json!({ "number": u64::MAX, "online": u32::MAX });
    let counted = |kind: &str| json!({ "room": { "app": "app", "conv": "room:live", "news": { kind: count } } });
    for payload in [
        String::new(),
        "{".to_owned(),
        hints(&json!({ "presence": { "of": of_bob } })),
        hints(&json!({ "presence": { "of": { "app": "app", "user": "" } } })),
        hints(&said("room:live", 1, &"x".repeat(2_000))),
        hints(&said("room:live", 2, "in another's name")),
        hints(&said("group:tea", 1, "no room")),
        hints(&said("room:empty", 1, "nobody is in it")),
        hints(&counted("counted")),
        hints(&counted("asked")),
        hints(&json!("bye")),
    ] {
        forge(&mut database, &payload).await;
    }
    // What relays say goes on, in order after that.
    let say = json!({ "conv": "room:live", "body": "hello" });
    carol.call("rooms.send", say).await.unwrap();
    let event = loop {
        let event = alice.event("room").await;
        if !event["messages"].as_array().unwrap().is_empty() {
            break event;
        }
    };
    let messages = event["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["sender"], "carol");
    // The forged relay has said that it ends.
    let mut online = event["online"].clone();
    while online != 2 {
        online = alice.event("room").await["online"].clone();
    }
    let seen = alice.call("presence.get", watch).await.unwrap();
    assert_eq!(seen["users"][0]["online"], false);
}
