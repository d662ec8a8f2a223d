use crate::support::{Client, Relay};

#[tokio::test]
async fn counts_what_happens() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    let reply = relay.get("/metrics").await;
    assert!(reply.header("content-type").starts_with("text/plain"));
    for line in [
        "seqline_connections 1",
        "seqline_commits_total 1",
        "seqline_operations_total 1",
        "seqline_refusals_total{code=\"frame_malformed\"} 0",
    ] {
        assert!(
            reply.text().lines().any(|one| one == line),
            "{line}: {}",
            reply.text()
        );
    }
}
