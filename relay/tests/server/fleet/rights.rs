//! What is decided on one relay holds on the others: at once where it is about what is stored, and
//! within the interval of polls where it is about the public mailbox.

use seqline_relay::bus::BusChoice;
use serde_json::json;

use super::support::{NEVER, two, wish_often_asked};
use crate::{
    postgres_server::database,
    support::{Client, Relay},
};

const BUSES: [BusChoice; 2] = [BusChoice::Postgres, BusChoice::None];

async fn in_a_group(bus: BusChoice) -> [Relay; 2] {
    let relays = two(bus, NEVER).await;
    let group = json!({ "conv": "group:g", "title": "g", "users": ["bob"] });
    relays[0].user("alice").ok("groups.create", group).await;
    relays
}

async fn says(relay: &Relay, id: &str) -> Result<(), String> {
    let message = json!({
        "to": { "conv": "group:g" }, "body": "hello", "client_msg_id": id,
    });
    let (mut bob, _) = Client::open(relay, "bob", "phone").await;
    let said = bob.call("messages.send", message).await;
    said.map(drop).map_err(|code| code.as_str().to_owned())
}

#[tokio::test]
async fn who_is_muted_or_removed_on_one_relay_cannot_send_on_another() {
    for bus in BUSES {
        let [one, other] = in_a_group(bus).await;
        assert_eq!(says(&other, "m1").await, Ok(()));
        let until_us = 9_000_000_000_000_000_u64;
        let mute = |until_us| json!({ "conv": "group:g", "user": "bob", "until_us": until_us });
        one.user("alice").ok("groups.mute", mute(until_us)).await;
        assert_eq!(says(&other, "m2").await, Err("muted".to_owned()));
        one.user("alice").ok("groups.mute", mute(0)).await;
        assert_eq!(says(&other, "m3").await, Ok(()));
        let bob = json!({ "conv": "group:g", "users": ["bob"] });
        one.user("alice").ok("groups.remove", bob).await;
        let refused = says(&other, "m4").await;
        assert_eq!(refused, Err("conversation_unknown".to_owned()));
    }
}

#[tokio::test]
async fn who_is_put_on_the_allow_list_on_one_relay_sees_on_another_what_is_for_it() {
    for bus in BUSES {
        let wish = wish_often_asked(&database().await, bus);
        let one = Relay::start_with(wish.clone()).await;
        let other = Relay::start_with(wish).await;
        let drafted = one.drafted("for a few").await;
        one.act("stage", &drafted, json!({ "allow_list": true }))
            .await;
        let (mut bob, _) = Client::open(&other, "bob", "phone").await;
        let (mut eve, _) = Client::open(&other, "eve", "phone").await;
        for (method, expected) in [("add", vec!["for a few"]), ("remove", Vec::new())] {
            let bob_alone = json!({ "users": ["bob"] });
            let method = format!("allow_list.{method}");
            one.operator().ok(&method, bob_alone).await;
            while bob.sees().await != expected {}
            assert!(eve.sees().await.is_empty());
        }
    }
}
