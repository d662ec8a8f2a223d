//! What is told at once and kept nowhere, from one relay to another.

use seqline_protocol::{ClientFrame, Kind, Priority, RelayFrame, Target, UserId};
use seqline_relay::bus::BusChoice;
use serde_json::json;

use super::support::{NEVER, two};
use crate::support::Client;

fn typing(to: Target) -> ClientFrame {
    ClientFrame::Ephemeral {
        to,
        kind: Kind::new("typing").unwrap(),
        body: "…".to_owned(),
        priority: Priority::Normal,
    }
}

/// Who is told to be typing, and where. Other frames are passed over.
async fn told(client: &mut Client) -> (String, String) {
    loop {
        if let RelayFrame::Ephemeral { conv, sender, .. } = client.next().await {
            return (conv.to_string(), sender.as_str().to_owned());
        }
    }
}

#[tokio::test]
async fn typing_is_told_on_another_relay() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let to_bob = Target::User(UserId::new("bob").unwrap());
    alice.say(&typing(to_bob)).await;
    let expected = ("dm:alice:bob".to_owned(), "alice".to_owned());
    assert_eq!(told(&mut bob).await, expected);
}

#[tokio::test]
async fn so_it_is_in_a_small_group() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let group = json!({ "conv": "group:g", "title": "Trip", "users": ["bob"] });
    alice.call("groups.create", group).await.unwrap();
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    alice
        .say(&typing(Target::Conv("group:g".parse().unwrap())))
        .await;
    let expected = ("group:g".to_owned(), "alice".to_owned());
    assert_eq!(told(&mut bob).await, expected);
}
