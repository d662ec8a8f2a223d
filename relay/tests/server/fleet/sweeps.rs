//! With every hint lost: what another relay stored arrives within the interval of sweeps.

use seqline_protocol::{Item, RelayFrame, Seq};
use seqline_relay::bus::BusChoice;
use serde_json::json;

use super::support::{NEVER, OFTEN, two, wish};
use crate::{
    postgres_server::database,
    support::{Client, Polled, Relay, send_to},
};

#[tokio::test]
async fn a_message_arrives_with_every_hint_lost() {
    let [one, other] = two(BusChoice::None, OFTEN).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    alice.store("bob", "m1", "hello").await;
    assert_eq!(bob.learns(Seq::ZERO).await.len(), 1);
    assert_eq!(other.metric("seqline_hints_heard_total").await, 0);
    assert!(other.metric("seqline_sweep_finds_total").await > 0);
}

#[tokio::test]
async fn so_does_one_to_a_crowd() {
    let [one, other] = two(BusChoice::None, OFTEN).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let channel = json!({ "conv": "channel:news", "title": "News", "users": ["bob"] });
    alice.call("groups.create", channel).await.unwrap();
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    let to = seqline_protocol::Target::Conv("channel:news".parse().unwrap());
    alice.say(&send_to(to, "m1", "extra")).await;
    loop {
        if let RelayFrame::Notify {
            conv: Some(conv), ..
        } = bob.next().await
        {
            assert_eq!(conv.as_str(), "channel:news");
            return;
        }
    }
}

/// A pull looks into the database, whatever this relay was told.
#[tokio::test]
async fn a_pull_finds_what_no_one_told_of() {
    let [one, other] = two(BusChoice::None, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), 0);
    alice.store("bob", "m1", "hello").await;
    assert_eq!(bob.pull_all(Seq::ZERO).await.len(), 1);
}

#[tokio::test]
async fn seqs_have_no_holes_when_all_relays_write_to_one_user() {
    let url = database().await;
    let mut relays = Vec::new();
    for _ in 0..3 {
        relays.push(Relay::start_with(wish(&url, BusChoice::Postgres, OFTEN)).await);
    }
    let (mut bob, _) = Client::open(&relays[0], "bob", "phone").await;
    let each = 30;
    let mut senders = Vec::new();
    for (index, relay) in relays.iter().enumerate() {
        let user = format!("sender-{index}");
        let (client, _) = Client::open(relay, &user, "phone").await;
        senders.push((user, client));
    }
    let mut writing = tokio::task::JoinSet::new();
    for (user, mut client) in senders {
        writing.spawn(async move {
            for at in 0..each {
                client.store("bob", &format!("{user}-{at}"), "hello").await;
            }
        });
    }
    let mut seqs = Vec::new();
    let mut bodies = std::collections::BTreeMap::<String, Vec<u64>>::new();
    while bodies.values().map(Vec::len).sum::<usize>() < 3 * each {
        let known = seqs.last().copied().unwrap_or_default();
        for entry in bob.learns(Seq::new(known).unwrap()).await {
            assert_eq!(
                entry.seq.get(),
                seqs.last().copied().unwrap_or_default() + 1
            );
            seqs.push(entry.seq.get());
            if let Item::Message(message) = entry.item {
                let of = bodies
                    .entry(message.sender.as_str().to_owned())
                    .or_default();
                of.push(message.conv_seq.get());
            }
        }
    }
    writing.join_all().await;
    for (sender, seqs) in bodies {
        let expected: Vec<_> = (1..=each as u64).collect();
        assert_eq!(seqs, expected, "{sender}");
    }
}

/// A poll that comes to another relay is told to begin anew.
#[tokio::test]
async fn a_connection_over_http_is_one_relays() {
    let [one, other] = two(BusChoice::None, NEVER).await;
    let (polled, _) = Polled::open(&one, "alice", "phone").await;
    let elsewhere = format!("{{\"connection\":{:?},\"receive\":1}}", polled.connection);
    let headers = [("content-type", "application/json")];
    let reply = crate::support::poll(&other, &headers, elsewhere.as_bytes()).await;
    assert_eq!(reply.status, 410);
    assert_eq!(reply.json()["error"]["code"], "connection_unknown");
    let (_, welcome) = Polled::open(&other, "alice", "phone").await;
    assert_eq!(welcome.head, Seq::ZERO);
}
