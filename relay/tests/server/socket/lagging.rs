use seqline_protocol::{ClientFrame, Entry, RelayFrame, Seq, limits::PUSH_WINDOW};

use crate::support::{Client, Relay};

async fn fill(alice: &mut Client, prefix: &str, count: usize, body: &str) {
    for n in 0..count {
        alice.store("bob", &format!("{prefix}{n}"), body).await;
    }
}

fn assert_contiguous(entries: &[Entry], after: u64) {
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq.get()).collect();
    let expected: Vec<_> = (after + 1..=after + entries.len() as u64).collect();
    assert_eq!(seqs, expected);
}

#[tokio::test]
async fn a_device_that_was_away_pulls_everything_and_is_live_again() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    fill(&mut alice, "a", 300, "while away").await;
    let (mut bob, welcome) = Client::open(&relay, "bob", "phone").await;
    assert_eq!((welcome.cursor.get(), welcome.head.get()), (0, 300));
    let all = bob.pull_all(Seq::ZERO).await;
    assert_eq!(all.len(), 300);
    assert_contiguous(&all, 0);
    alice.store("bob", "live", "now").await;
    assert_eq!(bob.pushed(1).await[0].seq.get(), 301);
}

#[tokio::test]
async fn pages_of_large_messages_stay_within_a_frame() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    // Each takes twice its length as JSON.
    fill(&mut alice, "a", 10, &"\"".repeat(16 * 1024)).await;
    for encoding in [
        seqline_protocol::Encoding::Text,
        seqline_protocol::Encoding::Binary,
    ] {
        let mut bob = Client::dial(&relay.socket_url()).await;
        bob.encoding = encoding;
        bob.hello(&relay.token("bob"), "phone", None).await;
        let all = bob.pull_all(Seq::ZERO).await;
        assert_eq!(all.len(), 10);
        assert_contiguous(&all, 0);
    }
}

#[tokio::test]
async fn who_acknowledges_nothing_is_told_once_and_loses_nothing() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    fill(&mut alice, "a", PUSH_WINDOW + 20, "").await;
    let mut got = Vec::new();
    let head = loop {
        match bob.next().await {
            RelayFrame::Push { entries, .. } => got.extend(entries),
            RelayFrame::Notify { head, .. } => break head,
            other => panic!("{other:?}"),
        }
    };
    assert!(got.len() <= PUSH_WINDOW);
    assert_contiguous(&got, 0);
    assert!(head.get() > got.len() as u64);
    let cursor = got.last().unwrap().seq;
    bob.say(&ClientFrame::Ack { cursor }).await;
    let rest = bob.pull_all(cursor).await;
    assert_contiguous(&rest, cursor.get());
    assert_eq!(got.len() + rest.len(), PUSH_WINDOW + 20);
}

#[tokio::test]
async fn a_device_that_does_not_read_neither_blocks_others_nor_loses_anything() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let mut slow = Client::dial_narrow(relay.running.address()).await;
    slow.hello(&relay.token("bob"), "slow", None).await;
    let (mut quick, _) = Client::open(&relay, "bob", "quick").await;
    // More bytes than the buffers on the way hold, and fewer entries than go unacknowledged.
    const COUNT: usize = 400;
    const { assert!(COUNT < PUSH_WINDOW) };
    let body = "x".repeat(30 * 1024);
    let mut got = Vec::new();
    for n in 0..COUNT {
        alice.store("bob", &format!("m{n}"), &body).await;
        got.extend(quick.pushed(1).await);
        let cursor = got.last().unwrap().seq;
        quick.say(&ClientFrame::Ack { cursor }).await;
    }
    assert_contiguous(&got, 0);

    let mut newest = Seq::ZERO;
    loop {
        match slow.next().await {
            RelayFrame::Push { entries, .. } => {
                assert_contiguous(&entries, newest.get());
                newest = entries.last().unwrap().seq;
            }
            RelayFrame::Notify { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(newest.get() < COUNT as u64);
    let rest = slow.pull_all(newest).await;
    assert_contiguous(&rest, newest.get());
    assert_eq!(rest.last().unwrap().seq.get(), COUNT as u64);
}
