//! Ageing: what is too old for the timelines leaves them, and who was away that long starts over.

use std::time::Duration;

use seqline_protocol::{
    ClientFrame, ConvId, Item, RelayFrame, RequestId, ResetReason, Resume, Seq,
};
use seqline_relay::upkeep::UpkeepRules;

use crate::support::{Client, Relay, Wish};

const TTL: Duration = Duration::from_secs(3600);

async fn relay() -> Relay {
    Relay::start_with(Wish {
        upkeep_rules: UpkeepRules {
            sync_ttl: TTL,
            age_every: Duration::from_millis(5),
            ..UpkeepRules::default()
        },
        ..Wish::default()
    })
    .await
}

/// Waits until ageing has gone over everything since now.
async fn aged(relay: &Relay) {
    let steps = relay.running.counters().age_steps.get();
    relay.until("seqline_age_steps_total", steps + 5).await;
}

#[tokio::test]
async fn a_device_that_comes_back_too_late_is_reset_and_right_afterwards() {
    let relay = relay().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (bob, welcome) = Client::open(&relay, "bob", "phone").await;
    drop(bob);
    for n in 1..=3 {
        alice
            .store("bob", &format!("old{n}"), &format!("old {n}"))
            .await;
    }
    relay.pass(TTL + Duration::from_secs(1));
    drop(alice);
    aged(&relay).await;
    let (mut alice, _) = Client::open(&relay, "alice", "tablet").await;
    alice.store("bob", "new1", "new 1").await;

    // He has taken one of three; the other two have aged.
    let mut bob = Client::dial(&relay.socket_url()).await;
    let resume = Resume {
        epoch: welcome.epoch,
        cursor: Seq::new(1).unwrap(),
    };
    let welcome = bob.hello(&relay.token("bob"), "phone", Some(resume)).await;
    assert_eq!(welcome.reset, Some(ResetReason::BelowFloor));
    assert_eq!((welcome.head.get(), welcome.cursor.get()), (4, 4));

    // Everything is in the conversation.
    bob.say(&ClientFrame::Conversations {
        req: RequestId::new(1).unwrap(),
        page: None,
        limit: None,
    })
    .await;
    let RelayFrame::Conversations { conversations, .. } = bob.answer().await else {
        panic!()
    };
    assert_eq!(conversations.len(), 1);
    assert_eq!(
        (conversations[0].unread, conversations[0].head.get()),
        (4, 4)
    );
    bob.say(&ClientFrame::History {
        req: RequestId::new(2).unwrap(),
        conv: ConvId::new("dm:alice:bob").unwrap(),
        before: None,
        after: None,
        limit: None,
    })
    .await;
    let RelayFrame::History { messages, .. } = bob.answer().await else {
        panic!()
    };
    let bodies: Vec<_> = messages.iter().map(|one| one.body.as_str()).collect();
    assert_eq!(bodies, ["old 1", "old 2", "old 3", "new 1"]);

    // And it goes on from there, without a hole.
    bob.say(&ClientFrame::Ack {
        cursor: welcome.cursor,
    })
    .await;
    alice.store("bob", "new2", "new 2").await;
    let pushed = loop {
        let entries = bob.pushed(1).await;
        if matches!(entries[0].item, Item::Message(_)) {
            break entries;
        }
    };
    let Item::Message(message) = &pushed[0].item else {
        unreachable!()
    };
    assert_eq!(message.body, "new 2");
}

#[tokio::test]
async fn a_device_that_has_everything_goes_on_and_a_new_one_gets_what_is_kept() {
    let relay = relay().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (bob, welcome) = Client::open(&relay, "bob", "phone").await;
    drop(bob);
    alice.store("bob", "old1", "old 1").await;
    relay.pass(TTL + Duration::from_secs(1));
    drop(alice);
    aged(&relay).await;
    let (mut alice, _) = Client::open(&relay, "alice", "tablet").await;
    alice.store("bob", "new1", "new 1").await;

    let mut bob = Client::dial(&relay.socket_url()).await;
    let resume = Resume {
        epoch: welcome.epoch,
        cursor: Seq::new(1).unwrap(),
    };
    let welcome = bob.hello(&relay.token("bob"), "phone", Some(resume)).await;
    assert_eq!(welcome.reset, None, "nothing is missing after the cursor");
    let seqs = |entries: &[seqline_protocol::Entry]| -> Vec<u64> {
        entries.iter().map(|entry| entry.seq.get()).collect()
    };
    assert_eq!(seqs(&bob.pull_all(welcome.cursor).await), [2]);

    let (mut tablet, welcome) = Client::open(&relay, "bob", "tablet").await;
    assert_eq!(welcome.reset, None);
    assert_eq!(seqs(&tablet.pull_all(welcome.cursor).await), [2]);
}
