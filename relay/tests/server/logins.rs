//! Many who return at once: each in turn, whatever carries it.

use std::time::Duration;

use seqline_protocol::{ClientFrame, Encoding, ErrorCode, RelayFrame};

use crate::support::{Client, Polled, Relay, Wish, send};

/// One log-in at a time.
async fn narrow() -> Relay {
    Relay::start_with(Wish {
        logins_under_way_max: 1,
        ..Wish::default()
    })
    .await
}

impl Relay {
    /// One has said hello, and waits.
    async fn in_line(&self, device: &str) -> Client {
        let before = self.metric("seqline_admission_waiting").await;
        let mut client = Client::dial(&self.socket_url()).await;
        client.say_hello(&self.token("alice"), device, None).await;
        self.until("seqline_admission_waiting", before + 1).await;
        client
    }

    async fn until_waiting_are(&self, count: u64) {
        let reached = async { while self.metric("seqline_admission_waiting").await != count {} };
        tokio::time::timeout(crate::support::PATIENCE, reached)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn who_waits_is_let_in_and_who_hung_up_costs_nothing() {
    let relay = narrow().await;
    let place = relay.running.logins().try_enter().unwrap();
    let mut first = relay.in_line("first").await;
    let left = relay.in_line("left").await;
    let mut closed = relay.in_line("closed").await;
    let mut polled = Polled::dial(&relay, Encoding::Text).await;
    let hello = Client::hello_of(&relay.token("alice"), "polled", None);
    polled.say(&[ClientFrame::Hello(hello)]).await;
    relay.until_waiting_are(4).await;
    // Without a word, and as WebSockets do.
    drop(left);
    relay.until_waiting_are(3).await;
    closed.socket.close(None).await.unwrap();
    relay.until_waiting_are(2).await;
    assert_eq!(relay.metric("seqline_hellos_total").await, 0);
    drop(place);
    assert!(matches!(first.next().await, RelayFrame::Welcome(_)));
    assert!(matches!(polled.next().await, RelayFrame::Welcome(_)));
    assert_eq!(relay.metric("seqline_hellos_total").await, 2);
    // Each gave its place to the next one.
    while relay.metric("seqline_admission_under_way").await > 0 {}
}

#[tokio::test]
async fn one_who_polls_leaves_the_line_when_it_says_so() {
    let relay = narrow().await;
    let _place = relay.running.logins().try_enter().unwrap();
    let mut polled = Polled::dial(&relay, Encoding::Text).await;
    let hello = Client::hello_of(&relay.token("alice"), "polled", None);
    polled.say(&[ClientFrame::Hello(hello)]).await;
    relay.until_waiting_are(1).await;
    let mut leaves = polled.saying(2, &[]);
    leaves.close = true;
    polled.ok(&leaves).await;
    relay.until_waiting_are(0).await;
}

#[tokio::test]
async fn what_was_said_behind_the_hello_is_heard_after_the_welcome() {
    let relay = narrow().await;
    let place = relay.running.logins().try_enter().unwrap();
    let mut alice = relay.in_line("phone").await;
    for id in ["m1", "m2"] {
        alice.say(&send("bob", id, id)).await;
    }
    drop(place);
    assert!(matches!(alice.next().await, RelayFrame::Welcome(_)));
    for expected in ["m1", "m2"] {
        loop {
            match alice.next().await {
                RelayFrame::Sent { client_msg_id, .. } => {
                    assert_eq!(client_msg_id.as_str(), expected);
                    break;
                }
                RelayFrame::Push { .. } | RelayFrame::Notify { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn whoever_is_in_sends_and_reads_while_others_wait() {
    let relay = narrow().await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    while relay.metric("seqline_admission_under_way").await > 0 {}
    let _place = relay.running.logins().try_enter().unwrap();
    let _one = relay.in_line("one").await;
    let _other = relay.in_line("other").await;
    bob.store("alice", "m1", "hello").await;
    assert_eq!(bob.pull_all(seqline_protocol::Seq::ZERO).await.len(), 1);
}

#[tokio::test]
async fn who_would_wait_too_long_is_told_when_to_come_over_either_carrier() {
    let relay = narrow().await;
    // The one before took long: so it is known how long the next one waits.
    let place = relay.running.logins().try_enter().unwrap();
    relay.pass(Duration::from_secs(10));
    drop(place);
    let place = relay.running.logins().try_enter().unwrap();
    let mut client = Client::dial(&relay.socket_url()).await;
    client.say_hello(&relay.token("alice"), "phone", None).await;
    let first = told_when(client.next().await);
    assert_eq!(client.closed().await, 4040);
    let mut polled = Polled::dial(&relay, Encoding::Text).await;
    let hello = Client::hello_of(&relay.token("alice"), "polled", None);
    polled.say(&[ClientFrame::Hello(hello)]).await;
    let second = told_when(polled.next().await);
    assert_eq!(polled.closed().await, 4040);
    assert!(first >= 1_000, "{first}");
    assert!(second > first, "one after the other");
    let reply = relay.get("/metrics").await;
    let refused = "seqline_admission_refused_total{reason=\"line\"} 2";
    assert!(reply.text().lines().any(|line| line == refused));
    // Nothing was done for it, and it is welcome as soon as there is room.
    assert_eq!(relay.metric("seqline_hellos_total").await, 0);
    drop(place);
    Client::open(&relay, "alice", "phone").await;
}

fn told_when(frame: RelayFrame) -> u32 {
    match frame {
        RelayFrame::Error {
            code: ErrorCode::Overloaded,
            retry_after_ms: Some(wait_ms),
            retryable: true,
            ..
        } => wait_ms,
        other => panic!("{other:?}"),
    }
}
