use crate::support::Relay;

#[tokio::test]
async fn says_that_it_is_ready() {
    let relay = Relay::start().await;
    let reply = relay.get("/readyz").await;
    assert_eq!((reply.status, reply.text()), (200, "ready\n"));
}
