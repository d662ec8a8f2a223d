use std::time::Duration;

use seqline_protocol::{ClientFrame, ErrorCode, RelayFrame, RequestId, Secret};
use seqline_relay::auth::Scope;

use crate::support::{Client, Relay};

async fn open_for(relay: &Relay, ttl: Duration) -> Client {
    let mut client = Client::dial(&relay.socket_url()).await;
    let token = relay.token_of("app", "alice", Scope::User, ttl);
    client.hello(&token, "phone", None).await;
    client
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let relay = Relay::start().await;
    let mut alice = open_for(&relay, Duration::from_secs(600)).await;
    relay.pass(Duration::from_secs(601));
    alice.say(&ClientFrame::Ping { nonce: 1 }).await;
    let RelayFrame::Error {
        code, retryable, ..
    } = (match alice.next().await {
        RelayFrame::Pong { .. } => alice.next().await,
        frame => frame,
    })
    else {
        panic!()
    };
    assert_eq!((code, retryable), (ErrorCode::TokenExpired, true));
    assert_eq!(alice.closed().await, 4011);
}

#[tokio::test]
async fn a_refreshed_session_goes_on() {
    let relay = Relay::start().await;
    let mut alice = open_for(&relay, Duration::from_secs(40)).await;
    relay.pass(Duration::from_secs(30));
    let req = RequestId::new(1).unwrap();
    let token = relay.token_of("app", "alice", Scope::User, Duration::from_secs(40));
    let token = Secret::new(token);
    alice.say(&ClientFrame::Refresh { req, token }).await;
    let answer = alice.next().await;
    assert!(
        matches!(answer, RelayFrame::Refreshed { req: of, .. } if of == req),
        "{answer:?}"
    );
    relay.pass(Duration::from_secs(30));
    alice.store("bob", "m1", "still here").await;
}
