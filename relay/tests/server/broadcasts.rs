//! The public mailbox of a running relay: waves, reach, lookups, and what is configured.

use std::time::Duration;

use seqline_protocol::{
    AppId, Broadcast, ClientFrame, PublicNews, PublicPlace, RelayFrame, RequestId, Seq, UserId,
};
use seqline_relay::broadcasts::{PublicRules, lookup::LookupRules};
use serde_json::{Value, json};

use crate::support::{Answer, AppServer, Client, Relay, Wish};

/// Makes a broadcast, and publishes it with these parameters beside. Its id.
async fn publish(relay: &Relay, body: &str, beside: Value) -> u64 {
    let id = draft(relay, body, json!({})).await;
    let mut params = json!({ "id": id, "revision": 1 });
    for (key, value) in beside.as_object().unwrap() {
        params[key] = value.clone();
    }
    relay.operator().ok("broadcasts.publish", params).await;
    id
}

async fn draft(relay: &Relay, body: &str, audience: Value) -> u64 {
    let content = json!({ "title": "News", "body": body });
    let params = json!({ "content": content, "audience": audience });
    let made = relay.operator().ok("broadcasts.create", params).await;
    made["id"].as_u64().unwrap()
}

/// What a device is told that knows nothing yet.
async fn news(client: &mut Client) -> PublicNews {
    let pull = ClientFrame::Pull {
        req: RequestId::new(7).unwrap(),
        after: Seq::ZERO,
        limit: None,
        conv: None,
        public: Some(PublicPlace::default()),
    };
    client.say(&pull).await;
    match client.answer().await {
        RelayFrame::Page { public, .. } => public.unwrap().news.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

async fn shown(client: &mut Client) -> Vec<Broadcast> {
    let changes = news(client).await.changes.into_iter();
    changes.filter_map(|change| change.broadcast).collect()
}

/// The bodies that a user reads.
async fn bodies(relay: &Relay, user: &str) -> Vec<String> {
    let (mut client, _) = Client::open(relay, user, "reader").await;
    let shown = shown(&mut client).await.into_iter();
    shown.map(|one| one.body).collect()
}

fn relay_with(public_rules: PublicRules) -> impl Future<Output = Relay> {
    Relay::start_with(Wish {
        public_rules,
        ..Wish::default()
    })
}

#[tokio::test]
async fn a_wave_tells_who_is_connected_and_its_progress_is_known() {
    let relay = Relay::start().await;
    let mut devices = Vec::new();
    for user in ["alice", "bob", "carol"] {
        devices.push(Client::open(&relay, user, "phone").await.0);
    }
    let id = publish(&relay, "hello", json!({ "wave": { "window_ms": 1_000 } })).await;
    for device in &mut devices {
        let pub_head = loop {
            if let RelayFrame::Notify { pub_head, .. } = device.next().await {
                break pub_head;
            }
        };
        assert!(pub_head.get() > 0);
    }
    let [alice, bob, _] = &mut devices[..] else {
        unreachable!()
    };
    for device in [alice, bob] {
        assert_eq!(shown(device).await.len(), 1);
        // Asking again is not another device.
        assert_eq!(shown(device).await.len(), 1);
    }
    let progress = relay
        .operator()
        .ok("broadcasts.progress", json!({ "id": id }))
        .await;
    let counts = ["connected", "told", "pulled"].map(|key| progress[key].as_u64().unwrap());
    assert_eq!(counts, [3, 3, 2]);
    assert_eq!(relay.running.counters().wave_tells.get(), 3);
}

#[tokio::test]
async fn without_a_wave_nobody_is_told() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    publish(&relay, "hello", json!({})).await;
    // What comes next is the answer: nothing was said before.
    alice.say(&ClientFrame::Ping { nonce: 9 }).await;
    assert!(matches!(alice.next().await, RelayFrame::Pong { .. }));
    assert_eq!(shown(&mut alice).await.len(), 1);
}

#[tokio::test]
async fn reach_counts_users_once_and_outlasts_a_restart() {
    let relay = Relay::start().await;
    let id = publish(&relay, "hello", json!({})).await;
    for user in ["alice", "bob"] {
        assert_eq!(bodies(&relay, user).await, ["hello"]);
    }
    let (mut alice, _) = Client::open(&relay, "alice", "reader").await;
    let opened = json!({ "ids": [id] });
    alice.call("broadcasts.opened", opened).await.unwrap();
    let relay = relay.restart().await;
    for user in ["bob", "carol"] {
        assert_eq!(bodies(&relay, user).await, ["hello"]);
    }
    let reach = relay
        .operator()
        .ok("broadcasts.reach", json!({ "id": id }))
        .await;
    assert_eq!((&reach["handed"], &reach["opened"]), (&json!(3), &json!(1)));
    let hours = reach["hours"].as_array().unwrap();
    let handed: u64 = hours
        .iter()
        .map(|one| one["handed"].as_u64().unwrap())
        .sum();
    assert!((3..=4).contains(&handed), "{reach}");
    assert_eq!(hours[0]["host"], "test");
}

#[tokio::test]
async fn the_apps_server_fills_a_text_at_the_first_pull_and_is_asked_once() {
    let mut server = AppServer::start(|seen| match seen.json["user"].as_str() {
        Some("alice") => Answer::Json(json!({ "attributes": { "name": "Alice" } })),
        Some("bob") => Answer::Status(500),
        _ => Answer::Never,
    })
    .await;
    let lookup = LookupRules {
        endpoint: server.endpoint(),
        timeout_ms: 300,
        ttl: Duration::from_secs(600),
    };
    let relay = relay_with(PublicRules {
        attribute_names: ["name".to_owned()].into(),
        lookups: [(AppId::new("app").unwrap(), lookup)].into(),
        ..PublicRules::default()
    })
    .await;
    // Nothing is asked for while no text is personal.
    publish(&relay, "plain", json!({})).await;
    assert_eq!(bodies(&relay, "alice").await, ["plain"]);
    assert!(server.so_far().is_empty());
    publish(&relay, "Dear {{name|friend}}", json!({})).await;
    for _ in 0..2 {
        assert_eq!(bodies(&relay, "alice").await, ["plain", "Dear Alice"]);
    }
    for user in ["bob", "never"] {
        assert_eq!(bodies(&relay, user).await, ["plain", "Dear friend"]);
    }
    let asked = server.so_far();
    let users: Vec<_> = asked.iter().map(|one| &one.json["user"]).collect();
    assert_eq!(users, ["alice", "bob", "never"]);
    let expected = json!({ "app": "app", "user": "alice", "attributes": ["name"] });
    assert_eq!(asked[0].json, expected);
    let counters = relay.running.counters();
    assert_eq!(
        (counters.lookups.get(), counters.lookups_failed.get()),
        (1, 2)
    );
}

#[tokio::test]
async fn users_of_the_configuration_are_on_the_allow_list_beside_the_stored_ones() {
    let alice = UserId::new("alice").unwrap();
    let relay = relay_with(PublicRules {
        allow_lists: [(AppId::new("app").unwrap(), [alice].into())].into(),
        ..PublicRules::default()
    })
    .await;
    let id = draft(&relay, "a trial", json!({})).await;
    let params = json!({ "id": id, "revision": 1, "allow_list": true });
    relay.operator().ok("broadcasts.stage", params).await;
    assert_eq!(bodies(&relay, "alice").await, ["a trial"]);
    assert!(bodies(&relay, "bob").await.is_empty());
    let bob = json!({ "users": ["bob"] });
    relay.operator().ok("allow_list.add", bob.clone()).await;
    for user in ["alice", "bob"] {
        assert_eq!(bodies(&relay, user).await, ["a trial"]);
    }
    relay.operator().ok("allow_list.remove", bob).await;
    assert_eq!(bodies(&relay, "alice").await, ["a trial"]);
    assert!(bodies(&relay, "bob").await.is_empty());
}
