//! What is told at once and kept nowhere, from one relay to another.

use std::time::Duration;

use seqline_protocol::{ClientFrame, Kind, Priority, RelayFrame, Target, UserId};
use seqline_relay::bus::BusChoice;
use serde_json::json;
use tokio::time::timeout;

use super::support::{NEVER, two};
use crate::support::Client;

const AGAIN_AFTER: Duration = Duration::from_secs(2);
const TIMES_MAX: u32 = 15;

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

/// The bus may lose it: said again and again, as whoever types does.
async fn told_of(typist: &mut Client, to: &Target, client: &mut Client) -> (String, String) {
    for _ in 0..TIMES_MAX {
        typist.say(&typing(to.clone())).await;
        if let Ok(told) = timeout(AGAIN_AFTER, told(client)).await {
            return told;
        }
    }
    panic!("nothing is told");
}

#[tokio::test]
async fn typing_is_told_on_another_relay() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let to_bob = Target::User(UserId::new("bob").unwrap());
    let expected = ("dm:alice:bob".to_owned(), "alice".to_owned());
    assert_eq!(told_of(&mut alice, &to_bob, &mut bob).await, expected);
}

#[tokio::test]
async fn so_it_is_in_a_small_group() {
    let [one, other] = two(BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let group = json!({ "conv": "group:g", "title": "Trip", "users": ["bob"] });
    alice.call("groups.create", group).await.unwrap();
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let to_group = Target::Conv("group:g".parse().unwrap());
    let expected = ("group:g".to_owned(), "alice".to_owned());
    assert_eq!(told_of(&mut alice, &to_group, &mut bob).await, expected);
}
