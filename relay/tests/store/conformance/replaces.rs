//! Messages that take the place of earlier ones, by the app's own key.

use seqline_protocol::Label;
use seqline_relay::store::{HistoryRange, Op, OpResult, Send};

use crate::support::{Fresh, bodies, conv, message, recall, send, sent, signed, told};

fn keyed(from: &str, to: &str, id: &str, key: &str, replace: bool) -> Op {
    Op::Send(signed(Send {
        key: Some(Label::new(key).unwrap()),
        replace,
        ..send(from, to, id, id)
    }))
}

fn at(result: &OpResult) -> u64 {
    sent(result).conv_seq.get()
}

pub(crate) async fn blank_the_earlier_one(store: Fresh) {
    store
        .commit(vec![
            keyed("alice", "bob", "m1", "order", false),
            keyed("alice", "bob", "m2", "other", true),
        ])
        .await;
    let done = store
        .result(1, keyed("alice", "bob", "m3", "order", true))
        .await;
    assert_eq!(at(&done), 3);
    let timeline = store.timeline("bob").await;
    assert_eq!(
        told(&timeline),
        ["message 1 ", "message 2 m2", "message 3 m3"]
    );
    assert!(message(&timeline[0]).replaced);
    assert_eq!(message(&timeline[1]).replaces, None);
    assert_eq!(message(&timeline[2]).replaces.unwrap().get(), 1);
    let page = store
        .history("bob", &conv("alice", "bob"), HistoryRange::Newest, 9)
        .await;
    assert_eq!(bodies(&page.unwrap().messages), ["m2", "m3"]);
    // Each replaces the one before; a repeat replaces nothing.
    let commit = store
        .commit(vec![
            keyed("alice", "bob", "m4", "order", true),
            keyed("alice", "bob", "m5", "order", true),
            keyed("alice", "bob", "m4", "order", true),
        ])
        .await;
    assert!(sent(&commit.results[2]).duplicate);
    let timeline = store.timeline("bob").await;
    assert_eq!(message(&timeline[3]).replaces.unwrap().get(), 3);
    assert_eq!(message(&timeline[4]).replaces.unwrap().get(), 4);
    assert!(message(&timeline[3]).replaced && !message(&timeline[4]).replaced);
    assert_eq!(store.conversation("bob").await.last.unwrap().body, "m5");
}

pub(crate) async fn are_of_one_sender_and_conversation(store: Fresh) {
    store
        .commit(vec![
            keyed("alice", "bob", "m1", "order", false),
            keyed("bob", "alice", "m1", "order", true),
            keyed("alice", "carol", "m2", "order", true),
            keyed("alice", "bob", "m3", "order", false),
        ])
        .await;
    let timeline = store.timeline("alice").await;
    assert!(timeline.iter().all(|one| message(one).replaces.is_none()));
    assert!(timeline.iter().all(|one| !message(one).replaced));
}

pub(crate) async fn leave_alone_what_was_taken_back(store: Fresh) {
    store
        .commit(vec![keyed("alice", "bob", "m1", "order", false)])
        .await;
    store.commit(vec![recall("alice", "bob", 1)]).await;
    store
        .commit(vec![keyed("alice", "bob", "m2", "order", true)])
        .await;
    let timeline = store.timeline("bob").await;
    assert_eq!(message(&timeline[2]).replaces, None);
    assert!(!message(&timeline[0]).replaced);
}
