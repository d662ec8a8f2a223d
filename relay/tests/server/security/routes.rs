//! Every other route, and every route from web pages of other origins. The routes are those that
//! the router itself has.

use std::{collections::BTreeSet, sync::Arc};

use seqline_protocol::Encoding;
use seqline_relay::{
    http::{Watched, router},
    listener::ListenerRules,
};
use tungstenite::client::IntoClientRequest as _;

use super::{doors::told, table};
use crate::support::{Polled, Relay, Reply, Wish, assembled, poll, refused, request};

const LISTED: &str = "https://chat.example";
const EVIL: &str = "https://evil.example";

/// How a route is asked.
fn asked(route: &str) -> (&'static str, String, &'static str) {
    match route {
        "/v1/poll" => ("POST", route.to_owned(), "{}"),
        "/dev/token" => ("POST", route.to_owned(), "{\"user\":\"alice\"}"),
        "/v1/{group}/{name}" => ("POST", "/v1/conversations/list".to_owned(), "{}"),
        "/v1/conversations/export" => ("GET", format!("{route}?conv=dm:alice:bob"), ""),
        "/healthz" | "/readyz" | "/metrics" | "/v1/info" | "/v1/socket" | "/v1/openapi.json"
        | "/" | "/console" | "/console/" | "/docs/api" | "/docs/api/" => {
            ("GET", route.to_owned(), "")
        }
        "/console/{*file}" => ("GET", "/console/favicon.svg".to_owned(), ""),
        "/docs/api/{*file}" => ("GET", "/docs/api/favicon.svg".to_owned(), ""),
        other => panic!("a new route: say here how it is asked, {other}"),
    }
}

/// Also those that only development has.
async fn routes() -> BTreeSet<String> {
    let assembled = assembled(Wish {
        is_dev: true,
        ..Wish::default()
    })
    .await;
    // axum lists its paths nowhere but here.
    let app = &assembled.app;
    let watched = Watched::new(Arc::clone(app), ListenerRules::default().visitors());
    let shown = format!("{:?}", router(Arc::clone(app), Some(watched)));
    let paths = shown.split('"').filter(|part| part.starts_with('/'));
    let mut paths: BTreeSet<String> = paths.map(str::to_owned).collect();
    assert!(paths.len() > 10 && paths.contains("/healthz"), "{shown}");
    paths.retain(|path| !path.contains("__private"));
    assembled.stop().await;
    paths
}

async fn ask(relay: &Relay, route: &str, verb: Option<&str>, origin: Option<&str>) -> Reply {
    let (own_verb, path, body) = asked(route);
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(origin.map(|origin| ("origin", origin)));
    if verb == Some("OPTIONS") {
        headers.push(("access-control-request-method", own_verb));
    }
    let verb = verb.unwrap_or(own_verb);
    request(relay.running.address(), verb, &path, &headers, body).await
}

#[tokio::test]
async fn every_route_from_every_origin() {
    let relay = Relay::start_with(Wish {
        is_dev: true,
        allowed_origins: vec![LISTED.to_owned()],
        ..Wish::default()
    })
    .await;
    let mut rows = Vec::new();
    for route in routes().await {
        let plain = ask(&relay, &route, None, None).await;
        let mut row = vec![
            format!("`{}` {route}", asked(&route).0),
            plainly(&plain),
            caching(&plain),
        ];
        for origin in [EVIL, "null", "http://localhost.evil.example"] {
            row.push(from_page(&relay, &route, origin).await);
        }
        assert!(
            row[3] == row[4] && row[4] == row[5],
            "one foreign page is as another: {row:?}"
        );
        row.truncate(4);
        row.push(from_page(&relay, &route, LISTED).await);
        row.push(from_page(&relay, &route, "http://localhost:5173").await);
        rows.push(row);
    }
    let columns = [
        "route",
        "without a token",
        "may be cached",
        "from a foreign page",
        "from a page of `--allowed-origins`",
        "from a page of this machine, with `--dev`",
    ];
    table::holds("routes", &columns, &rows);
}

fn plainly(reply: &Reply) -> String {
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    match reply.status {
        // Whether the pages were built before the relay.
        200 | 404 if reply.header("content-type") == "image/svg+xml" || is_missing(reply) => {
            "a file".to_owned()
        }
        _ => told(reply),
    }
}

fn is_missing(reply: &Reply) -> bool {
    reply.status == 404 && refused(reply).code == "not_found"
}

fn caching(reply: &Reply) -> String {
    if is_missing(reply) {
        return "if asked again each time".to_owned();
    }
    match reply.header("cache-control") {
        "no-store" => "never".to_owned(),
        "no-cache" => "if asked again each time".to_owned(),
        other => other.to_owned(),
    }
}

/// What a page of an origin gets to read.
async fn from_page(relay: &Relay, route: &str, origin: &str) -> String {
    if route == "/v1/socket" {
        return upgrade(relay, origin).await;
    }
    let reply = ask(relay, route, None, Some(origin)).await;
    let preflight = ask(relay, route, Some("OPTIONS"), Some(origin)).await;
    for one in [&reply, &preflight] {
        assert_eq!(one.header("access-control-allow-credentials"), "");
        let allowed = one.header("access-control-allow-origin");
        assert!(
            allowed.is_empty() || allowed == origin,
            "{route}: {allowed}"
        );
        assert!(
            allowed.is_empty() || one.header("vary").contains("origin"),
            "{route}"
        );
    }
    let may_read = reply.header("access-control-allow-origin") == origin;
    let may_ask = preflight.header("access-control-allow-origin") == origin;
    assert_eq!(may_read, may_ask, "{route}");
    match (may_read, reply.status) {
        (true, _) => format!("{}, may be read", told(&reply)),
        (false, 403) => told(&reply),
        (false, _) => "may not be read".to_owned(),
    }
}

async fn upgrade(relay: &Relay, origin: &str) -> String {
    let mut ask = relay.socket_url().into_client_request().unwrap();
    ask.headers_mut().insert("origin", origin.parse().unwrap());
    if tokio_tungstenite::connect_async(ask).await.is_ok() {
        return "may connect".to_owned();
    }
    let headers = [
        ("connection", "upgrade, close"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", origin),
    ];
    told(&request(relay.running.address(), "GET", "/v1/socket", &headers, "").await)
}

#[tokio::test]
async fn a_connection_that_polls_is_found_by_its_whole_name_only() {
    let relay = Relay::start_with(Wish {
        allowed_origins: vec![LISTED.to_owned()],
        ..Wish::default()
    })
    .await;
    let (mut alice, _) = Polled::open(&relay, "alice", "phone").await;
    let (bob, _) = Polled::open(&relay, "bob", "phone").await;
    assert_ne!(alice.connection, bob.connection);
    let name = alice.connection.clone();
    let ask = |connection: &str| format!("{{\"connection\":{connection:?},\"close\":true}}");
    let json = ("content-type", "application/json");
    for guess in [
        &name[..31],
        &name.to_uppercase(),
        &format!("{name} "),
        &"0".repeat(32),
        "",
    ] {
        let reply = poll(&relay, &[json], ask(guess).as_bytes()).await;
        assert_eq!(told(&reply), "410 `connection_unknown`", "{guess}");
    }
    let evil = poll(&relay, &[json, ("origin", EVIL)], ask(&name).as_bytes()).await;
    assert_eq!(
        told(&evil),
        "403 `origin_forbidden`",
        "whoever has the name, too"
    );
    alice.say(&[]).await;
    assert_eq!(alice.encoding, Encoding::Text);
    let reply = poll(&relay, &[json], ask(&name).as_bytes()).await;
    assert_eq!(reply.status, 200);
    // It ends by itself once that is read.
    while poll(&relay, &[json], ask(&name).as_bytes()).await.status != 410 {}
}

#[tokio::test]
async fn what_needs_no_token_tells_of_nobody() {
    let relay = Relay::start().await;
    let (_session, _) = crate::support::Client::open(&relay, "alice-was-here", "her-phone").await;
    relay
        .user("alice-was-here")
        .say("dm:alice-was-here:bob", "what was said")
        .await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/info",
        "/v1/openapi.json",
        "/",
    ] {
        let reply = relay.get(path).await;
        for told in ["alice-was-here", "her-phone", "what was said"] {
            assert!(
                !String::from_utf8_lossy(&reply.body).contains(told),
                "{path} tells {told}"
            );
        }
    }
}
