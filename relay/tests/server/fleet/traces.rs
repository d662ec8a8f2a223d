//! A trace that crosses from relay to relay.

use seqline_protocol::Seq;
use seqline_relay::bus::BusChoice;

use super::support::{NEVER, wish};
use crate::{
    postgres_server::database,
    support::{Client, Collector, Relay, Wish},
    traces::{TRACE, send_within},
};

#[tokio::test]
async fn a_trace_goes_on_to_a_pull_on_another_relay() {
    let collector = Collector::start().await;
    let url = database().await;
    let wish = Wish {
        traces: Some(collector.rules(0.0)),
        ..wish(&url, BusChoice::Postgres, NEVER)
    };
    let one = Relay::start_with(wish.clone()).await;
    let other = Relay::start_with(wish).await;
    for relay in [&one, &other] {
        relay.until("seqline_fleet_has_company", 1).await;
    }
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    send_within(&one, "01", "m1").await;
    assert_eq!(bob.learns(Seq::ZERO).await.len(), 1);
    let names = [
        "messages.send",
        "send",
        "commit",
        "fanout",
        "wake-up",
        "notify",
        "pull",
    ];
    let spans = collector.trace(&names).await;
    assert_eq!(spans["pull"].trace, TRACE);
    for (name, parent) in [
        ("wake-up", "fanout"),
        ("notify", "wake-up"),
        ("pull", "notify"),
    ] {
        assert_eq!(spans[name].parent, spans[parent].id, "{name}");
    }
    let instance = |name: &str| spans[name].resource["service.instance.id"].clone();
    assert_ne!(instance("send"), instance("pull"));
    assert_eq!(instance("wake-up"), instance("pull"));
}
