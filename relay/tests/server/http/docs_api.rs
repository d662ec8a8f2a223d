//! The page of the API is there if it was built before the relay, else what to do.

use crate::support::Relay;

#[tokio::test]
async fn is_html_that_runs_nothing_foreign() {
    let relay = Relay::start().await;
    for path in ["/docs/api", "/docs/api/"] {
        let reply = relay.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'self';"), "{policy}");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval';"),
            "{policy}"
        );
        assert!(policy.contains("style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        // What the library draws signs with is here only.
        assert!(policy.contains("img-src 'self' data:;"), "{policy}");
    }
    let chat = relay.get("/").await;
    let policy = chat.header("content-security-policy");
    assert!(policy.contains("img-src 'self';"), "{policy}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let relay = Relay::start().await;
    for path in [
        "/docs/api/none.js",
        "/docs/api/assets/none.js",
        "/docs/none",
        "/docs/api/../x.js",
    ] {
        assert_eq!(relay.get(path).await.status, 404, "{path}");
    }
}
