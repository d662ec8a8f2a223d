use crate::support::Relay;

#[tokio::test]
async fn says_that_it_is_alive() {
    let relay = Relay::start().await;
    let reply = relay.get("/healthz").await;
    assert_eq!((reply.status, reply.text()), (200, "alive\n"));
}
