//! What is lost on the way is lost as a whole, or not at all.

use std::sync::Arc;

use seqline_relay::store::{Op, StoreError};

use super::{open, outside, until_one_waits};
use crate::{
    postgres_server::{Server, database},
    support::{at_s, read, send, sent, seqs},
};

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_leaves_nothing() {
    let url = database().await;
    let fresh = open(&url).await;
    fresh.fill("alice", "bob", 2).await;
    let mut lock = outside(
        &url,
        "BEGIN; LOCK TABLE hidden, search_queue IN EXCLUSIVE MODE",
    )
    .await;
    let batch = || {
        vec![
            Op::Send(send("alice", "bob", "m1", "cut")),
            read("bob", "alice", 2),
        ]
    };
    let store = Arc::clone(&fresh.store);
    let cut = tokio::spawn(async move { store.commit(batch(), at_s(1)).await });
    let process = until_one_waits(&url).await;
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(process)
        .execute(&mut lock)
        .await
        .unwrap();
    let failed = cut.await.unwrap();
    assert!(matches!(failed, Err(StoreError::Busy(_))), "{failed:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();
    assert_eq!(fresh.timeline("alice").await.len(), 2);
    assert_eq!(fresh.conversation("bob").await.unread, 2);

    let commit = fresh.commit_at(2, batch()).await;
    assert_eq!(sent(&commit.results[0]).conv_seq.get(), 3);
    assert_eq!(seqs(&fresh.timeline("bob").await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_server_that_crashed_comes_back_with_all_that_was_acknowledged() {
    let server = Server::start(true);
    let fresh = open(&server.database().await).await;
    fresh.fill("alice", "bob", 20).await;
    let before = fresh.timeline("bob").await;
    server.stop();
    assert!(fresh.store.ping().await.is_err());
    let op = || Op::Send(send("alice", "bob", "next", "next"));
    let failed = fresh.store.commit(vec![op()], at_s(1)).await;
    assert!(failed.is_err(), "{failed:?}");
    server.start_again();
    // Connections that were cut are found one by one.
    let result = loop {
        match fresh.store.commit(vec![op()], at_s(1)).await {
            Ok(mut commit) => break commit.results.remove(0),
            Err(error) => println!("{error}"),
        }
    };
    assert_eq!(sent(&result).conv_seq.get(), 21);
    while fresh.store.ping().await.is_err() {}
    assert_eq!(fresh.timeline("bob").await[..20], before);
}
