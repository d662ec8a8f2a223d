use seqline_relay::auth::Scope;
use serde_json::{Value, json};

use crate::support::{Relay, Reply, guards, refused, request, texts};

const METHOD: &str = "conversations.export";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({ "conv": "dm:alice:bob", "after": 1, "limit": 2 });
    guards(&relay, "conversations.export", params).await;
}

#[tokio::test]
async fn goes_page_by_page_to_the_end() {
    let relay = Relay::start().await;
    for n in 1..=5 {
        relay
            .user("alice")
            .say("dm:alice:bob", &n.to_string())
            .await;
    }
    let mut all = Vec::new();
    let mut after = json!(0);
    loop {
        let params = json!({ "conv": "dm:alice:bob", "after": after, "limit": 2 });
        let page = relay.server().ok(METHOD, params).await;
        all.extend(texts(&page["messages"]));
        match page.get("next") {
            Some(next) => after = next.clone(),
            None => break,
        }
    }
    assert_eq!(all, ["1", "2", "3", "4", "5"]);
    let params = json!({ "conv": "dm:alice:bob" });
    let refused = relay.other_server().refused(METHOD, params).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown")
    );
}

async fn stream(relay: &Relay, token: &str, query: &str) -> Reply {
    let path = format!("/v1/conversations/export{query}");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    // Without keeping the connection, the answer comes in chunks all the same: HTTP/1.1.
    request(relay.running.address(), "GET", &path, &headers, "").await
}

#[tokio::test]
async fn streams_a_whole_conversation_one_message_a_line() {
    let relay = Relay::start().await;
    for n in 1..=1_001 {
        relay
            .user("alice")
            .say("dm:alice:bob", &n.to_string())
            .await;
    }
    let hour = std::time::Duration::from_secs(3600);
    let server = relay.token_of("app", "backend", Scope::Server, hour);
    let reply = stream(&relay, &server, "?conv=dm:alice:bob&after=1").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    assert_eq!(reply.header("cache-control"), "no-store");
    let lines = reply.unchunked();
    let seqs: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["conv_seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(seqs, (2..=1_001).collect::<Vec<u64>>());

    for (token, query, status, code) in [
        (
            server.as_str(),
            "?conv=dm:alice:carol",
            404,
            "conversation_unknown",
        ),
        (&server, "?conv=nonsense", 400, "field_invalid"),
        (&server, "?conv=dm:alice:bob&after=-1", 400, "field_invalid"),
        (&server, "?conv=dm:alice:bob&more=1", 400, "field_invalid"),
        (&server, "", 400, "field_invalid"),
        ("nonsense", "?conv=dm:alice:bob", 401, "token_invalid"),
        (
            &relay.token("alice"),
            "?conv=dm:alice:bob",
            403,
            "scope_forbidden",
        ),
    ] {
        let refused = refused(&stream(&relay, token, query).await);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (status, code),
            "{query}"
        );
    }
}
