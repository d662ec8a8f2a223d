//! Large conversations: one timeline, which all members read.

use seqline_protocol::{ConvId, Crowd, Seq, limits::CROWDS_PER_USER_MAX};
use seqline_relay::store::{Done, GroupAction, Op, PageRange, Refusal, Timeline};

use crate::support::{
    Fresh, account, at_s, changed, create, delete, edit, group, invite, read, recall, remove, send,
    sent, seqs, told,
};

fn say(by: &str, id: &str) -> Op {
    Op::Send(send(by, "group:g", id, id))
}

async fn position(store: &Fresh, user: &str) -> Vec<Crowd> {
    store.store.position(&account(user)).await.unwrap().crowds
}

fn crowd(after: u64, head: u64) -> Crowd {
    Crowd {
        conv: ConvId::new("group:g").unwrap(),
        after: Seq::new(after).unwrap(),
        floor: Seq::new(1).unwrap(),
        head: Seq::new(head).unwrap(),
    }
}

/// Alice, Bob, Carol, and with Dave it is a crowd.
async fn grown(store: &Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    store.commit(vec![say("alice", "m1")]).await;
    store
        .commit(vec![invite("bob", "group:g", &["dave"])])
        .await;
}

pub(crate) async fn the_switch_loses_and_repeats_nothing(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    // All in one batch: before, the join, after.
    let commit = store
        .commit(vec![
            say("alice", "m1"),
            invite("bob", "group:g", &["dave"]),
            say("carol", "m2"),
            say("dave", "m3"),
        ])
        .await;
    let seqs: Vec<_> = [0, 2, 3]
        .map(|at: usize| sent(&commit.results[at]).seq.get())
        .to_vec();
    assert_eq!(seqs, [2, 1, 2]);
    let old = ["created bob,carol by alice", "message 1 m1"];
    let switch = ["joined dave by bob", "crowd after 0"];
    for name in ["alice", "bob", "carol"] {
        let timeline = store.timeline(name).await;
        assert_eq!(told(&timeline), [&old[..], &switch].concat(), "{name}");
    }
    assert_eq!(told(&store.timeline("dave").await), switch);
    for name in ["alice", "bob", "carol", "dave"] {
        let page = store.crowd(name, "group:g").await;
        assert_eq!(
            told(&page.entries),
            ["message 2 m2", "message 3 m3"],
            "{name}"
        );
        assert_eq!((page.head.get(), page.floor.get()), (2, 1));
        assert_eq!(position(&store, name).await, [crowd(0, 2)]);
        assert!(store.conversation(name).await.crowd);
    }
    let appends: Vec<_> = commit
        .appends
        .iter()
        .filter(|one| matches!(one.timeline, Timeline::Crowd(..)))
        .collect();
    assert_eq!(appends.len(), 1);
    assert_eq!((appends[0].first.get(), appends[0].items.len()), (1, 2));
    assert_eq!(store.conversation("alice").await.unread, 2);
    assert_eq!(store.conversation("dave").await.unread, 1);
}

pub(crate) async fn everything_is_one_entry(store: Fresh) {
    grown(&store).await;
    let private = store.timeline("bob").await.len();
    let mute = group("alice", "group:g", GroupAction::MuteAll(true));
    let first = store.result(0, say("bob", "m2")).await;
    assert_eq!(
        (sent(&first).conv_seq.get(), sent(&first).seq.get()),
        (2, 1)
    );
    let done = store
        .commit(vec![
            edit("bob", "group:g", 2, "better"),
            recall("alice", "group:g", 2),
            mute,
        ])
        .await;
    assert!(done.results.iter().all(Result::is_ok), "{done:?}");
    let expected = [
        "message 2 ",
        "edit 2 ",
        "recall 2 by alice",
        "muted all true by alice",
    ];
    assert_eq!(
        told(&store.crowd("carol", "group:g").await.entries),
        expected
    );
    assert_eq!(store.timeline("bob").await.len(), private);
    let repeat = store.result(9, say("bob", "m2")).await;
    assert_eq!(sent(&repeat).seq.get(), 1);
    assert!(sent(&repeat).duplicate);
    // Marks and what is deleted for oneself stay private.
    store
        .commit(vec![read("bob", "group:g", 2), delete("bob", "group:g", 1)])
        .await;
    assert_eq!(
        told(&store.timeline("bob").await[private..]),
        ["delete 1", "read 2"]
    );
    assert_eq!(store.crowd("carol", "group:g").await.entries.len(), 4);
    assert_eq!(store.conversation("bob").await.unread, 0);
}

pub(crate) async fn who_comes_reads_on_from_there(store: Fresh) {
    grown(&store).await;
    store.commit(vec![say("alice", "m2")]).await;
    let before = store.timeline("alice").await.len();
    store
        .commit(vec![invite("alice", "group:g", &["erin", "frank"])])
        .await;
    store.commit(vec![say("alice", "m3")]).await;
    assert_eq!(store.timeline("alice").await.len(), before);
    assert_eq!(position(&store, "erin").await, [crowd(1, 2)]);
    let expected = ["joined erin,frank by alice", "crowd after 1"];
    assert_eq!(told(&store.timeline("erin").await), expected);
    // Nothing of the past, whichever way it is asked for.
    for range in [
        PageRange::After(Seq::ZERO),
        PageRange::Before(Seq::new(3).unwrap()),
        PageRange::Since(at_s(0)),
        PageRange::Until(at_s(9)),
    ] {
        let page = store.crowd_page("erin", "group:g", range, 9).await;
        assert_eq!(told(&page.entries), ["message 3 m3"], "{range:?}");
        assert_eq!((page.floor.get(), page.head.get()), (2, 2));
    }
    let row = store.conversation("erin").await;
    assert_eq!((row.unread, row.read.get()), (1, 2));
}

pub(crate) async fn who_goes_reads_no_longer(store: Fresh) {
    grown(&store).await;
    store.commit(vec![say("alice", "m2")]).await;
    let left = store
        .result(0, group("bob", "group:g", GroupAction::Leave))
        .await;
    assert_eq!(changed(&left).members, 3);
    store
        .commit(vec![remove("alice", "group:g", &["dave"])])
        .await;
    let timeline = store.timeline("bob").await;
    let last = timeline.len() - 2;
    assert_eq!(
        told(&timeline[last..]),
        ["left bob by bob", "crowd no longer"]
    );
    let timeline = store.timeline("dave").await;
    let last = timeline.len() - 2;
    assert_eq!(
        told(&timeline[last..]),
        ["removed dave by alice", "crowd no longer"]
    );
    for name in ["bob", "dave", "nobody"] {
        let page = store.crowd(name, "group:g").await;
        assert_eq!(
            (page.entries.len(), page.head.get(), page.floor.get()),
            (0, 0, 1)
        );
        assert_eq!(position(&store, name).await, []);
    }
    // It stays a crowd when it shrinks.
    store.commit(vec![say("alice", "m3")]).await;
    assert_eq!(seqs(&store.crowd("carol", "group:g").await.entries), [1, 2]);
    // Back again: from there on.
    store
        .commit(vec![invite("alice", "group:g", &["bob"])])
        .await;
    assert_eq!(position(&store, "bob").await, [crowd(2, 2)]);
}

pub(crate) async fn the_end_is_its_last_entry(store: Fresh) {
    grown(&store).await;
    store
        .commit(vec![group("alice", "group:g", GroupAction::Dissolve)])
        .await;
    let page = store.crowd("carol", "group:g").await;
    assert_eq!(told(&page.entries), ["dissolved by alice"]);
    assert_eq!(position(&store, "carol").await, [crowd(0, 1)]);
    assert!(store.group("carol", "group:g").await.unwrap().is_crowd);
    store
        .commit(vec![group("carol", "group:g", GroupAction::Leave)])
        .await;
    let timeline = store.timeline("carol").await;
    let last = timeline.len() - 2;
    assert_eq!(
        told(&timeline[last..]),
        ["left carol by carol", "crowd no longer"]
    );
    assert_eq!(position(&store, "carol").await, []);
}

pub(crate) async fn a_large_one_begins_as_a_crowd(store: Fresh) {
    store
        .commit(vec![
            create("alice", "group:g", &["bob", "carol", "dave"]),
            say("bob", "m1"),
        ])
        .await;
    let expected = ["created bob,carol,dave by alice", "crowd after 0"];
    assert_eq!(told(&store.timeline("dave").await), expected);
    assert_eq!(
        told(&store.crowd("dave", "group:g").await.entries),
        ["message 1 m1"]
    );
}

pub(crate) async fn a_user_has_so_many(store: Fresh) {
    let name = |n: usize| format!("channel:c{n}");
    let made = (0..CROWDS_PER_USER_MAX).map(|n| create("alice", &name(n), &[]));
    let commit = store.commit(made.collect()).await;
    assert!(commit.results.iter().all(Result::is_ok));
    assert_eq!(position(&store, "alice").await.len(), CROWDS_PER_USER_MAX);
    let full = Err(Refusal::CrowdsFull(CROWDS_PER_USER_MAX));
    assert_eq!(
        store.result(0, create("alice", "channel:more", &[])).await,
        full
    );
    // A small group is no crowd, and would become one with the next.
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    assert_eq!(
        store.result(0, invite("bob", "group:g", &["dave"])).await,
        full
    );
    assert!(store.conversations("dave").await.is_empty());
    let end = vec![
        group("alice", &name(0), GroupAction::Dissolve),
        group("alice", &name(0), GroupAction::Leave),
    ];
    store.commit(end).await;
    changed(&store.result(0, invite("bob", "group:g", &["dave"])).await);
    assert_eq!(position(&store, "alice").await.len(), CROWDS_PER_USER_MAX);
}

pub(crate) async fn pages_go_both_ways(store: Fresh) {
    grown(&store).await;
    for n in 2..8 {
        let op = say("alice", &format!("m{n}"));
        assert!(matches!(store.result(n, op).await, Ok(Done::Sent(_))));
    }
    let seq = |n| Seq::new(n).unwrap();
    for (range, expected) in [
        (PageRange::After(seq(2)), vec![3, 4]),
        (PageRange::Before(seq(5)), vec![3, 4]),
        (PageRange::Since(at_s(4)), vec![3, 4]),
        (PageRange::Until(at_s(4)), vec![1, 2]),
        (PageRange::Since(at_s(8)), vec![]),
    ] {
        let page = store.crowd_page("bob", "group:g", range, 2).await;
        assert_eq!(seqs(&page.entries), expected, "{range:?}");
        assert_eq!(page.head.get(), 6);
    }
}
