//! Partitions are made and dropped while others read and write.

use std::sync::Arc;

use seqline_protocol::Micros;
use seqline_relay::store::{Op, Page, PageQuery, PageRange, Store, Timeline};
use sqlx::PgConnection;

use super::{open, outside};
use crate::{
    postgres_server::database,
    support::{account, at_s, send, seqs},
};

const MESSAGES: u64 = 60;

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

async fn page(store: &dyn Store, user: &str) -> Page {
    let query = PageQuery {
        account: account(user),
        timeline: Timeline::User(account(user)),
        range: PageRange::After(seqline_protocol::Seq::ZERO),
        limit: 10_000,
        bytes_max: usize::MAX,
        now: at_s(0),
    };
    store.page(query).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_the_state_before_or_after_and_writers_go_on() {
    let url = database().await;
    let fresh = open(&url).await;
    let writer = Arc::clone(&fresh.store);
    let writer = tokio::spawn(async move {
        for n in 1..=MESSAGES {
            let op = Op::Send(send("alice", "bob", &format!("m{n}"), "x"));
            writer.commit(vec![op], at_s(n)).await.unwrap();
        }
    });
    let reader = Arc::clone(&fresh.store);
    let reader = tokio::spawn(async move {
        let mut floor = 1;
        loop {
            let page = page(&*reader, "bob").await;
            let (from, head) = (page.floor.get(), page.head.get());
            assert!(from >= floor, "the floor went down");
            floor = from;
            assert_eq!(seqs(&page.entries), (from..=head).collect::<Vec<_>>());
            if head == MESSAGES && from == head {
                return;
            }
        }
    });
    // Always a little behind the newest entry.
    loop {
        let head = page(&*fresh.store, "bob").await.head.get();
        fresh.store.age(at_s(head)).await.unwrap();
        let floor = page(&*fresh.store, "bob").await.floor.get();
        if floor == MESSAGES {
            break;
        }
    }
    writer.await.unwrap();
    reader.await.unwrap();
    while fresh.store.age(at_s(MESSAGES)).await.unwrap() {}
    let mut connection = outside(&url, "").await;
    let left = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'timeline'::regclass";
    // The newest one, the one after it, and the default one.
    assert_eq!(count(&mut connection, left).await, 3);
    assert_eq!(
        count(&mut connection, "SELECT count(*) FROM timeline").await,
        2
    );
    assert_eq!(
        count(&mut connection, "SELECT count(*) FROM timeline_rest").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_make_the_same_partition_at_once() {
    let url = database().await;
    let nodes = [open(&url).await, open(&url).await];
    for n in 1..=10 {
        let commit = async |node: usize| {
            let op = Op::Send(send("alice", "bob", &format!("{node}-{n}"), "x"));
            nodes[node].commit_at(2 * n, vec![op]).await
        };
        tokio::join!(commit(0), commit(1));
    }
    let mut connection = outside(&url, "").await;
    assert_eq!(
        count(&mut connection, "SELECT count(*) FROM timeline_rest").await,
        0
    );
    assert_eq!(nodes[0].timeline("bob").await.len(), 20);
}

/// A backup that is being made holds all tables: entries then stand in the default
/// partition, and move when a partition can be made again.
#[tokio::test]
async fn what_came_while_none_could_be_made_moves_later() {
    let url = database().await;
    let fresh = open(&url).await;
    fresh.fill("alice", "bob", 1).await;
    let mut backup = outside(&url, "BEGIN; SELECT count(*) FROM timeline").await;
    let commit = async |s: u64| {
        let op = Op::Send(send("alice", "bob", &format!("m{s}"), "x"));
        fresh.commit_at(s, vec![op]).await
    };
    for time_s in [10, 11, 13] {
        commit(time_s).await;
    }
    let rest = "SELECT count(*) FROM timeline_rest";
    assert_eq!(count(&mut backup, rest).await, 6);
    assert!(!fresh.store.age(at_s(9)).await.unwrap(), "ageing waits");
    sqlx::raw_sql("ROLLBACK")
        .execute(&mut backup)
        .await
        .unwrap();
    let before = fresh.timeline("bob").await;
    commit(50).await;
    assert_eq!(count(&mut backup, rest).await, 6, "of another time");
    // The partitions of that time and of the next.
    commit(10).await;
    assert_eq!(count(&mut backup, rest).await, 2);
    assert_eq!(fresh.timeline("bob").await[..4], before);
    // What stays there ages one by one.
    while fresh.store.age(at_s(14)).await.unwrap() {}
    assert_eq!(count(&mut backup, rest).await, 0);
    let page = page(&*fresh.store, "bob").await;
    assert_eq!((page.floor.get(), seqs(&page.entries)), (5, vec![5]));
}

/// A relay whose clock is far behind cannot write below floors that are being raised.
#[tokio::test]
async fn a_closed_partition_takes_no_entries() {
    let url = database().await;
    let fresh = open(&url).await;
    fresh.fill("alice", "bob", 1).await;
    fresh
        .commit_at(100, vec![Op::Send(send("alice", "bob", "new", "x"))])
        .await;
    assert!(fresh.store.age(at_s(50)).await.unwrap(), "closed");
    let op = || Op::Send(send("alice", "bob", "old", "x"));
    let failed = fresh.store.commit(vec![op()], at_s(0)).await;
    assert!(failed.unwrap_err().to_string().contains("clock"));
    while fresh.store.age(at_s(50)).await.unwrap() {}
    let page = page(&*fresh.store, "bob").await;
    assert_eq!((page.floor.get(), seqs(&page.entries)), (2, vec![2]));
    let now = Micros::new(at_s(101).get()).unwrap();
    fresh.store.commit(vec![op()], now).await.unwrap();
}
