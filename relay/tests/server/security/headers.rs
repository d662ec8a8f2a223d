//! What every page may do in a browser, header by header; and that private answers are kept
//! nowhere.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{Relay, Wish, request};

/// The policy of a page: exactly this, and nothing more.
fn policy<'a>(images: &'a str, connect: &'a str) -> BTreeMap<&'a str, &'a str> {
    [
        ("default-src", "'self'"),
        ("script-src", "'self' 'wasm-unsafe-eval'"),
        ("style-src", "'self'"),
        ("img-src", images),
        ("connect-src", connect),
        ("object-src", "'none'"),
        ("base-uri", "'none'"),
        ("form-action", "'self'"),
        ("frame-ancestors", "'none'"),
    ]
    .into()
}

#[tokio::test]
async fn pages_may_do_what_they_need_and_nothing_else() {
    let relay = Relay::start().await;
    let host = relay.running.address();
    let connect = format!("'self' ws://{host} wss://{host}");
    for (path, images) in [
        ("/", "'self'"),
        ("/some/view", "'self'"),
        ("/index.html", "'self'"),
        ("/console", "'self'"),
        ("/console/", "'self'"),
        ("/docs/api", "'self' data:"),
        ("/docs/api/", "'self' data:"),
    ] {
        let reply = relay.get(path).await;
        if path == "/index.html" && reply.status == 404 {
            continue; // The page was not built before the relay.
        }
        let given = reply.header("content-security-policy");
        let rules = given
            .split(';')
            .filter_map(|rule| rule.trim().split_once(' '));
        let rules: BTreeMap<&str, &str> = rules.collect();
        assert_eq!(rules, policy(images, &connect), "{path}");
        for lax in [
            "unsafe-inline",
            "'unsafe-eval'",
            "*",
            "http:",
            "https:",
            "blob:",
        ] {
            assert!(!given.contains(lax), "{path}: {lax} in {given}");
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_adds_nothing_to_the_policy() {
    let relay = Relay::start().await;
    for host in [
        "evil.example; script-src *",
        "x' 'unsafe-inline",
        "a, b",
        "",
    ] {
        let headers = [("host", host)];
        let reply = request(relay.running.address(), "GET", "/", &headers, "").await;
        let given = reply.header("content-security-policy");
        // Or the request is refused as a whole.
        assert!(
            given.is_empty() || given.contains("connect-src 'self';"),
            "{host}: {given}"
        );
        assert_eq!(
            given.matches("script-src").count(),
            given.len().min(1),
            "{host}: {given}"
        );
    }
}

#[tokio::test]
async fn a_page_that_was_not_modified_says_the_same() {
    let relay = Relay::start().await;
    let first = relay.get("/").await;
    let headers = [("if-none-match", first.header("etag"))];
    let again = request(relay.running.address(), "GET", "/", &headers, "").await;
    assert_eq!(again.status, 304);
    let name = "content-security-policy";
    assert_eq!(again.header(name), first.header(name));
}

#[tokio::test]
async fn private_answers_and_refusals_are_never_kept() {
    let relay = Relay::start_with(Wish {
        is_dev: true,
        ..Wish::default()
    })
    .await;
    let bearer = format!("Bearer {}", relay.token("alice"));
    let (json, evil) = (
        ("content-type", "application/json"),
        ("origin", "https://evil.example"),
    );
    let token = ("authorization", bearer.as_str());
    let user = json!({ "user": "alice" }).to_string();
    for (verb, path, headers, body, status) in [
        (
            "POST",
            "/v1/conversations/list",
            vec![token, json],
            "{}",
            200,
        ),
        ("POST", "/v1/conversations/list", vec![json], "{}", 401),
        (
            "POST",
            "/v1/conversations/list",
            vec![token, json, evil],
            "{}",
            403,
        ),
        ("OPTIONS", "/v1/conversations/list", vec![evil], "", 403),
        ("GET", "/v1/conversations/list", vec![token], "", 405),
        ("POST", "/v1/none/such", vec![token, json], "{}", 404),
        (
            "GET",
            "/v1/conversations/export?conv=dm:alice:bob",
            vec![token],
            "",
            403,
        ),
        ("POST", "/v1/poll", vec![json], "{}", 200),
        ("POST", "/v1/poll", vec![json], "[", 400),
        ("POST", "/dev/token", vec![json], user.as_str(), 200),
        ("POST", "/dev/token", vec![json, evil], user.as_str(), 403),
        ("GET", "/metrics", vec![], "", 200),
        ("GET", "/readyz", vec![], "", 200),
        ("GET", "/v1/info", vec![], "", 200),
        ("GET", "/v1/none.js", vec![], "", 404),
    ] {
        let reply = request(relay.running.address(), verb, path, &headers, body).await;
        assert_eq!(reply.status, status, "{verb} {path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{verb} {path}");
        assert_eq!(
            reply.header("x-content-type-options"),
            "nosniff",
            "{verb} {path}"
        );
    }
}
