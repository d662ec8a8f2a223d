//! The relay on PostgreSQL: the same to its clients, also when the server goes away for a while.

use seqline_protocol::{Item, RelayFrame, Secret, Seq};
use seqline_relay::store::Database;
use serde_json::json;

use crate::{
    postgres_server::{Server, database, on_standby},
    support::{Client, Relay, Wish, send},
};

#[tokio::test]
async fn a_database_that_goes_away_loses_no_message_that_was_confirmed() {
    let server = Server::start(true);
    let relay = Relay::start_with(Wish {
        database: Some(Database::Postgres(server.database().await)),
        ..Wish::default()
    })
    .await;
    assert_eq!(relay.get("/readyz").await.status, 200);
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "before").await;
    assert_eq!(bob.pushed(1).await.len(), 1);

    server.stop();
    assert_eq!(relay.get("/readyz").await.status, 503);
    alice.say(&send("bob", "m2", "meanwhile")).await;
    let refused = alice.answer().await;
    assert!(
        matches!(
            refused,
            RelayFrame::Error {
                retryable: true,
                ..
            }
        ),
        "{refused:?}"
    );

    server.start_again();
    while relay.get("/readyz").await.status != 200 {}
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    // What devices do with what was not confirmed.
    alice.store("bob", "m2", "meanwhile").await;
    alice.store("bob", "m3", "after").await;
    let (mut bob, _) = Client::open(&relay, "bob", "tablet").await;
    let entries = bob.pull_all(Seq::ZERO).await;
    let bodies: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.item {
            Item::Message(message) => Some(message.body.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, ["before", "meanwhile", "after"]);
}

#[tokio::test]
async fn methods_answer_as_on_sqlite() {
    let relay = Relay::start_with(Wish {
        database: Some(Database::Postgres(database().await)),
        ..Wish::default()
    })
    .await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let group = json!({ "conv": "group:g", "title": "Trip", "users": ["bob"] });
    alice.call("groups.create", group).await.unwrap();
    let message = json!({
        "to": { "conv": "group:g" }, "body": "明天去北京 by train", "client_msg_id": "m1",
    });
    let sent = alice.call("messages.send", message).await.unwrap();
    assert_eq!(sent["conv_seq"], 1);
    let listed = bob.call("conversations.list", json!({})).await.unwrap();
    let row = &listed["conversations"][0];
    assert_eq!((&row["title"], &row["unread"]), (&json!("Trip"), &json!(1)));
    // Indexed soon after it was stored.
    for text in ["北京", "trai"] {
        let found = loop {
            let search = json!({ "text": text });
            let found = bob.call("messages.search", search).await.unwrap();
            if found["messages"] != json!([]) {
                break found;
            }
        };
        assert_eq!(found["messages"][0]["msg_id"], sent["msg_id"], "{text}");
    }
}

#[tokio::test]
async fn history_searches_and_conversations_are_read_from_a_standby() {
    let server = Server::start(false);
    server.command("make-standby");
    let url = server.database().await;
    let relay = Relay::start_with(Wish {
        read_url: Some(Secret::new(on_standby(&url))),
        database: Some(Database::Postgres(url)),
        ..Wish::default()
    })
    .await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let mut sent = 0;
    for (query, method, params) in [
        (
            "history",
            "messages.list",
            json!({ "conv": "dm:alice:bob" }),
        ),
        ("conversations", "conversations.list", json!({})),
        ("search", "messages.search", json!({ "text": "hello" })),
    ] {
        let metric = format!("seqline_replica_reads_total{{query=\"{query}\"}}");
        while relay.metric(&metric).await == 0 {
            sent += 1;
            alice.store("bob", &format!("m{sent}"), "hello").await;
            let answer = bob.call(method, params.clone()).await.unwrap();
            if query == "history" {
                let newest = answer["messages"].as_array().unwrap().last().unwrap();
                assert_eq!(newest["conv_seq"], sent);
            }
        }
    }
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), sent);
}
