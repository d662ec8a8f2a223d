//! Who is connected to another relay.

use seqline_protocol::{AppId, RelayFrame};
use seqline_relay::{bus::BusChoice, webhooks::WebhookRules};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::support::{NEVER, OFTEN, on_each_bus, three_processes, two, two_on, wish};
use crate::{
    postgres_server::database,
    support::{Answer, AppServer, Client, Relay, Wish, presence::told},
};

async fn until(client: &mut Client, user: &str, is_online: bool) {
    while told(client, user).await["online"] != is_online {}
}

async fn share(client: &mut Client) {
    let params = json!({ "shared": true });
    client.call("presence.share", params).await.unwrap();
}

/// Who of these is online, as `presence.watch` or `presence.get` says.
async fn ask(client: &mut Client, method: &str, users: &[&str]) -> Vec<bool> {
    let seen = client.call(method, json!({ "users": users })).await;
    let seen = seen.unwrap()["users"].as_array().unwrap().clone();
    seen.iter()
        .map(|one| one["online"].as_bool().unwrap())
        .collect()
}

/// Asks until the database knows: a session is noted a moment after it was welcomed.
async fn ask_until(client: &mut Client, method: &str, user: &str, is_online: bool) {
    while ask(client, method, &[user]).await != [is_online] {}
}

#[tokio::test]
async fn who_shares_it_is_seen_to_come_and_go_on_another_relay() {
    on_each_bus(
        ["alice", "bob"],
        async |[(_one, mut alice), (other, mut bob)]| {
            share(&mut bob).await;
            let seen = ask(&mut alice, "presence.watch", &["bob", "carol"]).await;
            assert_eq!(seen, [true, false], "who was there before is seen, too");
            let (tablet, _) = Client::open(&other, "bob", "tablet").await;
            drop(bob);
            drop(tablet);
            let gone = told(&mut alice, "bob").await;
            assert_eq!(gone["online"], false, "once, when the last one has gone");
            assert!(gone["last_seen_us"].as_u64().unwrap() > 0);
            let (mut bob, _) = Client::open(&other, "bob", "phone").await;
            assert_eq!(told(&mut alice, "bob").await["online"], true);
            let hide = json!({ "shared": false });
            bob.call("presence.share", hide).await.unwrap();
            let hidden = told(&mut alice, "bob").await;
            assert_eq!(
                (&hidden["online"], &hidden["last_seen_us"]),
                (&json!(false), &json!(0))
            );
        },
    )
    .await;
}

/// Whoever watches, where she leaves, where she comes to, or on a third relay.
#[tokio::test]
async fn who_moves_to_another_relay_has_not_gone() {
    on_each_bus(
        ["alice", "zoe", "watcher"],
        async |[(one, mut alice), (other, mut zoe), (_third, mut third)]| {
            let (mut bob, _) = Client::open(&one, "bob", "phone").await;
            let (mut carol, _) = Client::open(&one, "carol", "phone").await;
            share(&mut bob).await;
            share(&mut carol).await;
            for watcher in [&mut alice, &mut zoe, &mut third] {
                let seen = ask(watcher, "presence.watch", &["bob", "carol"]).await;
                assert_eq!(seen, [true, true]);
            }
            // There is a new session before the old one ends.
            let (_bob, _) = Client::open(&other, "bob", "phone").await;
            assert_eq!(bob.closed().await, 4020);
            drop(carol);
            // What is told of her comes after what would be told of him.
            for watcher in [&mut alice, &mut zoe, &mut third] {
                let mut is_over = false;
                while !is_over {
                    let event = watcher.event("presence").await;
                    for seen in event["users"].as_array().unwrap() {
                        assert_ne!(seen["user"], "bob", "{seen}");
                        is_over |= seen["user"] == "carol";
                    }
                }
            }
        },
    )
    .await;
}

/// By the database alone: whoever asks is told the truth at once, whoever watches with a sweep.
#[tokio::test]
async fn it_is_known_with_every_hint_lost() {
    let [one, other] = two(BusChoice::None, OFTEN).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    share(&mut bob).await;
    assert_eq!(ask(&mut alice, "presence.get", &["bob"]).await, [true]);
    assert_eq!(ask(&mut alice, "presence.watch", &["bob"]).await, [true]);
    drop(bob);
    until(&mut alice, "bob", false).await;
    let (_bob, _) = Client::open(&other, "bob", "phone").await;
    until(&mut alice, "bob", true).await;
}

#[tokio::test]
async fn the_apps_server_sees_users_and_devices_on_every_relay() {
    let [one, other] = two(BusChoice::None, NEVER).await;
    let (mut phone, _) = Client::open(&one, "alice", "phone").await;
    let (mut tablet, _) = Client::open(&other, "alice", "tablet").await;
    phone.store("bob", "m1", "noted").await;
    tablet.store("bob", "m2", "noted, too").await;
    let alice = json!({ "user": "alice" });
    for relay in [&one, &other] {
        let server = relay.server();
        let users = server.ok("users.get", json!({ "users": ["alice", "nobody"] }));
        let users = users.await["users"].clone();
        assert_eq!(users[0]["online"], true, "{users}");
        assert_eq!(users.get(1), None, "{users}");
        let devices = server.ok("devices.list", alice.clone()).await;
        let devices = devices["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2);
        assert!(
            devices.iter().all(|one| one["online"] == true),
            "{devices:?}"
        );
    }
    let server = one.server();
    let end = |device: &str| json!({ "user": "alice", "device": device });
    let ended = server.ok("devices.end", end("tablet")).await;
    assert_eq!(ended["ended"], true, "it was on the other relay");
    let ended = server.ok("devices.end", end("tablet")).await;
    assert_eq!(ended["ended"], false, "it was ended");
    let (mut tablet, _) = Client::open(&other, "alice", "tablet").await;
    tablet.store("bob", "m3", "noted").await;
    let kicked = server.ok("users.kick", alice.clone()).await;
    assert_eq!(kicked["ended"], 2);
    assert_eq!(server.ok("users.kick", alice).await["ended"], 0);
}

#[tokio::test]
async fn users_of_a_relay_that_was_killed_are_gone_and_those_of_one_that_stops_at_once() {
    let url = database().await;
    let folder = tempfile::tempdir().unwrap();
    let [(one, mut alice), (other, mut bob), (third, mut carol)] =
        three_processes(&url, folder.path()).await;
    share(&mut bob).await;
    share(&mut carol).await;
    let seen = ask(&mut alice, "presence.watch", &["bob", "carol"]).await;
    assert_eq!(seen, [true, true]);
    other.kill();
    until(&mut alice, "bob", false).await;
    third.terminate();
    until(&mut alice, "carol", false).await;
    ask_until(&mut alice, "presence.get", "bob", false).await;
    // They come back elsewhere.
    let _bob = one.open("bob", "phone").await;
    until(&mut alice, "bob", true).await;
}

/// Or else she would look online on other relays for ever.
#[tokio::test]
async fn that_a_device_has_gone_is_noted_once_the_database_takes_it() {
    let url = database().await;
    let [one, other] = two_on(&url, BusChoice::Postgres, NEVER).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    share(&mut bob).await;
    assert_eq!(ask(&mut alice, "presence.watch", &["bob"]).await, [true]);
    let mut database = PgConnection::connect(&url).await.unwrap();
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON device FOR EACH ROW
        WHEN (NEW.relay_id IS NULL) EXECUTE FUNCTION refuse()";
    sqlx::raw_sql(refuse).execute(&mut database).await.unwrap();
    drop(bob);
    other.until("seqline_commits_failed_total", 1).await;
    assert_eq!(ask(&mut alice, "presence.get", &["bob"]).await, [true]);
    let allow = "DROP TRIGGER refuse ON device";
    sqlx::raw_sql(allow).execute(&mut database).await.unwrap();
    until(&mut alice, "bob", false).await;
}

/// Told once, by one of the relays, of those who are connected to none.
#[tokio::test]
async fn the_apps_server_is_told_of_users_who_are_connected_nowhere() {
    let mut server = AppServer::start(|_| Answer::Status(204)).await;
    let url = database().await;
    let wish = Wish {
        webhooks: [(AppId::new("app").unwrap(), server.endpoint())].into(),
        webhook_rules: WebhookRules {
            poll_ms: 10,
            ..WebhookRules::default()
        },
        ..wish(&url, BusChoice::Postgres, NEVER)
    };
    let one = Relay::start_with(wish.clone()).await;
    let other = Relay::start_with(wish).await;
    other.until("seqline_fleet_has_company", 1).await;
    let (mut alice, _) = Client::open(&one, "alice", "phone").await;
    let (mut bob, _) = Client::open(&other, "bob", "phone").await;
    ask_users_until(&one, "bob").await;
    ask_users_until(&other, "alice").await;
    let group = json!({ "conv": "group:g", "title": "Tea", "users": ["bob", "carol"] });
    alice.call("groups.create", group).await.unwrap();
    // Said on either relay.
    for (sender, expected) in [(&mut alice, json!(["carol"])), (&mut bob, json!(["carol"]))] {
        let to = seqline_protocol::Target::Conv("group:g".parse().unwrap());
        sender.say(&crate::support::send_to(to, "m", "hello")).await;
        while !matches!(sender.next().await, RelayFrame::Sent { .. }) {}
        let offline = loop {
            let seen = server.next().await;
            if seen.json["event"] == "user.offline" && seen.json["message"]["body"] == "hello" {
                break seen;
            }
        };
        assert_eq!(offline.json["users"], expected);
    }
    alice.store("bob", "m2", "to one who is there").await;
    alice.store("carol", "m3", "the last one").await;
    loop {
        let seen = server.next().await;
        let is_last = seen.json["message"]["body"] == "the last one";
        if seen.json["event"] == "user.offline" {
            assert_eq!(seen.json["users"], json!(["carol"]));
            if is_last {
                return;
            }
        }
    }
}

async fn ask_users_until(relay: &Relay, user: &str) {
    let server = relay.server();
    loop {
        let users = server.ok("users.get", json!({ "users": [user] })).await;
        if users["users"][0]["online"] == true {
            return;
        }
    }
}
