//! Stopping without losing anyone.

use seqline_protocol::{RelayFrame, Seq};

use crate::support::{Client, Relay, request, send};

#[tokio::test]
async fn everyone_is_told_and_closed_and_what_was_begun_is_answered() {
    let relay = Relay::start().await;
    let address = relay.running.address();
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut idle, _) = Client::open(&relay, "bob", "phone").await;
    for n in 0..50 {
        alice.say(&send("carol", &format!("m{n}"), "")).await;
    }
    let restarted = tokio::spawn(relay.restart());

    assert!(matches!(
        idle.next().await,
        RelayFrame::Goaway { window_ms: 700, .. }
    ));
    // It holds its session open by not answering the close: the relay still serves HTTP.
    let ready = request(address, "GET", "/readyz", &[], "").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["error"]["code"], "draining");
    // Whoever asks again is to come to another relay.
    let kept = [("connection", "keep-alive")];
    let refused = request(address, "POST", "/v1/users/get", &kept, "{}").await;
    assert_eq!(refused.json()["error"]["code"], "draining");
    assert_eq!(refused.header("connection"), "close");
    assert_eq!(
        request(address, "GET", "/healthz", &[], "").await.status,
        200
    );
    assert_eq!(idle.closed().await, 4041);

    let mut confirmed = 0;
    let mut told = false;
    let code = loop {
        match futures_util::StreamExt::next(&mut alice.socket)
            .await
            .unwrap()
            .unwrap()
        {
            tungstenite::Message::Binary(bytes) => {
                match seqline_protocol::decode_binary(&bytes).unwrap() {
                    RelayFrame::Sent { .. } => confirmed += 1,
                    RelayFrame::Goaway { .. } => told = true,
                    RelayFrame::Push { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            tungstenite::Message::Close(frame) => break u16::from(frame.unwrap().code),
            other => panic!("{other:?}"),
        }
    };
    assert!(told);
    assert_eq!(code, 4041);

    // What was confirmed is there; what was not may be, and nothing is there in part.
    let relay = restarted.await.unwrap();
    let (mut carol, _) = Client::open(&relay, "carol", "phone").await;
    let stored = carol.pull_all(Seq::ZERO).await;
    assert!(stored.len() >= confirmed, "{} < {confirmed}", stored.len());
}
