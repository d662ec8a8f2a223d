//! The page is there if the web page was built before the relay, else what to do.

use crate::support::{Relay, request};

#[tokio::test]
async fn the_front_page_is_html_that_runs_nothing_foreign() {
    let relay = Relay::start().await;
    for path in ["/", "/chat/with/bob"] {
        let reply = relay.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval';"),
            "{policy}"
        );
        assert!(
            policy.contains(&format!("ws://{}", relay.running.address())),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let relay = Relay::start().await;
    for path in [
        "/assets/none.js",
        "/favicon.none",
        "/v1/none",
        "/../Cargo.toml",
    ] {
        assert_eq!(relay.get(path).await.status, 404, "{path}");
    }
    let reply = request(relay.running.address(), "POST", "/", &[], "").await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn a_known_page_is_not_sent_again() {
    let relay = Relay::start().await;
    let etag = relay.get("/").await.header("etag").to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    let headers = [("if-none-match", etag.as_str())];
    let reply = request(relay.running.address(), "GET", "/", &headers, "").await;
    assert_eq!(reply.status, 304);
    assert!(reply.body.is_empty());
}

#[tokio::test]
async fn a_page_is_compressed_for_who_can_take_it() {
    let relay = Relay::start().await;
    let plain = relay.get("/").await;
    let headers = [("accept-encoding", "gzip")];
    let small = request(relay.running.address(), "GET", "/", &headers, "").await;
    assert_eq!(small.header("content-encoding"), "gzip");
    assert!(small.body.windows(2).any(|magic| magic == [0x1f, 0x8b]));
    assert_eq!(plain.header("content-encoding"), "");
}
