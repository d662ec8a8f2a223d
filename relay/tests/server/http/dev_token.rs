use std::time::Duration;

use seqline_relay::clock::Clock as _;

use crate::support::{Client, Relay, Reply, Wish, request};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn dev() -> Relay {
    Relay::start_with(Wish {
        is_dev: true,
        ..Wish::default()
    })
    .await
}

async fn ask(relay: &Relay, headers: &[(&str, &str)], body: &str) -> Reply {
    request(relay.running.address(), "POST", "/dev/token", headers, body).await
}

#[tokio::test]
async fn gives_a_token_that_opens_a_session() {
    let relay = dev().await;
    let before_us = relay.clock.now().wall.get();
    let given = ask(&relay, &[JSON], "{\"user\":\"alice\",\"ttl_s\":60}")
        .await
        .json();
    assert_eq!(
        (given["app"].as_str(), given["user"].as_str()),
        (Some("dev"), Some("alice"))
    );
    let left_us = given["expires_us"].as_u64().unwrap() - before_us;
    assert!((59_000_000..=61_000_000).contains(&left_us), "{left_us}");
    let mut client = Client::dial(&relay.socket_url()).await;
    let token = given["token"].as_str().unwrap();
    let welcome = client.hello(token, "phone", None).await;
    assert_eq!(welcome.user.as_str(), "alice");
    assert_eq!(
        welcome.token_expires_us.get(),
        given["expires_us"].as_u64().unwrap()
    );

    let day = ask(&relay, &[JSON], "{\"user\":\"bob\"}").await.json();
    let left = Duration::from_micros(day["expires_us"].as_u64().unwrap() - before_us);
    assert!(left > Duration::from_secs(23 * 3600));
}

#[tokio::test]
async fn gives_operators_a_token_that_opens_no_session() {
    let relay = dev().await;
    let given = ask(
        &relay,
        &[JSON],
        "{\"user\":\"olga\",\"scope\":\"operator\"}",
    )
    .await
    .json();
    let bearer = format!("Bearer {}", given["token"].as_str().unwrap());
    let headers = [JSON, ("authorization", bearer.as_str())];
    let address = relay.running.address();
    let reply = request(address, "POST", "/v1/timeline/pull", &headers, "{}").await;
    assert_eq!(reply.json()["error"]["code"], "scope_forbidden");
}

#[tokio::test]
async fn refuses_what_is_no_request_for_one() {
    let relay = dev().await;
    for (body, status) in [
        ("", 400),
        ("{\"user\":\"\"}", 400),
        ("{\"user\":\"a b\"}", 400),
        ("{\"user\":\"a\",\"ttl_s\":0}", 400),
        ("{\"user\":\"a\",\"ttl_s\":99999999999}", 400),
        ("{\"user\":\"a\",\"scope\":\"server\"}", 422),
        ("{\"user\":7}", 422),
    ] {
        let reply = ask(&relay, &[JSON], body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert_eq!(reply.json()["error"]["code"], "field_invalid");
    }
    let reply = ask(
        &relay,
        &[("content-type", "text/plain")],
        "{\"user\":\"a\"}",
    )
    .await;
    assert_eq!(reply.status, 415);
}

#[tokio::test]
async fn is_for_pages_of_this_machine() {
    let relay = dev().await;
    let body = "{\"user\":\"alice\"}";
    for (headers, status) in [
        (("origin", "http://localhost:5173"), 200),
        (("origin", "https://evil.example"), 403),
        (("host", "evil.example"), 403),
        (("host", "localhost:7340"), 200),
    ] {
        let reply = ask(&relay, &[JSON, headers], body).await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
    let address = relay.running.address();
    let origin = ("origin", "http://localhost:5173");
    let reply = request(address, "OPTIONS", "/dev/token", &[origin], "").await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), origin.1);
    let reply = request(
        address,
        "OPTIONS",
        "/dev/token",
        &[("origin", "http://evil.example")],
        "",
    );
    assert_eq!(reply.await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn is_not_there_outside_of_development() {
    let relay = Relay::start().await;
    let reply = ask(&relay, &[JSON], "{\"user\":\"alice\"}").await;
    assert_eq!(reply.status, 405);
}
