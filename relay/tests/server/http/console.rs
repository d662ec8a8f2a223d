//! The operators' console is there if it was built before the relay, else what to do.

use crate::support::Relay;

#[tokio::test]
async fn is_html_that_runs_nothing_foreign() {
    let relay = Relay::start().await;
    for path in ["/console", "/console/"] {
        let reply = relay.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'self';"), "{policy}");
        assert!(policy.contains("img-src 'self';"), "{policy}");
        assert!(policy.contains("style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let relay = Relay::start().await;
    for path in [
        "/console/none.js",
        "/console/assets/none.js",
        "/console/../x.js",
    ] {
        assert_eq!(relay.get(path).await.status, 404, "{path}");
    }
}
