//! How statements find their rows: what reads a whole table works in every other test, and
//! brings a database to its knees that has a hundred million messages.

use seqline_relay::store::{HistoryRange, Op};
use sqlx::{Connection as _, PgConnection};

use super::{open, outside};
use crate::{
    postgres_server::database,
    support::{conv, delivered, read, recall, send},
};

const PAIRS: usize = 100;
const MESSAGES_OF_EACH: usize = 50;
/// Of one commit.
const STEP: usize = 500;

/// What the server takes the tables for, whose plans are for their size.
const AS_IF_MANY: &str = "
    ANALYZE;
    UPDATE pg_class SET reltuples = reltuples * 100000
    WHERE relname IN ('message', 'search', 'member', 'conversation') OR relname LIKE 'timeline%'";

/// Rows that were read of tables which grow with every message, by their indexes or without.
const ROWS_READ: &str = "
    SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables
    WHERE relname IN ('message', 'search') OR relname LIKE 'timeline%'";

#[tokio::test]
async fn of_many_messages_those_that_are_wanted_are_read() {
    let url = database().await;
    let store = open(&url).await;
    let names: Vec<_> = (0..PAIRS)
        .map(|pair| (format!("from-{pair}"), format!("to-{pair}")))
        .collect();
    let all: Vec<_> = (0..MESSAGES_OF_EACH)
        .flat_map(|number| names.iter().map(move |pair| (number, pair)))
        .map(|(number, (from, to))| Op::Send(send(from, to, &format!("m{number}"), "x y")))
        .collect();
    for some in all.chunks(STEP) {
        let commit = store.commit(some.to_vec()).await;
        assert!(commit.results.iter().all(Result::is_ok));
    }
    while store.store.index().await.unwrap() {}
    drop(store);
    let before = rows_read(&url).await;
    outside(&url, AS_IF_MANY).await;

    let store = open(&url).await;
    for (from, to) in names.iter().take(10) {
        let last = MESSAGES_OF_EACH as u64 + 1;
        let ops = vec![
            Op::Send(send(from, to, "one-more", "a word")),
            delivered(to, last),
            read(to, from, last),
            recall(from, to, last),
        ];
        let commit = store.commit(ops).await;
        assert!(commit.results.iter().all(Result::is_ok), "{commit:?}");
        assert!(!store.page(to, 10, 20).await.entries.is_empty());
        let newest = store
            .history(to, &conv(from, to), HistoryRange::Newest, 20)
            .await;
        assert!(newest.is_some());
    }
    while store.store.index().await.unwrap() {}
    // One was taken back.
    assert_eq!(store.found("to-0", "word").await, 0);
    assert_eq!(store.found("to-0", "y").await, 10);
    drop(store);
    let read = rows_read(&url).await - before;
    assert!(read < (PAIRS * MESSAGES_OF_EACH) as i64, "{read} rows");
}

/// Once all who read have said how much: a connection does at its end.
async fn rows_read(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while 0 < sqlx::query_scalar::<_, i64>(end)
        .fetch_one(&mut connection)
        .await
        .unwrap()
    {
        tokio::task::yield_now().await;
    }
    connection.close().await.unwrap();
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(ROWS_READ)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
