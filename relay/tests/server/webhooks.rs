//! Apps' servers are told of what was stored: signed, in order, and nothing is forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use seqline_protocol::AppId;
use seqline_relay::{auth::Scope, webhooks::WebhookRules};
use serde_json::Value;

use crate::support::{Answer, AppServer, Client, Process, Relay, Seen, WEBHOOK_SECRET, Wish};

/// Fast, so that failures cost no time.
const RULES: WebhookRules = WebhookRules {
    timeout_ms: 5_000,
    backoff_min_ms: 2,
    backoff_max_ms: 20,
    give_up_ms: 24 * 3_600_000,
    poll_ms: 10,
};

fn wish(app: &str, server: &AppServer) -> Wish {
    Wish {
        webhooks: [(AppId::new(app).unwrap(), server.endpoint())].into(),
        webhook_rules: RULES,
        ..Wish::default()
    }
}

fn body(seen: &Seen) -> &str {
    seen.json["message"]["body"].as_str().unwrap()
}

fn event(seen: &Seen) -> &str {
    seen.json["event"].as_str().unwrap()
}

#[tokio::test]
async fn tells_of_each_message_and_of_who_was_not_there() {
    let mut server = AppServer::start(|_| Answer::Status(204)).await;
    let relay = Relay::start_with(wish("app", &server)).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "one").await;

    let stored = server.next().await;
    assert_eq!(event(&stored), "message.stored");
    assert_eq!(stored.path, "/events");
    assert_eq!(stored.json["app"], "app");
    assert_eq!(stored.event_id.as_deref(), stored.json["id"].as_str());
    assert_eq!(stored.json.get("users"), None);
    let message = &stored.json["message"];
    assert_eq!(message["conv"], "dm:alice:bob");
    assert_eq!(message["sender"], "alice");
    assert_eq!(message["client_msg_id"], "m1");
    assert_eq!(
        (&message["conv_seq"], &message["body"]),
        (&1.into(), &"one".into())
    );

    let offline = server.next().await;
    assert_eq!(event(&offline), "user.offline");
    assert_eq!(offline.json["users"], serde_json::json!(["bob"]));
    assert_eq!(offline.json["message"], *message);
    assert_ne!(offline.event_id, stored.event_id);

    // Connected, he is not told of; and the sender never is.
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    alice.store("bob", "m2", "two").await;
    alice.store("bob", "m3", "three").await;
    for text in ["two", "three"] {
        let seen = server.next().await;
        assert_eq!((event(&seen), body(&seen)), ("message.stored", text));
    }
    let counters = relay.running.counters();
    assert_eq!(counters.webhooks_failed.get(), 0);
}

#[tokio::test]
async fn each_conversation_is_told_in_order_whatever_fails_in_between() {
    const COUNT: usize = 12;
    let attempts = AtomicUsize::new(0);
    let mut server = AppServer::start(move |seen| {
        let fails = seen.json["message"]["conv"] == "dm:alice:bob";
        match (fails, attempts.fetch_add(1, Ordering::Relaxed) % 5) {
            (true, 0) => Answer::Status(500),
            (true, 1) => Answer::Redirect("/elsewhere"),
            (true, 2) => Answer::Status(404),
            _ => Answer::Status(200),
        }
    })
    .await;
    let relay = Relay::start_with(wish("app", &server)).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    let (_carol, _) = Client::open(&relay, "carol", "phone").await;
    for n in 0..COUNT {
        alice.store("bob", &format!("b{n}"), &n.to_string()).await;
        alice.store("carol", &format!("c{n}"), &n.to_string()).await;
    }
    let mut told: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let is_all = |told: &BTreeMap<String, Vec<(usize, String)>>| {
        told.len() == 2
            && told
                .values()
                .all(|of_conv| of_conv.last().unwrap().0 == COUNT - 1)
    };
    while !is_all(&told) {
        let seen = server.next().await;
        assert_eq!(seen.path, "/events", "redirects are not followed");
        let conv = seen.json["message"]["conv"].as_str().unwrap().to_owned();
        let id = seen.event_id.clone().unwrap();
        told.entry(conv)
            .or_default()
            .push((body(&seen).parse().unwrap(), id));
    }
    for (conv, of_conv) in &told {
        let ids: BTreeSet<_> = of_conv.iter().collect();
        assert_eq!(
            ids.len(),
            COUNT,
            "{conv}: told again means told with the same id"
        );
        let numbers: Vec<_> = of_conv.iter().map(|(n, _)| *n).collect();
        assert!(numbers.is_sorted(), "{conv}: {numbers:?}");
    }
    assert!(told["dm:alice:bob"].len() > COUNT, "some failed");
    assert_eq!(
        told["dm:alice:carol"].len(),
        COUNT,
        "no one waits for others"
    );
}

/// Killed while the server holds an event: it is told again, and what comes after it too.
#[tokio::test]
async fn a_killed_relay_forgets_nothing() {
    let is_up = Arc::new(Mutex::new(false));
    let up = Arc::clone(&is_up);
    let mut server = AppServer::start(move |_| {
        if *up.lock().unwrap() {
            Answer::Status(200)
        } else {
            Answer::Never
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("seqline.toml");
    let url = server.url();
    let text =
        format!("[apps.dev]\nwebhook_url = \"{url}\"\nwebhook_secret = \"{WEBHOOK_SECRET}\"\n");
    std::fs::write(&config, text).unwrap();
    let config = ["--config", config.to_str().unwrap()];

    let relay = Process::serve_with(folder.path(), &config);
    let mut alice = Client::dial(&relay.url()).await;
    let token = relay.dev_token("alice").await;
    alice.hello(&token, "phone", None).await;
    for n in 0..5 {
        alice.store("bob", &format!("m{n}"), &n.to_string()).await;
    }
    let held = server.next().await;
    assert_eq!(body(&held), "0");
    relay.kill();

    *is_up.lock().unwrap() = true;
    let relay = Process::serve_with(folder.path(), &config);
    let again = server.next().await;
    assert_eq!(again.event_id, held.event_id);
    assert_eq!(again.json, held.json);
    let mut expected = vec![("user.offline".to_owned(), "0".to_owned())];
    for n in 1..5 {
        for name in ["message.stored", "user.offline"] {
            expected.push((name.to_owned(), n.to_string()));
        }
    }
    for one in expected {
        let seen = server.next().await;
        assert_eq!((event(&seen).to_owned(), body(&seen).to_owned()), one);
    }
    // Ended well this time: what was taken is not told again.
    relay.terminate();
    let relay = Process::serve_with(folder.path(), &config);
    let mut alice = Client::dial(&relay.url()).await;
    alice.hello(&token, "phone", None).await;
    alice.store("bob", "m5", "5").await;
    assert_eq!(body(&server.next().await), "5");
}

#[tokio::test]
async fn gives_up_what_the_server_does_not_want_and_what_has_failed_for_a_day() {
    let mut server = AppServer::start(|seen| match body(seen) {
        "gone" => Answer::Status(410),
        "broken" => Answer::Status(500),
        _ => Answer::Status(200),
    })
    .await;
    let relay = Relay::start_with(wish("app", &server)).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    alice.store("bob", "m1", "gone").await;
    alice.store("bob", "m2", "broken").await;
    alice.store("bob", "m3", "fine").await;
    assert_eq!(body(&server.next().await), "gone");
    for _ in 0..3 {
        assert_eq!(body(&server.next().await), "broken");
    }
    relay.pass(Duration::from_secs(24 * 3600));
    loop {
        let seen = server.next().await;
        if body(&seen) == "fine" {
            break;
        }
        assert_eq!(body(&seen), "broken");
    }
    assert_eq!(relay.running.counters().webhooks_given_up.get(), 2);
    let metrics = relay.get("/metrics").await;
    assert!(
        metrics
            .text()
            .contains("\nseqline_webhooks_given_up_total 2\n")
    );
}

#[tokio::test]
async fn a_dead_server_of_one_app_holds_up_no_other() {
    let dead = AppServer::start(|_| Answer::Never).await;
    let mut alive = AppServer::start(|_| Answer::Status(200)).await;
    let mut wish = wish("app", &alive);
    wish.webhooks
        .insert(AppId::new("other").unwrap(), dead.endpoint());
    let relay = Relay::start_with(wish).await;
    let mut other = Client::dial(&relay.socket_url()).await;
    let token = relay.token_of("other", "alice", Scope::User, Duration::from_secs(60));
    other.hello(&token, "phone", None).await;
    for n in 0..40 {
        other
            .store(&format!("user-{n}"), &format!("m{n}"), "")
            .await;
    }
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "for those who hear").await;
    assert_eq!(body(&alive.next().await), "for those who hear");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_once_it_can() {
    let mut server = AppServer::start(|_| Answer::Status(200)).await;
    let mut nowhere = server.endpoint();
    nowhere.url = "http://127.0.0.1:1/".parse().unwrap();
    let mut wish = wish("app", &server);
    wish.webhooks.insert(AppId::new("app").unwrap(), nowhere);
    let relay = Relay::start_with(wish).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "early").await;
    let relay = relay.restart_with(self::wish("app", &server)).await;
    assert_eq!(body(&server.next().await), "early");
    drop(relay);
    let rest: Vec<Value> = server.so_far().into_iter().map(|seen| seen.json).collect();
    assert!(rest.len() <= 1, "{rest:?}");
}
