//! Old entries leave the timelines; messages stay.

use seqline_protocol::{ConvId, Seq};
use seqline_relay::{
    limits::AGE_STEP_ROWS,
    store::{HistoryRange, Op, PageRange},
};

use crate::support::{Fresh, account, at_s, conv, create, delivered, message, send, sent, seqs};

async fn age(store: &Fresh, before_s: u64) {
    let mut steps = 0;
    while store.store.age(at_s(before_s)).await.unwrap() {
        steps += 1;
        assert!(steps < 1000, "ageing does not end");
    }
}

pub(crate) async fn raises_the_floor(store: Fresh) {
    for n in 1..=5 {
        let op = Op::Send(send("alice", "bob", &format!("m{n}"), "x"));
        store.commit_at(n, vec![op]).await;
    }
    age(&store, 1).await;
    assert_eq!(store.page("bob", 0, 9).await.floor.get(), 1);
    age(&store, 4).await;
    for user in ["alice", "bob"] {
        let page = store.page(user, 0, 9).await;
        assert_eq!(seqs(&page.entries), [4, 5], "{user}");
        assert_eq!((page.floor.get(), page.head.get()), (4, 5));
        let position = store.store.position(&account(user)).await.unwrap();
        assert_eq!((position.floor.get(), position.head.get()), (4, 5));
        let history = store
            .history(user, &conv("alice", "bob"), HistoryRange::Newest, 9)
            .await;
        assert_eq!(history.unwrap().messages.len(), 5);
        assert_eq!(store.conversation(user).await.head.get(), 5);
    }
}

pub(crate) async fn goes_on_where_all_is_old(store: Fresh) {
    store.fill("alice", "bob", 3).await;
    age(&store, 100).await;
    let page = store.page("bob", 0, 9).await;
    assert!(page.entries.is_empty());
    assert_eq!((page.floor.get(), page.head.get()), (4, 3));
    // Seqs go on, a repeat is still known, and marks still count.
    let repeat = Op::Send(send("alice", "bob", "alice-bob-2", "alice 2"));
    let repeat = store.result(100, repeat).await;
    assert!(sent(&repeat).duplicate);
    assert_eq!(sent(&repeat).seq.get(), 2);
    let next = Op::Send(send("alice", "bob", "next", "next"));
    let next = store.result(100, next).await;
    assert_eq!(sent(&next).seq.get(), 4);
    let page = store.page("bob", 0, 9).await;
    assert_eq!(seqs(&page.entries), [4]);
    assert_eq!(message(&page.entries[0]).body, "next");
    store.commit(vec![delivered("bob", 4)]).await;
    assert_eq!(
        store.conversation("alice").await.receipts[0]
            .delivered
            .get(),
        4
    );
}

pub(crate) async fn is_of_crowds_too(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol", "dave"])])
        .await;
    for n in 1..=4 {
        let op = Op::Send(send("alice", "group:g", &format!("m{n}"), "x"));
        store.commit_at(n, vec![op]).await;
    }
    age(&store, 3).await;
    let page = store
        .crowd_page("bob", "group:g", PageRange::After(Seq::ZERO), 9)
        .await;
    assert_eq!(seqs(&page.entries), [3, 4]);
    assert_eq!((page.floor.get(), page.head.get()), (3, 4));
    let position = store.store.position(&account("bob")).await.unwrap();
    assert_eq!((position.floor.get(), position.head.get()), (3, 2));
    assert_eq!(position.crowds[0].floor.get(), 3);
    assert_eq!(position.crowds[0].conv, ConvId::new("group:g").unwrap());
}

/// What came before a time goes in steps, and each says whether there is more.
pub(crate) async fn ends_after_bounded_steps(store: Fresh) {
    let count = AGE_STEP_ROWS / 2 + 50;
    let ops = (0..count).map(|n| Op::Send(send("alice", "bob", &format!("m{n}"), "")));
    store.commit(ops.collect()).await;
    age(&store, 1).await;
    for user in ["alice", "bob"] {
        let page = store.page(user, 0, 9).await;
        assert!(page.entries.is_empty());
        assert_eq!(page.floor.get(), count as u64 + 1);
    }
}
