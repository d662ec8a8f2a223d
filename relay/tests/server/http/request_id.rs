//! Ids of requests, in answers and in the log.

use std::fs;

use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;

use crate::support::{Client, Process, Relay, SECRET, request, token};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn every_answer_has_one_the_callers_if_it_can_be_used() {
    let relay = Relay::start().await;
    let address = relay.running.address();
    let ask = async |path: &str, id: &str| {
        let reply = request(address, "GET", path, &[("x-request-id", id)], "").await;
        reply.header("x-request-id").to_owned()
    };
    for path in ["/healthz", "/metrics", "/v1/none", "/v1/conversations/list"] {
        assert_eq!(ask(path, "order-7.a").await, "order-7.a", "{path}");
        let drawn = ask(path, "two words").await;
        assert_eq!(drawn.len(), 16, "{path}: {drawn}");
        assert_ne!(ask(path, "two words").await, drawn, "{path}");
    }
    let without = relay.get("/healthz").await;
    assert_eq!(without.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn what_is_logged_of_a_request_has_its_id_and_its_trace() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("seqline.toml");
    fs::write(&config, format!("[apps.app]\nsecret = \"{SECRET}\"\n")).unwrap();
    let relay = Process::serve_and_log(folder.path(), &config);
    let bearer = format!("Bearer {}", token("alice"));
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("x-request-id", "send-7"),
        ("traceparent", &traceparent),
    ];
    let body = "{\"to\":{\"user\":\"bob\"},\"body\":\"hello\"}";
    let sent = request(relay.address, "POST", "/v1/messages/send", &headers, body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());

    let mut asked = relay.url().into_client_request().unwrap();
    let id = "socket-7".parse().unwrap();
    asked.headers_mut().insert("x-request-id", id);
    let mut client = Client::dial_as(asked).await;
    client.hello(&token("alice"), "phone", None).await;

    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |message: &str, id: &str| -> &Value {
        let spans = |line: &Value| line["spans"].as_array().cloned().unwrap_or_default();
        let mut found = lines.iter().filter(|line| {
            line["fields"]["message"] == message && spans(line).iter().any(|span| span["id"] == id)
        });
        found
            .next()
            .unwrap_or_else(|| panic!("{message} of {id}: {log}"))
    };
    let committed = of("an operation was committed", "send-7");
    let request = &committed["spans"][0];
    assert_eq!(request["trace_id"], TRACE);
    assert_eq!(request["parent_id"], SPAN);
    assert_eq!(request["path"], "/v1/messages/send");
    assert_eq!(committed["span"]["name"], "commit");
    assert_eq!(of("answered", "send-7")["fields"]["status"], 200);
    assert!(of("hello", "socket-7")["fields"]["session"].is_string());
    let batches = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "committed and told");
    assert!(batches.clone().all(|line| line["span"]["name"] == "batch"));
    assert!(batches.count() > 0, "{log}");
    relay.kill();
}
