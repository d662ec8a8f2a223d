//! How far users have received and read.

use seqline_protocol::{ConvSeq, Item, Receipt, Seq};
use seqline_relay::{
    limits::DELIVERED_SPAN_MAX,
    store::{Done, Op, Refusal},
};

use crate::support::{Fresh, account, conv, create, delivered, read, send};

fn receipt(user: &str, delivered: u64, read: u64) -> Item {
    Item::Receipt(Receipt {
        conv: conv("alice", "bob"),
        user: account(user).user.clone(),
        delivered: ConvSeq::new(delivered).unwrap(),
        read: ConvSeq::new(read).unwrap(),
    })
}

pub(crate) async fn delivery_is_told_to_the_sender_once(store: Fresh) {
    store.fill("alice", "bob", 3).await;
    let upto = |n| Ok(Done::DeliveredUpTo(Seq::new(n).unwrap()));
    assert_eq!(store.result(0, delivered("bob", 2)).await, upto(2));
    assert_eq!(store.result(0, delivered("bob", 2)).await, upto(2));
    assert_eq!(store.result(0, delivered("bob", 1)).await, upto(1));
    let timeline = store.timeline("alice").await;
    assert_eq!(timeline.len(), 4);
    assert_eq!(timeline[3].item, receipt("bob", 2, 0));
    assert_eq!(store.timeline("bob").await.len(), 3);

    // Two devices in one batch count as the further one.
    let commit = store
        .commit(vec![delivered("bob", 3), delivered("bob", 2)])
        .await;
    assert_eq!(commit.results, [upto(3), upto(2)]);
    assert_eq!(store.timeline("alice").await[4].item, receipt("bob", 3, 0));
    // What the sender takes of her own is no one's news.
    assert_eq!(store.result(0, delivered("alice", 5)).await, upto(5));
    assert_eq!(store.timeline("bob").await.len(), 3);
    let position = store.store.position(&account("bob")).await.unwrap();
    assert_eq!(position.delivered.get(), 3);
}

pub(crate) async fn delivery_goes_on_in_bounded_steps(store: Fresh) {
    let count = DELIVERED_SPAN_MAX + 10;
    let ops = (0..count)
        .map(|n| Op::Send(send("alice", "bob", &format!("m{n}"), "")))
        .collect();
    store.commit(ops).await;
    let first = store.result(0, delivered("bob", count)).await;
    let reached = Seq::new(DELIVERED_SPAN_MAX).unwrap();
    assert_eq!(first, Ok(Done::DeliveredUpTo(reached)));
    let second = store.result(0, delivered("bob", count)).await;
    assert_eq!(second, Ok(Done::DeliveredUpTo(Seq::new(count).unwrap())));
    let page = store.page("alice", count, 10).await;
    let items: Vec<_> = page.entries.into_iter().map(|entry| entry.item).collect();
    assert_eq!(
        items,
        [
            receipt("bob", DELIVERED_SPAN_MAX, 0),
            receipt("bob", count, 0)
        ]
    );
}

pub(crate) async fn delivery_is_clipped_to_the_head(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    store
        .commit(vec![delivered("bob", 99), delivered("nobody", 3)])
        .await;
    assert_eq!(store.timeline("alice").await[1].item, receipt("bob", 1, 0));
    let position = store.store.position(&account("bob")).await.unwrap();
    assert_eq!(position.delivered.get(), 1);
    store
        .commit(vec![Op::Send(send("alice", "bob", "next", ""))])
        .await;
    store.commit(vec![delivered("bob", 2)]).await;
    assert_eq!(store.timeline("alice").await[3].item, receipt("bob", 2, 0));
}

pub(crate) async fn reading_is_told_to_both_and_only_grows(store: Fresh) {
    store.fill("alice", "bob", 3).await;
    let commit = store
        .commit(vec![read("bob", "alice", 1), read("bob", "alice", 2)])
        .await;
    assert_eq!(commit.results, [Ok(Done::Applied), Ok(Done::Applied)]);
    for lower in [
        read("bob", "alice", 2),
        read("bob", "alice", 1),
        read("bob", "alice", 0),
    ] {
        assert_eq!(store.result(0, lower).await, Ok(Done::Applied));
    }
    assert_eq!(
        store.result(0, read("bob", "alice", 99)).await,
        Ok(Done::Applied)
    );
    let told = |conv_seq| Item::Read {
        conv: conv("alice", "bob"),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
    };
    let own: Vec<_> = store.timeline("bob").await.split_off(3);
    let own: Vec<_> = own.into_iter().map(|entry| entry.item).collect();
    assert_eq!(own, [told(2), told(3)]);
    let others: Vec<_> = store.timeline("alice").await.split_off(3);
    let others: Vec<_> = others.into_iter().map(|entry| entry.item).collect();
    assert_eq!(others, [receipt("bob", 2, 2), receipt("bob", 3, 3)]);

    // What was read was received too: a later delivery up to there is no news.
    store.commit(vec![delivered("bob", 3)]).await;
    assert_eq!(store.timeline("alice").await.len(), 5);
}

pub(crate) async fn unread_counts_only_others(store: Fresh) {
    // Bob's at 1 and 4, Alice's at 2, 3, 5.
    for (n, (from, to)) in [
        ("bob", "alice"),
        ("alice", "bob"),
        ("alice", "bob"),
        ("bob", "alice"),
        ("alice", "bob"),
    ]
    .into_iter()
    .enumerate()
    {
        store
            .commit(vec![Op::Send(send(from, to, &format!("m{n}"), ""))])
            .await;
    }
    for (upto, bob, alice) in [
        (0, 3, 2),
        (1, 3, 1),
        (2, 2, 1),
        (3, 1, 1),
        (4, 1, 0),
        (9, 0, 0),
    ] {
        store
            .commit(vec![read("bob", "alice", upto), read("alice", "bob", upto)])
            .await;
        let row = store.conversation("bob").await;
        assert_eq!(
            (row.unread, row.read.get()),
            (bob, upto.min(5)),
            "up to {upto}"
        );
        assert_eq!(row.receipts[0].read.get(), upto.min(5));
        assert_eq!(
            store.conversation("alice").await.unread,
            alice,
            "up to {upto}"
        );
    }
    store.fill("alice", "bob", 2).await;
    assert_eq!(store.conversation("bob").await.unread, 2);
    assert_eq!(store.conversation("alice").await.unread, 0);
}

pub(crate) async fn marks_without_a_conversation_change_nothing(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    assert_eq!(
        store.result(0, read("alice", "carol", 5)).await,
        Ok(Done::Applied)
    );
    let mut foreign = read("carol", "bob", 1);
    if let Op::Read(read) = &mut foreign {
        read.conv = conv("alice", "bob");
    }
    assert_eq!(
        store.result(0, foreign).await,
        Err(Refusal::ConversationUnknown)
    );
    assert_eq!(store.timeline("alice").await.len(), 1);
    assert!(store.timeline("carol").await.is_empty());
    assert!(store.conversations("carol").await.is_empty());
}

/// Whatever else a batch holds, a mark is about the place that it names.
pub(crate) async fn a_mark_leaves_out_what_its_batch_said_later(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let hello = |n: u32| Op::Send(send("alice", "group:g", &format!("g{n}"), "hello"));
    store.commit(vec![hello(1), hello(2)]).await;
    store
        .commit(vec![
            Op::Send(send("bob", "alice", "m1", "own")),
            Op::Send(send("bob", "group:g", "m2", "own")),
            read("bob", "alice", 2),
            read("bob", "group:g", 2),
        ])
        .await;
    for row in store.conversations("bob").await {
        let counts = (row.head.get(), row.read.get(), row.unread);
        assert_eq!(counts, (3, 2, 0), "{}", row.conv);
    }
    store
        .commit(vec![
            Op::Send(send("alice", "bob", "m3", "more")),
            hello(3),
            read("bob", "alice", 3),
            read("bob", "group:g", 3),
        ])
        .await;
    for row in store.conversations("bob").await {
        let counts = (row.head.get(), row.read.get(), row.unread);
        assert_eq!(counts, (4, 3, 1), "{}", row.conv);
    }
}
