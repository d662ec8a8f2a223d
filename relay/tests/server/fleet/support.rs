//! Relays that share a database.

use std::{path::Path, time::Duration};

use seqline_protocol::{ClientFrame, ConvId, Entry, RelayFrame, RequestId, Seq};
use seqline_relay::{
    bus::BusChoice,
    store::Database,
    traffic::{Rate, TrafficRules},
};

use crate::{
    postgres_server::database,
    support::{Client, Nats, Process, Relay, Wish},
};

/// So long that no test sees a sweep: what arrives was hinted at.
pub(super) const NEVER: Duration = Duration::from_secs(100_000);

/// So short that a test waits for sweeps.
pub(super) const OFTEN: Duration = Duration::from_millis(100);

pub(super) fn wish(database: &str, bus: BusChoice, sweep_interval: Duration) -> Wish {
    Wish {
        database: Some(Database::Postgres(database.to_owned())),
        bus,
        sweep_interval,
        ..Wish::default()
    }
}

/// For tests that ask again and again; without sweeps.
pub(super) fn wish_often_asked(database: &str, bus: BusChoice) -> Wish {
    Wish {
        traffic_rules: TrafficRules {
            calls_per_user: Rate::OFF,
            joins_per_user: Rate::OFF,
            frames_per_connection: Rate::OFF,
            requests_per_address: Rate::OFF,
            ..TrafficRules::default()
        },
        ..wish(database, bus, NEVER)
    }
}

/// Two relays on a new database, which know of each other if there is a bus.
pub(super) async fn two(bus: BusChoice, sweep_interval: Duration) -> [Relay; 2] {
    two_on(&database().await, bus, sweep_interval).await
}

pub(super) async fn two_on(database: &str, bus: BusChoice, sweep_interval: Duration) -> [Relay; 2] {
    let is_alone = bus == BusChoice::None;
    let wish = wish(database, bus, sweep_interval);
    let relays = [
        Relay::start_with(wish.clone()).await,
        Relay::start_with(wish).await,
    ];
    if !is_alone {
        for relay in &relays {
            relay.until("seqline_fleet_has_company", 1).await;
        }
    }
    relays
}

/// As many relays as there are users, each of whom is connected to one; on a bus of either kind.
pub(super) async fn on_each_bus<const N: usize>(
    users: [&str; N],
    test: impl AsyncFn([(Relay, Client); N]),
) {
    let nats = Nats::start();
    for bus in [BusChoice::Postgres, nats.bus()] {
        let url = database().await;
        let mut relays = Vec::new();
        for _ in users {
            relays.push(Relay::start_with(wish_often_asked(&url, bus.clone())).await);
        }
        let mut places = Vec::new();
        for (relay, user) in relays.into_iter().zip(users) {
            relay.until("seqline_fleet_has_company", 1).await;
            let (client, _) = Client::open(&relay, user, "phone").await;
            places.push((relay, client));
        }
        test(places.try_into().ok().unwrap()).await;
    }
}

impl Client {
    /// What is new, as a device learns of it: pushed, or pulled when it is told to.
    pub(super) async fn learns(&mut self, known: Seq) -> Vec<Entry> {
        loop {
            match self.next().await {
                RelayFrame::Push { mut entries, .. } => {
                    entries.retain(|entry| entry.seq > known);
                    if !entries.is_empty() {
                        return entries;
                    }
                }
                RelayFrame::Notify {
                    head, conv: None, ..
                } if head > known => return self.pull_all(known).await,
                RelayFrame::Sent { .. } | RelayFrame::Notify { .. } => {}
                other => panic!("no news: {other:?}"),
            }
        }
    }

    /// Pulls a large conversation's timeline up to its head, and gives that.
    pub(super) async fn pull_crowd(&mut self, conv: &ConvId) -> Seq {
        let mut after = Seq::ZERO;
        loop {
            self.say(&ClientFrame::Pull {
                req: RequestId::new(after.get() + 2_000_000).unwrap(),
                after,
                limit: None,
                conv: Some(conv.clone()),
                public: None,
            })
            .await;
            match self.answer().await {
                RelayFrame::Page { entries, head, .. } => {
                    after = entries.last().map_or(after, |entry| entry.seq);
                    if after == head {
                        return head;
                    }
                }
                RelayFrame::Reset { head, .. } => after = head,
                other => panic!("not a page: {other:?}"),
            }
        }
    }
}

/// Relays that can be killed, with a device of alice, of bob and of carol.
pub(super) async fn three_processes(database: &str, folder: &Path) -> [(Process, Client); 3] {
    let flags = ["--bus", "postgres", "--sweep-interval-ms", "500"];
    let opened = ["alice", "bob", "carol"].map(async |user| {
        let relay = Process::serve_beside(database, folder, &flags);
        let client = relay.open(user, "phone").await;
        (relay, client)
    });
    let [first, second, third] = opened;
    (first.await, second.await, third.await).into()
}
