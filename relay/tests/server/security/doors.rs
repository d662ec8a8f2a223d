//! Every kind of token at every door: whatever takes one.

use std::time::Duration;

use seqline_protocol::{ClientFrame, RelayFrame, RequestId, Secret};
use seqline_relay::{
    api::{Via, registry::METHODS},
    auth::Scope,
};
use serde_json::json;

use super::{
    table,
    tokens::{Kind, bad_kinds},
};
use crate::support::{Client, Polled, Relay, Reply, refused, request};

const BELOW: &str = "see below";

#[tokio::test]
async fn every_kind_of_token_at_every_door() {
    let relay = Relay::start().await;
    relay.user("alice").say("dm:alice:bob", "private").await;
    let mut rows = Vec::new();
    let server_kinds = bad_kinds(&relay, Scope::Server);
    for (n, kind) in bad_kinds(&relay, Scope::User).into_iter().enumerate() {
        let Kind { name, code, tokens } = &kind;
        let over_http = at_every_method(&relay, n).await;
        assert_eq!(over_http, format!("401 `{code}`"), "{name}");
        let mut doors = vec![Vec::new(); 4];
        for token in &server_kinds[n].tokens {
            doors[0].push(told(&export(&relay, token).await));
        }
        for token in tokens {
            doors[1].push(hello(&relay, token).await);
            doors[2].push(hello_over_http(&relay, token).await);
            doors[3].push(refresh(&relay, token).await);
        }
        let mut row = vec![format!("{name} ({})", tokens.len()), over_http];
        row.extend(doors.into_iter().map(|answers| the_same(name, answers)));
        assert!(row[1..].iter().all(|cell| cell.contains(code)), "{row:?}");
        rows.push(row);
    }
    let hour = Duration::from_secs(3600);
    let of = |user: &str, scope: Scope| relay.token_of("app", user, scope, hour);
    let kicked = of("alice", Scope::User);
    let mut session = Client::dial(&relay.socket_url()).await;
    session.hello(&kicked, "phone", None).await;
    relay
        .server()
        .ok("users.kick", json!({ "user": "alice" }))
        .await;
    assert_eq!(session.closed().await, 4020);
    let below = || BELOW.to_owned();
    let as_valid = opens_every_method(&relay, &kicked).await;
    for (name, at_methods, token) in [
        ("of scope `server`", below(), of("backend", Scope::Server)),
        ("of scope `operator`", below(), of("olga", Scope::Operator)),
        ("of another user", below(), of("mallory", Scope::User)),
        ("valid, of a session that was kicked", as_valid, kicked),
        ("valid", below(), of("alice", Scope::User)),
    ] {
        rows.push(vec![
            name.to_owned(),
            at_methods,
            told(&export(&relay, &token).await),
            hello(&relay, &token).await,
            hello_over_http(&relay, &token).await,
            refresh(&relay, &token).await,
        ]);
    }
    let columns = [
        "token (how many)",
        "each method over HTTP",
        "`GET /v1/conversations/export`",
        "`hello` on a socket",
        "`hello` over `/v1/poll`",
        "`refresh` in alice's session",
    ];
    table::holds("tokens", &columns, &rows);
}

/// Each token of a kind at each method, with a token of a scope that the method is for.
async fn at_every_method(relay: &Relay, kind: usize) -> String {
    let mut answers = Vec::new();
    let kinds =
        [Scope::User, Scope::Server, Scope::Operator].map(|one| (one, bad_kinds(relay, one)));
    for method in METHODS {
        let scope = method.who.scopes()[0];
        let (_, kinds) = kinds.iter().find(|(one, _)| *one == scope).unwrap();
        for token in &kinds[kind].tokens {
            let bearer = format!("Bearer {token}");
            let mut headers = vec![("content-type", "application/json")];
            if !token.is_empty() {
                headers.push(("authorization", bearer.as_str()));
            }
            let reply = relay
                .post(method.name, &headers, method.example.params)
                .await;
            if method.via == Via::Anywhere {
                assert_eq!(
                    reply.header("www-authenticate"),
                    "Bearer",
                    "{}",
                    method.name
                );
            }
            answers.push(told(&reply));
        }
    }
    the_same("methods", answers)
}

/// A token of a user at each method that is for users: it is taken, whatever the call comes to.
async fn opens_every_method(relay: &Relay, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let of_users = METHODS
        .iter()
        .filter(|method| method.via == Via::Anywhere && method.who.scopes().contains(&Scope::User));
    for method in of_users {
        let reply = relay
            .post(method.name, &headers, method.example.params)
            .await;
        let is_taken = reply.status == 200
            || (reply.status != 401 && refused(&reply).code != "scope_forbidden");
        assert!(is_taken, "{}: {}", method.name, told(&reply));
    }
    "taken, as a valid one".to_owned()
}

async fn export(relay: &Relay, token: &str) -> Reply {
    let path = "/v1/conversations/export?conv=dm:alice:bob";
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let headers = if token.is_empty() { &[][..] } else { &headers };
    request(relay.running.address(), "GET", path, headers, "").await
}

async fn hello(relay: &Relay, token: &str) -> String {
    let mut client = Client::dial(&relay.socket_url()).await;
    client.say_hello(token, "door", None).await;
    match client.next().await {
        RelayFrame::Welcome(_) => "`welcome`".to_owned(),
        RelayFrame::Error { code, .. } => format!("`{code}`, closed {}", client.closed().await),
        other => panic!("{other:?}"),
    }
}

async fn hello_over_http(relay: &Relay, token: &str) -> String {
    let mut polled = Polled::dial(relay, seqline_protocol::Encoding::Text).await;
    let hello = Client::hello_of(token, "door", None);
    polled.say(&[ClientFrame::Hello(hello)]).await;
    match polled.next().await {
        RelayFrame::Welcome(_) => "`welcome`".to_owned(),
        RelayFrame::Error { code, .. } => format!("`{code}`, closed {}", polled.closed().await),
        other => panic!("{other:?}"),
    }
}

async fn refresh(relay: &Relay, token: &str) -> String {
    let (mut alice, _) = Client::open(relay, "alice", "refreshing").await;
    let (req, token) = (RequestId::new(1).unwrap(), Secret::new(token));
    alice.say(&ClientFrame::Refresh { req, token }).await;
    match alice.answer().await {
        RelayFrame::Refreshed { .. } => "`refreshed`".to_owned(),
        RelayFrame::Error { code, .. } => match code.close_code() {
            Some(_) => format!("`{code}`, closed {}", alice.closed().await),
            None => format!("`{code}`"),
        },
        other => panic!("{other:?}"),
    }
}

/// A reply in a cell of a table.
pub(crate) fn told(reply: &Reply) -> String {
    match reply.status {
        200 => "200".to_owned(),
        status => format!("{status} `{}`", refused(reply).code),
    }
}

fn the_same(name: &str, answers: Vec<String>) -> String {
    let mut answers = answers.into_iter();
    let first = answers.next().unwrap();
    for other in answers {
        assert_eq!(other, first, "{name}");
    }
    first
}
