//! Apps' servers are asked before a message is stored.

use std::sync::atomic::{AtomicUsize, Ordering};

use seqline_protocol::{AppId, ErrorCode, Item, RelayFrame, Seq};
use seqline_relay::check::{CheckDefault, CheckRules};
use serde_json::json;

use crate::support::{Answer, AppServer, Client, Relay, Wish, send};

async fn relay(server: &AppServer, timeout_ms: u64, default: CheckDefault) -> Relay {
    let rules = CheckRules {
        endpoint: server.endpoint(),
        timeout_ms,
        default,
    };
    Relay::start_with(Wish {
        checks: [(AppId::new("app").unwrap(), rules)].into(),
        ..Wish::default()
    })
    .await
}

/// Longer than any answer takes.
const PATIENT_MS: u64 = 10_000;

/// The bodies that a user has, in the timeline's order.
async fn bodies(relay: &Relay, user: &str) -> Vec<String> {
    let (mut client, _) = Client::open(relay, user, "reader").await;
    let entries = client.pull_all(Seq::ZERO).await.into_iter();
    let messages = entries.filter_map(|entry| match entry.item {
        Item::Message(message) => Some(message.body),
        _ => None,
    });
    messages.collect()
}

/// Sends a message that is refused.
async fn refused(client: &mut Client, id: &str, body: &str) -> (ErrorCode, String, bool) {
    client.say(&send("bob", id, body)).await;
    loop {
        match client.next().await {
            RelayFrame::Error {
                code,
                message,
                retryable,
                client_msg_id,
                ..
            } => {
                assert_eq!(client_msg_id.unwrap().as_str(), id);
                return (code, message, retryable);
            }
            RelayFrame::Push { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn accepts_refuses_with_a_reason_and_rewrites() {
    let mut server = AppServer::start(|seen| match seen.json["body"].as_str().unwrap() {
        "spam" => Answer::Json(json!({"verdict": "refuse", "reason": "no spam, please"})),
        "damn" => Answer::Json(json!({"verdict": "rewrite", "body": "d***"})),
        _ => Answer::Json(json!({"verdict": "accept"})),
    })
    .await;
    let relay = relay(&server, PATIENT_MS, CheckDefault::Refuse).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    let (code, message, retryable) = refused(&mut alice, "m2", "spam").await;
    assert_eq!((code, retryable), (ErrorCode::Rejected, false));
    assert!(message.contains("no spam, please"), "{message}");
    alice.store("bob", "m3", "damn").await;
    for user in ["alice", "bob"] {
        assert_eq!(bodies(&relay, user).await, ["hello", "d***"]);
    }

    let asked = server.next().await;
    assert_eq!(
        asked.json,
        json!({
            "app": "app", "from": "alice", "conv": "dm:alice:bob", "client_msg_id": "m1",
            "kind": "text", "body": "hello", "priority": "normal",
        })
    );
    let metrics = relay.get("/metrics").await;
    for line in [
        "seqline_checks_total{verdict=\"accept\"} 1",
        "seqline_checks_total{verdict=\"refuse\"} 1",
        "seqline_checks_total{verdict=\"rewrite\"} 1",
        "seqline_checks_total{verdict=\"none\"} 0",
    ] {
        assert!(metrics.text().lines().any(|one| one == line), "{line}");
    }
}

#[tokio::test]
async fn a_rewritten_message_sent_again_gives_the_first_result() {
    let asked = AtomicUsize::new(0);
    let server = AppServer::start(move |_| {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        Answer::Json(json!({"verdict": "rewrite", "body": format!("version {count}")}))
    })
    .await;
    let relay = relay(&server, PATIENT_MS, CheckDefault::Refuse).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let first = alice.store("bob", "m1", "original").await;
    assert_eq!(alice.store("bob", "m1", "original").await, first);
    // Another content is a conflict, by what the sender gave and not by what was stored.
    let (code, ..) = refused(&mut alice, "m1", "version 0").await;
    assert_eq!(code, ErrorCode::IdConflict);
    assert_eq!(bodies(&relay, "bob").await, ["version 0"]);
}

#[tokio::test]
async fn without_an_answer_in_time_the_default_holds() {
    let server = AppServer::start(|_| Answer::Never).await;
    let strict = relay(&server, 20, CheckDefault::Refuse).await;
    let (mut alice, _) = Client::open(&strict, "alice", "phone").await;
    let (_, _, retryable) = refused(&mut alice, "m1", "hello").await;
    assert!(retryable, "the client tries again later");
    assert!(bodies(&strict, "bob").await.is_empty());
    assert_eq!(strict.running.counters().checks_failed.get(), 1);

    let lenient = relay(&server, 20, CheckDefault::Accept).await;
    let (mut alice, _) = Client::open(&lenient, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    assert_eq!(bodies(&lenient, "bob").await, ["hello"]);
    assert_eq!(lenient.running.counters().checks_failed.get(), 1);
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let server = AppServer::start(|seen| match seen.json["body"].as_str().unwrap() {
        "500" => Answer::Status(500),
        "empty" => Answer::Status(200),
        "redirect" => Answer::Redirect("/elsewhere"),
        "huge" => Answer::Json(json!({"verdict": "rewrite", "body": "x".repeat(40_000)})),
        _ => Answer::Text("<html>welcome</html>"),
    })
    .await;
    let lenient = relay(&server, PATIENT_MS, CheckDefault::Accept).await;
    let strict = relay(&server, PATIENT_MS, CheckDefault::Refuse).await;
    let (mut alice, _) = Client::open(&lenient, "alice", "phone").await;
    let (mut carol, _) = Client::open(&strict, "carol", "phone").await;
    let all = ["500", "empty", "redirect", "huge", "html"];
    for body in all {
        alice.store("bob", body, body).await;
        assert!(refused(&mut carol, body, body).await.2);
    }
    assert_eq!(bodies(&lenient, "bob").await, all);
    assert_eq!(lenient.running.counters().checks_failed.get(), 5);
    assert!(bodies(&strict, "bob").await.is_empty());
}

#[tokio::test]
async fn other_apps_are_not_asked_and_order_is_kept() {
    let mut server = AppServer::start(|_| Answer::Json(json!({"verdict": "accept"}))).await;
    let relay = relay(&server, PATIENT_MS, CheckDefault::Refuse).await;
    let mut other = Client::dial(&relay.socket_url()).await;
    let ttl = std::time::Duration::from_secs(60);
    let token = relay.token_of("other", "alice", seqline_relay::auth::Scope::User, ttl);
    other.hello(&token, "phone", None).await;
    other.store("bob", "m1", "unasked").await;
    assert!(server.so_far().is_empty());

    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for n in 0..50 {
        alice
            .say(&send("bob", &format!("m{n}"), &n.to_string()))
            .await;
    }
    alice.store("bob", "m50", "50").await;
    let expected: Vec<_> = (0..=50).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&relay, "bob").await, expected);
}
