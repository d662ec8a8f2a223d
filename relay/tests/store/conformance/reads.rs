//! Pages, history and the conversation list.

use std::sync::Arc;

use seqline_protocol::{ConvSeq, Seq};
use seqline_relay::{
    store::{Actor, HistoryQuery, HistoryRange, Op, PageQuery, PageRange, Timeline},
    weight,
};

use crate::support::{
    Fresh, SERVER, account, account_of, actor, at_s, bodies, conv, create, delete, delivered,
    message, place, read, recall, send, seqs,
};

pub(crate) async fn pages_are_bounded_and_contiguous(store: Fresh) {
    store.fill("alice", "bob", 7).await;
    let page = store.page("bob", 2, 3).await;
    assert_eq!(seqs(&page.entries), [3, 4, 5]);
    assert_eq!((page.head.get(), page.floor.get()), (7, 1));
    let last = store.page("bob", 7, 3).await;
    assert!(last.entries.is_empty());
    assert_eq!(last.head.get(), 7);

    let two_bytes = page.entries.iter().take(2).map(weight::entry_bytes).sum();
    for (bytes_max, count) in [(0, 1), (two_bytes, 2), (two_bytes - 1, 1)] {
        let query = PageQuery {
            account: account("bob"),
            timeline: Timeline::User(account("bob")),
            range: PageRange::After(Seq::new(2).unwrap()),
            limit: 3,
            bytes_max,
            now: at_s(0),
        };
        let page = store.store.page(query).await.unwrap();
        assert_eq!(page.entries.len(), count, "{bytes_max}");
        assert_eq!(page.head.get(), 7);
    }
}

pub(crate) async fn a_timeline_that_never_was_is_empty(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    for account in [account("nobody"), account_of("no-app", "bob")] {
        let page = store.page_of(&account, 0, 10, at_s(0)).await;
        assert!(page.entries.is_empty());
        assert_eq!((page.head.get(), page.floor.get()), (0, 1));
        let position = store.store.position(&account).await.unwrap();
        assert_eq!(
            (
                position.head.get(),
                position.floor.get(),
                position.delivered.get()
            ),
            (0, 1, 0)
        );
        let known = store.store.position(&self::account("bob")).await.unwrap();
        assert_eq!(position.epoch, known.epoch);
    }
    assert!(store.conversations("nobody").await.is_empty());
}

pub(crate) async fn an_expired_message_keeps_its_place_and_loses_its_body(store: Fresh) {
    let mut fleeting = send("alice", "bob", "m1", "soon gone");
    fleeting.expires = Some(at_s(10));
    store.commit_at(5, vec![Op::Send(fleeting)]).await;
    store.fill("alice", "bob", 1).await;
    for (now_s, body) in [(9, "soon gone"), (10, "")] {
        let page = store.page_of(&account("bob"), 0, 10, at_s(now_s)).await;
        assert_eq!(seqs(&page.entries), [1, 2]);
        assert_eq!(message(&page.entries[0]).body, body, "{now_s}");
        assert_eq!(message(&page.entries[1]).body, "alice 1");
    }
}

pub(crate) async fn history_goes_both_ways(store: Fresh) {
    store.fill("alice", "bob", 7).await;
    let ab = conv("alice", "bob");
    let seq = |n| ConvSeq::new(n).unwrap();
    for (range, limit, expected, more) in [
        (HistoryRange::Newest, 3, 5..=7, true),
        (HistoryRange::Newest, 7, 1..=7, false),
        (HistoryRange::Before(seq(5), None), 3, 2..=4, true),
        (HistoryRange::Before(seq(4), None), 3, 1..=3, false),
        (HistoryRange::Before(seq(7), Some(seq(4))), 3, 5..=6, false),
        (HistoryRange::After(seq(2)), 3, 3..=5, true),
        (HistoryRange::After(seq(4)), 3, 5..=7, false),
    ] {
        let page = store.history("bob", &ab, range, limit).await.unwrap();
        let got: Vec<_> = page.messages.iter().map(|one| one.conv_seq.get()).collect();
        assert_eq!(got, expected.collect::<Vec<_>>(), "{range:?}");
        assert_eq!(page.more, more, "{range:?}");
    }
    let nothing = store
        .history("bob", &ab, HistoryRange::After(seq(7)), 3)
        .await;
    assert_eq!(nothing.unwrap().messages, []);

    let query = HistoryQuery {
        actor: actor("bob"),
        conv: ab,
        range: HistoryRange::Newest,
        limit: 5,
        bytes_max: 0,
        now: at_s(0),
    };
    let page = store.store.history(query).await.unwrap().unwrap();
    assert_eq!(bodies(&page.messages), ["alice 7"]);
    assert!(page.more);
}

pub(crate) async fn history_is_for_members(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    // Known to the store, and still not a member.
    store.fill("carol", "bob", 1).await;
    let mut elsewhere = send("bob", "alice", "m1", "another app");
    elsewhere.from = account_of("other", "bob");
    store.commit(vec![Op::Send(elsewhere)]).await;
    let ab = conv("alice", "bob");
    for user in ["alice", "bob"] {
        assert!(
            store
                .history(user, &ab, HistoryRange::Newest, 9)
                .await
                .is_some()
        );
    }
    assert_eq!(
        store.history("carol", &ab, HistoryRange::Newest, 9).await,
        None
    );
    let query = HistoryQuery {
        actor: Actor::User(account_of("other", "bob")),
        conv: ab,
        range: HistoryRange::Newest,
        limit: 9,
        bytes_max: usize::MAX,
        now: at_s(0),
    };
    let theirs = store.store.history(query).await.unwrap().unwrap();
    assert_eq!(bodies(&theirs.messages), ["another app"]);
}

pub(crate) async fn history_leaves_out_what_expired(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let mut fleeting = send("alice", "bob", "m1", "soon gone");
    fleeting.expires = Some(at_s(10));
    store.commit_at(5, vec![Op::Send(fleeting)]).await;
    let ab = conv("alice", "bob");
    for (now_s, expected) in [(9, vec!["alice 1", "soon gone"]), (10, vec!["alice 1"])] {
        let page = store
            .history_at("bob", &ab, (HistoryRange::Newest, 9), at_s(now_s))
            .await
            .unwrap();
        assert_eq!(bodies(&page.messages), expected);
        assert!(!page.more);
    }
}

pub(crate) async fn conversations_are_sorted_by_activity(store: Fresh) {
    for (s, peer) in [
        (1, "bob"),
        (2, "carol"),
        (3, "dave"),
        (3, "erin"),
        (4, "frank"),
    ] {
        let op = Op::Send(send("alice", peer, &format!("to-{peer}"), peer));
        store.commit_at(s, vec![op]).await;
    }
    let op = Op::Send(send("bob", "alice", "answer", "again"));
    store.commit_at(5, vec![op]).await;
    let list = store.conversations("alice").await;
    let order: Vec<_> = list
        .iter()
        .map(|one| one.last.as_ref().unwrap().body.as_str())
        .collect();
    assert_eq!(order, ["again", "frank", "erin", "dave", "carol"]);
    assert_eq!(list[0].active_us, at_s(5));
    assert_eq!(list[0].head.get(), 2);
    assert_eq!(list[0].unread, 1);
    assert_eq!(list[0].receipts[0].user.as_str(), "bob");
}

pub(crate) async fn appends_are_what_pages_say(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    let batches = [
        vec![
            Op::Send(send("bob", "alice", "m1", "one")),
            Op::Send(send("alice", "carol", "m2", "two")),
            delivered("bob", 2),
        ],
        vec![
            read("bob", "alice", 1),
            recall("alice", "bob", 2),
            Op::Send(send("carol", "bob", "m3", "three")),
        ],
    ];
    for batch in batches {
        let commit = store.commit(batch).await;
        assert!(!commit.appends.is_empty());
        for append in &commit.appends {
            let after = append.first.previous().get();
            let Timeline::User(account) = &append.timeline else {
                panic!("not a private timeline: {append:?}");
            };
            let page = store
                .page_of(account, after, append.items.len(), at_s(0))
                .await;
            let items: Vec<_> = page
                .entries
                .into_iter()
                .map(|one| Arc::new(one.item))
                .collect();
            assert_eq!(items, append.items);
            assert_eq!(page.head.get(), after + append.items.len() as u64);
        }
    }
}

pub(crate) async fn pages_go_both_ways_and_by_time(store: Fresh) {
    for n in 1..=6 {
        let op = Op::Send(send("alice", "bob", &format!("m{n}"), "x"));
        store.commit_at(n, vec![op]).await;
    }
    let seq = |n| Seq::new(n).unwrap();
    let page = async |range, bytes_max| {
        let query = PageQuery {
            account: account("bob"),
            timeline: Timeline::User(account("bob")),
            range,
            limit: 2,
            bytes_max,
            now: at_s(0),
        };
        store.store.page(query).await.unwrap()
    };
    for (range, expected) in [
        (PageRange::After(seq(0)), vec![1, 2]),
        (PageRange::After(seq(6)), vec![]),
        (PageRange::Before(seq(4)), vec![2, 3]),
        (PageRange::Before(seq(2)), vec![1]),
        (PageRange::Before(seq(99)), vec![5, 6]),
        (PageRange::Since(at_s(3)), vec![3, 4]),
        (PageRange::Since(at_s(7)), vec![]),
        (PageRange::Until(at_s(3)), vec![1, 2]),
        (PageRange::Until(at_s(9)), vec![5, 6]),
        (PageRange::Until(at_s(1)), vec![]),
    ] {
        let got = page(range, usize::MAX).await;
        assert_eq!(seqs(&got.entries), expected, "{range:?}");
        assert_eq!((got.head.get(), got.floor.get()), (6, 1));
    }
    // What is left out is what is further away.
    let short = page(PageRange::Before(seq(4)), 0).await;
    assert_eq!(seqs(&short.entries), [3]);
}

pub(crate) async fn a_timeline_is_ones_own(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    let query = PageQuery {
        account: account("carol"),
        timeline: Timeline::User(account("bob")),
        range: PageRange::After(Seq::ZERO),
        limit: 9,
        bytes_max: usize::MAX,
        now: at_s(0),
    };
    let page = store.store.page(query.clone()).await.unwrap();
    assert_eq!((page.entries.len(), page.head.get()), (0, 0));
    // A group that is no crowd has no timeline of its own, and no one else's is in reach.
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    store
        .commit(vec![Op::Send(send("alice", "group:g", "m1", "x"))])
        .await;
    let page = store.crowd("bob", "group:g").await;
    assert_eq!((page.entries.len(), page.head.get()), (0, 0));
    store.commit(vec![create("alice", "channel:c", &[])]).await;
    store
        .commit(vec![Op::Send(send("alice", "channel:c", "m2", "x"))])
        .await;
    let elsewhere = account_of("other", "alice");
    let page = PageQuery {
        account: elsewhere,
        timeline: Timeline::Crowd(account("alice").app.clone(), place("", "channel:c")),
        ..query
    };
    assert_eq!(store.store.page(page).await.unwrap().entries, []);
    assert_eq!(store.crowd("alice", "channel:c").await.entries.len(), 1);
}

pub(crate) async fn history_goes_by_time(store: Fresh) {
    for n in 1..=6 {
        let op = Op::Send(send("alice", "bob", &format!("m{n}"), "x"));
        store.commit_at(n, vec![op]).await;
    }
    let ab = conv("alice", "bob");
    for (range, expected, more) in [
        (HistoryRange::Since(at_s(3)), vec![3, 4], true),
        (HistoryRange::Since(at_s(5)), vec![5, 6], false),
        (HistoryRange::Since(at_s(7)), vec![], false),
        (HistoryRange::Until(at_s(3)), vec![1, 2], false),
        (HistoryRange::Until(at_s(6)), vec![4, 5], true),
        (HistoryRange::Until(at_s(1)), vec![], false),
    ] {
        let page = store.history("bob", &ab, range, 2).await.unwrap();
        let got: Vec<_> = page.messages.iter().map(|one| one.conv_seq.get()).collect();
        assert_eq!((got, page.more), (expected, more), "{range:?}");
    }
    store.commit(vec![read("bob", "alice", 4)]).await;
    let page = store.history("bob", &ab, HistoryRange::Newest, 1).await;
    assert_eq!(page.unwrap().read.get(), 4);
}

pub(crate) async fn the_server_sees_what_was_not_taken_back(store: Fresh) {
    store.fill("alice", "bob", 3).await;
    store
        .commit(vec![recall("alice", "bob", 1), delete("bob", "alice", 2)])
        .await;
    let ab = conv("alice", "bob");
    let page = store.history(SERVER, &ab, HistoryRange::Newest, 9).await;
    let page = page.unwrap();
    assert_eq!(bodies(&page.messages), ["alice 2", "alice 3"]);
    assert_eq!(page.read.get(), 0);
    let az = conv("alice", "zoe");
    let none = store.history(SERVER, &az, HistoryRange::Newest, 9).await;
    assert_eq!(none, None);
}
