//! What holds for all methods over HTTP, apart from what they do.

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Relay, Reply, Wish, refused, request};

const JSON: (&str, &str) = ("content-type", "application/json");
const LIST: &str = "/v1/conversations/list";

struct Asker {
    relay: Relay,
    bearer: String,
}

impl Asker {
    async fn new(wish: Wish) -> Self {
        let relay = Relay::start_with(wish).await;
        let bearer = format!("Bearer {}", relay.token("alice"));
        Self { relay, bearer }
    }

    /// A request with alice's token.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut all = vec![("authorization", self.bearer.as_str())];
        all.extend(headers);
        request(self.relay.running.address(), method, path, &all, body).await
    }
}

#[tokio::test]
async fn what_is_no_method_is_told_so() {
    let asker = Asker::new(Wish::default()).await;
    for path in ["/v1/groups/make", "/v1/no/such", "/v1/groups/create%20"] {
        let refused = refused(&asker.ask("POST", path, &[JSON], "{}").await);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (404, "method_unknown"),
            "{path}"
        );
        assert!(
            refused.message.contains("/v1/openapi.json"),
            "{}",
            refused.message
        );
    }
    for verb in ["GET", "PUT", "DELETE", "PATCH"] {
        let reply = asker.ask(verb, LIST, &[JSON], "{}").await;
        let refused = refused(&reply);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (405, "method_not_allowed"),
            "{verb}"
        );
        assert_eq!(reply.header("allow"), "POST, OPTIONS");
    }
}

#[tokio::test]
async fn a_body_is_json_of_a_bounded_size() {
    let asker = Asker::new(Wish::default()).await;
    let reply = asker.ask("POST", LIST, &[], "").await;
    assert_eq!(reply.status, 200, "no body is an empty object");
    let reply = asker.ask(
        "POST",
        LIST,
        &[("content-type", "application/json; charset=utf-8")],
        "{}",
    );
    assert_eq!(reply.await.status, 200);
    let reply = asker
        .ask("POST", LIST, &[("content-type", "text/plain")], "{}")
        .await;
    let unsupported = refused(&reply);
    assert_eq!(
        (unsupported.status, unsupported.code.as_str()),
        (415, "content_type_unsupported")
    );

    let space = " ".repeat(1024 * 1024 - 2);
    let fits = asker
        .ask("POST", LIST, &[JSON], &format!("{space}{{}}"))
        .await;
    assert_eq!(fits.status, 200);
    let too_large = asker
        .ask("POST", LIST, &[JSON], &format!("{space} {{}}"))
        .await;
    let refused = refused(&too_large);
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (413, "frame_too_large")
    );
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let asker = Asker::new(Wish {
        allowed_origins: vec!["https://chat.example".to_owned()],
        ..Wish::default()
    })
    .await;
    let origin = ("origin", "https://chat.example");
    let asked = ("access-control-request-method", "POST");
    let reply = request(
        asker.relay.running.address(),
        "OPTIONS",
        LIST,
        &[origin, asked],
        "",
    )
    .await;
    assert_eq!(reply.status, 204, "before the token is sent");
    assert_eq!(reply.header("access-control-allow-origin"), origin.1);
    assert_eq!(
        reply.header("access-control-allow-headers"),
        "authorization, content-type, seqline-route, traceparent, x-request-id"
    );
    let reply = asker.ask("POST", LIST, &[origin, JSON], "{}").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), origin.1);
    assert_eq!(reply.header("vary"), "origin");

    let evil = ("origin", "https://evil.example");
    for verb in ["OPTIONS", "POST"] {
        let reply = asker.ask(verb, LIST, &[evil, JSON], "{}").await;
        let refused = refused(&reply);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (403, "origin_forbidden")
        );
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn what_a_token_opens_is_never_cached_and_refusals_are_counted() {
    let asker = Asker::new(Wish::default()).await;
    let reply = asker.ask("POST", LIST, &[JSON], "{}").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let reply = asker.ask("POST", LIST, &[JSON], "{\"limit\":0}").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let code = seqline_protocol::ErrorCode::FieldInvalid;
    assert_eq!(asker.relay.refusals(code), 1);
}

#[tokio::test]
async fn a_failing_database_is_a_refusal_that_may_be_tried_again() {
    let relay = Relay::start().await;
    let alice = relay.user("alice");
    alice.say("dm:alice:bob", "hi").await;
    let options = SqliteConnectOptions::new().filename(relay.database());
    let mut outside = SqliteConnection::connect_with(&options).await.unwrap();
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON message
        BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    sqlx::query(poison).execute(&mut outside).await.unwrap();
    let send = json!({ "to": { "user": "bob" }, "body": "x" });
    let reply = alice.call("messages.send", &send).await;
    assert_eq!(
        (reply.status, reply.json()["error"]["retryable"].clone()),
        (500, json!(true))
    );
    assert_eq!(reply.json()["error"]["code"], "internal");
    let text = reply.text();
    assert!(
        !text.contains("poisoned"),
        "the details are for the log: {text}"
    );
    assert_eq!(relay.user("bob").texts("dm:alice:bob").await, ["hi"]);
}
