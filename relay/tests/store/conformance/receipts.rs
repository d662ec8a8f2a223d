//! Who has received and read a message.

use seqline_relay::store::{CommitRules, GroupAction, Op, Receipts};

use crate::support::{
    Fresh, SERVER, conv, create, delivered, group, in_words, invite, read, rules, send, told, users,
};

fn say(by: &str, id: &str) -> Op {
    Op::Send(send(by, "group:g", id, id))
}

async fn three(store: &Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    store
        .commit(vec![
            say("alice", "m1"),
            say("bob", "m2"),
            say("alice", "m3"),
        ])
        .await;
}

fn of(counts: [u32; 3], readers: &[&str]) -> Option<Receipts> {
    let [members, delivered, read] = counts;
    Some(Receipts {
        members,
        delivered,
        read,
        readers: users(readers),
    })
}

pub(crate) async fn in_groups_are_told_to_senders(store: Fresh) {
    three(&store).await;
    // Each sender once, and only of what was read just now.
    store.commit(vec![read("carol", "group:g", 2)]).await;
    store.commit(vec![read("carol", "group:g", 3)]).await;
    let expected = ["receipt carol 2 2", "receipt carol 3 3"];
    assert_eq!(told(&store.timeline("alice").await[4..]), expected);
    assert_eq!(told(&store.timeline("bob").await[4..]), expected[..1]);
    assert_eq!(
        told(&store.timeline("carol").await[4..]),
        ["read 2", "read 3"]
    );
    // One's own messages are no one's news.
    store.commit(vec![read("bob", "group:g", 3)]).await;
    assert_eq!(told(&store.timeline("bob").await[5..]), ["read 3"]);
    assert_eq!(
        told(&store.timeline("alice").await[6..]),
        ["receipt bob 3 3"]
    );
    // What devices have is asked for.
    store.commit(vec![delivered("carol", 4)]).await;
    assert_eq!(store.timeline("alice").await.len(), 7);
}

pub(crate) async fn are_not_for_those_who_left(store: Fresh) {
    three(&store).await;
    let leave = group("bob", "group:g", GroupAction::Leave);
    store.commit(vec![leave]).await;
    let before = store.timeline("bob").await.len();
    store.commit(vec![read("carol", "group:g", 3)]).await;
    assert_eq!(store.timeline("bob").await.len(), before);
    let told = told(&store.timeline("alice").await);
    assert_eq!(told.last().unwrap(), "receipt carol 3 3");
    // Who leaves in the same batch tells no one.
    let leave = group("carol", "group:g", GroupAction::Leave);
    store
        .commit(vec![say("alice", "m4"), read("carol", "group:g", 4), leave])
        .await;
    let last = store.timeline("alice").await.pop().unwrap();
    assert_eq!(in_words(&last.item), "left carol by carol");
}

pub(crate) async fn of_a_batch_are_told_once(store: Fresh) {
    three(&store).await;
    store
        .commit(vec![
            read("carol", "group:g", 1),
            say("bob", "m4"),
            read("carol", "group:g", 2),
            read("carol", "group:g", 4),
            read("carol", "group:g", 3),
        ])
        .await;
    assert_eq!(
        told(&store.timeline("alice").await[5..]),
        ["receipt carol 4 4"]
    );
    assert_eq!(
        told(&store.timeline("bob").await[5..]),
        ["receipt carol 4 4"]
    );
    assert_eq!(told(&store.timeline("carol").await[5..]), ["read 4"]);
    let row = store.conversation("carol").await;
    assert_eq!((row.unread, row.read.get()), (0, 4));
}

pub(crate) async fn in_large_groups_are_asked_for(store: Fresh) {
    three(&store).await;
    store.commit(vec![read("carol", "group:g", 3)]).await;
    assert_eq!(store.timeline("alice").await.len(), 4);
    assert_eq!(
        store.receipts("alice", "group:g", 3).await,
        of([2, 1, 1], &["carol"])
    );
}

/// The rules of [`in_large_groups_are_asked_for`].
pub(crate) fn told_up_to_two() -> CommitRules {
    CommitRules {
        receipt_members_max: 2,
        ..rules()
    }
}

pub(crate) async fn count_members_of_that_time(store: Fresh) {
    three(&store).await;
    store
        .commit(vec![delivered("bob", 2), read("carol", "group:g", 2)])
        .await;
    store
        .commit_at(5, vec![invite("alice", "group:g", &["dave"])])
        .await;
    assert_eq!(
        store.receipts("alice", "group:g", 1).await,
        of([2, 2, 1], &["carol"])
    );
    assert_eq!(
        store.receipts("bob", "group:g", 2).await,
        of([2, 1, 1], &["carol"])
    );
    assert_eq!(
        store.receipts(SERVER, "group:g", 3).await,
        of([2, 0, 0], &[])
    );
    // Dave does not see what was before him, and others see nothing at all.
    assert_eq!(store.receipts("dave", "group:g", 3).await, None);
    assert_eq!(store.receipts("zoe", "group:g", 3).await, None);
    assert_eq!(store.receipts("alice", "group:g", 4).await, None);
}

/// The rules of [`count_members_of_that_time`].
pub(crate) fn crowds_of_ten() -> CommitRules {
    CommitRules {
        crowd_members_min: 10,
        ..rules()
    }
}

pub(crate) async fn between_two_count_too(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    store
        .commit(vec![delivered("bob", 2), read("bob", "alice", 1)])
        .await;
    assert_eq!(
        store.receipts("alice", "bob", 1).await,
        of([1, 1, 1], &["bob"])
    );
    assert_eq!(store.receipts("alice", "bob", 2).await, of([1, 1, 0], &[]));
    assert_eq!(
        store
            .receipts("carol", conv("alice", "bob").as_str(), 1)
            .await,
        None
    );
    store.fill("alice", "alice", 1).await;
    assert_eq!(
        store.receipts("alice", "alice", 1).await,
        of([0, 0, 0], &[])
    );
}

pub(crate) async fn of_crowds_count_readers(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol", "dave"])])
        .await;
    store
        .commit(vec![say("alice", "m1"), say("bob", "m2")])
        .await;
    let before = store.timeline("alice").await.len();
    store
        .commit(vec![read("bob", "group:g", 2), read("carol", "group:g", 1)])
        .await;
    assert_eq!(store.timeline("alice").await.len(), before);
    assert_eq!(
        store.receipts("alice", "group:g", 1).await,
        of([3, 2, 2], &["bob", "carol"])
    );
    assert_eq!(
        store.receipts("alice", "group:g", 2).await,
        of([3, 0, 0], &[])
    );
}

pub(crate) async fn unread_counts_in_groups(store: Fresh) {
    three(&store).await;
    for (upto, alice, bob) in [(0, 1, 2), (1, 1, 1), (2, 0, 1), (3, 0, 0)] {
        store
            .commit(vec![
                read("alice", "group:g", upto),
                read("bob", "group:g", upto),
            ])
            .await;
        assert_eq!(
            store.conversation("alice").await.unread,
            alice,
            "up to {upto}"
        );
        assert_eq!(store.conversation("bob").await.unread, bob, "up to {upto}");
    }
    store
        .commit(vec![say("alice", "m4"), say("bob", "m5")])
        .await;
    assert_eq!(store.conversation("alice").await.unread, 1);
    assert_eq!(store.conversation("bob").await.unread, 1);
}
