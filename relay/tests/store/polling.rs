//! Readers that poll without pause while overlapping fan-outs commit, roll back, and are
//! abandoned halfway and sent again.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use seqline_protocol::{AppId, ConvId, Entry, Seq};
use seqline_relay::store::{Op, PageQuery, PageRange, Reading, Store, StoreError, Timeline};

use crate::support::{Fresh, account, at_s, create, send};

const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
const CROWD: [&str; 4] = ["alice", "bob", "carol", "dave"];
const WRITERS: usize = 4;
const BATCHES: usize = 40;

/// Every page goes on exactly where the one before ended, the head never goes back, and what
/// was seen once stays as it was.
pub(crate) async fn never_late(fresh: Fresh) {
    fresh
        .commit(vec![create("alice", "group:g", &MEMBERS[1..])])
        .await;
    fresh
        .commit(vec![create("alice", "group:c", &CROWD[1..])])
        .await;
    let writing = Arc::new(AtomicUsize::new(WRITERS));
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let (store, writing) = (Arc::clone(&fresh.store), Arc::clone(&writing));
        let poison = fresh.poison;
        tasks.push(tokio::spawn(async move {
            write(&*store, writer, poison).await;
            writing.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    let app = AppId::new("app").unwrap();
    let crowd = Timeline::Crowd(app, ConvId::new("group:c").unwrap());
    let mut readers = Vec::new();
    for user in MEMBERS {
        for timeline in [Timeline::User(account(user)), crowd.clone()] {
            let (store, writing) = (Arc::clone(&fresh.store), Arc::clone(&writing));
            readers.push(tokio::spawn(async move {
                poll(&*store, user, timeline, &writing).await
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut seen = Vec::new();
    for reader in readers {
        seen.push(reader.await.unwrap());
    }
    // What was polled piece by piece is what there is in the end.
    for (user, seen) in MEMBERS.iter().zip(seen.chunks(2)) {
        assert_eq!(seen[0], fresh.timeline(user).await, "{user}");
        assert_eq!(
            seen[1],
            fresh.crowd(user, "group:c").await.entries,
            "{user}"
        );
    }
    let failing = fresh.poison.map_or(0, |_| WRITERS * (BATCHES / 3));
    assert_eq!(seen[1].len(), WRITERS * BATCHES - failing);
}

/// Batches to all at once, so that each commit's timelines overlap with every other's. Each
/// third one fails in the middle, where the backend can be made to.
async fn write(store: &dyn Store, writer: usize, poison: Option<&'static str>) {
    for batch in 0..BATCHES {
        let from = MEMBERS[(writer + batch) % MEMBERS.len()];
        let to = MEMBERS[(writer + batch + 1) % MEMBERS.len()];
        let id = |what: &str| format!("{what}-{writer}-{batch}");
        let mut ops = vec![
            Op::Send(send(from, "group:g", &id("group"), "to the group")),
            Op::Send(send(from, to, &id("direct"), "to one")),
            Op::Send(send(from, "group:c", &id("crowd"), "to the crowd")),
        ];
        let poison = poison.filter(|_| batch % 3 == 2);
        if let Some(body) = poison {
            ops.push(Op::Send(send(from, "group:g", &id("poison"), body)));
        }
        if batch % 5 == 4 {
            abandon(store.commit(ops.clone(), at_s(1)), batch).await;
        }
        loop {
            match store.commit(ops.clone(), at_s(1)).await {
                Ok(_) => break assert!(poison.is_none(), "the poisoned batch was stored"),
                Err(StoreError::Busy(_)) => {}
                Err(error) => break assert!(poison.is_some(), "{error}"),
            }
        }
    }
}

/// Lets a commit come so far, and drops it: it may have taken effect, or not.
pub(crate) async fn abandon<T>(mut commit: Reading<'_, T>, steps: usize) {
    for _ in 0..steps {
        let poll = |context: &mut Context<'_>| Poll::Ready(commit.as_mut().poll(context));
        if poll_fn(poll).await.is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn poll(
    store: &dyn Store,
    user: &str,
    timeline: Timeline,
    writing: &AtomicUsize,
) -> Vec<Entry> {
    let mut seen: Vec<Entry> = Vec::new();
    let mut head = Seq::ZERO;
    loop {
        // Read before the page: what is stored by then is in it.
        let is_last = writing.load(Ordering::SeqCst) == 0;
        let cursor = seen.last().map_or(Seq::ZERO, |entry| entry.seq);
        let page = page(store, user, &timeline, cursor).await;
        assert!(page.head >= head, "the head went back");
        head = page.head;
        let mut next = cursor.next();
        for entry in page.entries {
            assert_eq!(entry.seq, next, "not contiguous");
            next = next.next();
            seen.push(entry);
        }
        assert!(next.previous() <= head);
        // What is below the cursor is as it was when the cursor went by.
        let back = Seq::new(cursor.get().saturating_sub(20)).unwrap();
        let again = self::page(store, user, &timeline, back).await;
        let known = &seen[usize::try_from(back.get()).unwrap()..];
        let count = known.len().min(again.entries.len());
        assert_eq!(again.entries[..count], known[..count]);
        if is_last && cursor == head {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

async fn page(
    store: &dyn Store,
    user: &str,
    timeline: &Timeline,
    after: Seq,
) -> seqline_relay::store::Page {
    let query = PageQuery {
        account: account(user),
        timeline: timeline.clone(),
        range: PageRange::After(after),
        limit: 50,
        bytes_max: usize::MAX,
        now: at_s(0),
    };
    store.page(query).await.unwrap()
}
