//! One trace for one message, from whoever sends it to whoever gets it.

use std::collections::BTreeMap;

use seqline_protocol::{AppId, ErrorCode, RelayFrame};
use serde_json::json;

use crate::support::{Answer, AppServer, Client, Collector, Relay, Wish, send};

/// The trace of whoever calls.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn wish(collector: &Collector, sample: f64) -> Wish {
    Wish {
        traces: Some(collector.rules(sample)),
        ..Wish::default()
    }
}

/// The app's server sends a message within a trace of its own.
pub(crate) async fn send_within(relay: &Relay, flags: &str, id: &str) {
    let traceparent = format!("00-{TRACE}-{CALLER}-{flags}");
    let bearer = format!("Bearer {}", relay.scoped("backend"));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("traceparent", traceparent.as_str()),
    ];
    let body = json!({
        "from": "alice",
        "to": { "user": "bob" },
        "client_msg_id": id,
        "body": "what nobody else should read",
    });
    let reply = relay
        .post("messages.send", &headers, &body.to_string())
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

impl Relay {
    fn scoped(&self, user: &str) -> String {
        let hour = std::time::Duration::from_secs(3600);
        self.token_of("app", user, seqline_relay::auth::Scope::Server, hour)
    }
}

#[tokio::test]
async fn a_trace_goes_on_from_the_caller_to_the_push() {
    let collector = Collector::start().await;
    // Of its own it begins none.
    let relay = Relay::start_with(wish(&collector, 0.0)).await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    send_within(&relay, "00", "not-kept").await;
    send_within(&relay, "01", "m1").await;
    bob.pushed(2).await;
    bob.store("alice", "m0", "not traced").await;
    let names = ["messages.send", "send", "commit", "fanout", "push"];
    let spans = collector.trace(&names).await;
    assert_eq!(spans["send"].trace, TRACE);
    for (name, parent) in [
        ("messages.send", CALLER),
        ("send", &spans["messages.send"].id),
        ("commit", &spans["send"].id),
        ("fanout", &spans["send"].id),
        ("push", &spans["fanout"].id),
    ] {
        assert_eq!(spans[name].parent, parent, "{name}");
    }
    let sent = &spans["send"].attributes;
    assert_eq!(sent["seqline.app"], "app");
    assert_eq!(sent["seqline.conversation.kind"], "direct");
    assert_eq!(sent["seqline.duplicate"], "false");
    let call = &spans["messages.send"].attributes;
    assert_eq!(call["http.response.status_code"], "200");
    let resource = &spans["send"].resource;
    assert_eq!(resource["service.name"], "relay under test");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    // Neither who it is nor what is said.
    let all = format!("{:?}", collector.spans());
    for secret in ["alice", "bob", "phone", "nobody else", "m1", "Bearer"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    let exported = relay.get("/metrics").await;
    let line = "seqline_trace_spans_total{result=\"dropped\"} 0";
    assert!(exported.text().contains(line));
}

#[tokio::test]
async fn messages_of_devices_begin_traces_and_what_is_left_goes_out_at_the_end() {
    let collector = Collector::start().await;
    let relay = Relay::start_with(wish(&collector, 1.0)).await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    alice.say(&send("bob", "m1", "something else")).await;
    let refused = alice.answer().await;
    let code = ErrorCode::IdConflict;
    assert!(matches!(refused, RelayFrame::Error { code: of, .. } if of == code));
    relay.running.stop().await;
    let spans = collector.spans();
    let sends: Vec<_> = spans.iter().filter(|span| span.name == "send").collect();
    assert_eq!(sends.len(), 2, "{spans:#?}");
    assert!(sends.iter().all(|span| span.parent.is_empty()));
    assert_ne!(sends[0].trace, sends[1].trace);
    let errors: Vec<_> = sends.iter().filter_map(|span| span.error.clone()).collect();
    assert_eq!(errors, ["id_conflict"]);
    let pushes = spans.iter().filter(|span| span.name == "push");
    assert!(pushes.count() <= 1);
}

#[tokio::test]
async fn webhooks_carry_the_trace() {
    let collector = Collector::start().await;
    let mut server = AppServer::start(|_| Answer::Status(200)).await;
    let app = AppId::new("app").unwrap();
    let relay = Relay::start_with(Wish {
        webhooks: BTreeMap::from([(app, server.endpoint())]),
        ..wish(&collector, 0.0)
    })
    .await;
    send_within(&relay, "01", "m1").await;
    let told = server.next().await.traceparent.unwrap();
    let spans = collector.trace(&["fanout", "webhook"]).await;
    let webhook = &spans["webhook"];
    assert_eq!(told, format!("00-{TRACE}-{}-01", webhook.id));
    assert_eq!(webhook.parent, spans["fanout"].id);
    // Without a trace there is nothing to tell of.
    send_within(&relay, "00", "m2").await;
    let told = loop {
        let seen = server.next().await;
        if seen.json.to_string().contains("m2") {
            break seen.traceparent;
        }
    };
    assert_eq!(told, None);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    // A port that nobody listens at.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let rules = seqline_relay::traces::TraceRules {
        url: format!("http://{address}/v1/traces").parse().unwrap(),
        sample: 1.0,
        service: "relay".to_owned(),
    };
    let relay = Relay::start_with(Wish {
        traces: Some(rules),
        ..Wish::default()
    })
    .await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for n in 0..20 {
        alice.store("bob", &format!("m{n}"), "hello").await;
    }
    relay
        .until("seqline_trace_spans_total{result=\"failed\"}", 60)
        .await;
    alice.store("bob", "last", "hello").await;
    relay.running.stop().await;
}
