//! Three relays whose bus may not be relied on: hints are hints.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use proptest::prelude::RngExt as _;
use seqline_protocol::{ConvId, Item, RelayFrame, Target, UserId};
use seqline_relay::store::CommitRules;
use serde_json::json;

use super::{
    rumours::{Rumours, random},
    support::{OFTEN, wish},
};
use crate::{
    postgres_server::database,
    support::{Client, Device, Relay, Wish, send_to},
};

const READERS: [&str; 4] = ["ann", "bea", "cem", "dia"];
const WRITERS: [&str; 3] = ["one", "two", "six"];
/// Of each writer.
const MESSAGES: usize = 40;
/// What each writer says last, everywhere.
const END: &str = "end";

/// Who has a timeline of its own for each of its members, and who has one for all.
const GROUP: &str = "group:small";
const CROWD: &str = "group:large";
const IN_GROUP: [&str; 2] = ["ann", "bea"];

/// By writer and conversation.
type Said = BTreeMap<(String, ConvId), Vec<String>>;

async fn three(rumours: &Rumours) -> Vec<Relay> {
    let url = database().await;
    let mut relays = Vec::new();
    for _ in 0..3 {
        let wish = wish(&url, rumours.bus(), OFTEN);
        let relay = Relay::start_with(Wish {
            commit_rules: CommitRules {
                crowd_members_min: 6,
                ..CommitRules::default()
            },
            ..wish
        });
        relays.push(relay.await);
    }
    relays
}

fn places() -> Vec<Target> {
    let users = READERS.map(|user| Target::User(UserId::new(user).unwrap()));
    let groups = [GROUP, CROWD].map(|conv| Target::Conv(conv.parse().unwrap()));
    users.into_iter().chain(groups).collect()
}

fn conv(writer: &str, to: &Target) -> ConvId {
    match to {
        Target::User(to) => ConvId::direct(&UserId::new(writer).unwrap(), to),
        Target::Conv(conv) => conv.clone(),
    }
}

fn reads(user: &str, writer: &str, conv: &ConvId) -> bool {
    match conv.as_str() {
        CROWD => true,
        GROUP => IN_GROUP.contains(&user),
        _ => *conv == ConvId::direct(&UserId::new(writer).unwrap(), &UserId::new(user).unwrap()),
    }
}

/// Says one after the other, each once the one before is stored.
async fn store_all(mut client: Client, messages: Vec<(Target, String)>) {
    for (at, (to, body)) in messages.into_iter().enumerate() {
        let id = format!("m{at}");
        client.say(&send_to(to, &id, &body)).await;
        while !matches!(client.next().await, RelayFrame::Sent { client_msg_id, .. }
            if client_msg_id.as_str() == id)
        {}
    }
}

/// What a device was handed.
fn taken(device: &Device) -> Said {
    let mut all = Said::new();
    for item in &device.taken {
        if let Item::Message(message) = item {
            let of = (message.sender.as_str().to_owned(), message.conv.clone());
            all.entry(of).or_default().push(message.body.clone());
        }
    }
    all
}

#[tokio::test]
async fn everyone_ends_with_everything_once_and_in_order() {
    for seed in 1..=3 {
        let rumours = Rumours::new(seed);
        let relays = three(&rumours).await;
        let small = json!({ "conv": GROUP, "title": "s", "users": ["two", "six", "ann", "bea"] });
        let large = json!({ "conv": CROWD, "title": "l",
            "users": ["two", "six", "ann", "bea", "cem", "dia"] });
        for group in [small, large] {
            relays[0].user("one").ok("groups.create", group).await;
        }
        let mut random = random(seed);
        let mut devices = Vec::new();
        for user in READERS {
            for device in ["phone", "laptop"] {
                let relay = &relays[random.random_range(..relays.len())];
                devices.push((user, Device::open(relay, user, device).await));
            }
        }

        let mut expected = Said::new();
        let mut writing = Vec::new();
        for (writer, relay) in WRITERS.into_iter().zip(&relays) {
            let (client, _) = Client::open(relay, writer, "phone").await;
            let some = (0..MESSAGES).map(|at| {
                let places = places();
                let to = places[random.random_range(..places.len())].clone();
                (to, format!("{writer} {at}"))
            });
            let last = places().into_iter().map(|to| (to, END.to_owned()));
            let messages: Vec<_> = some.chain(last).collect();
            for (to, body) in &messages {
                let of = (writer.to_owned(), conv(writer, to));
                expected.entry(of).or_default().push(body.clone());
            }
            writing.push(store_all(client, messages));
        }
        // Meanwhile: one who asked at the end alone would find everything.
        let reading = devices.into_iter().map(async |(user, mut device)| {
            let mut hers = expected.clone();
            hers.retain(|(writer, conv), _| reads(user, writer, conv));
            let is_end = |item: &Item| matches!(item, Item::Message(one) if one.body == END);
            device.until_count(hers.len(), is_end).await;
            assert_eq!(taken(&device), hers, "seed {seed}: {user}");
        });
        join(join_all(writing), join_all(reading)).await;
        let faults = rumours.faults();
        let all = [faults.lost, faults.twice, faults.late, faults.reordered];
        assert!(
            all.iter().all(|count| *count > 0),
            "seed {seed}: {faults:?}"
        );
    }
}
