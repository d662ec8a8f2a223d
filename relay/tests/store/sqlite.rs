//! The embedded backend.

use std::sync::Arc;

use seqline_relay::{
    entropy::SystemEntropy,
    store::{
        CommitRules, Op, SearchQuery, StoreError,
        sqlite::{OpenError, SqliteSettings, SqliteStore},
    },
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    conformance,
    support::{Fresh, account, at_s, read, rules, send, sent, seqs},
};

async fn fresh() -> Fresh {
    fresh_with(rules()).await
}

async fn fresh_with(rules: CommitRules) -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seqline.db");
    let store = SqliteStore::open(
        &path,
        SqliteSettings::with_readers(2),
        rules,
        &SystemEntropy,
    )
    .await;
    Fresh::new(Arc::new(store.unwrap()), folder)
}

async fn open(folder: &std::path::Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(
        &folder.join("seqline.db"),
        SqliteSettings::with_readers(2),
        rules(),
        &SystemEntropy,
    )
    .await
}

conformance::suite!(fresh, fresh_with);

#[tokio::test]
async fn keeps_everything_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    first.fill("alice", "bob", 3).await;
    let before = first.timeline("bob").await;
    let position = first.store.position(&account("bob")).await.unwrap();
    drop(first);

    let second = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    assert_eq!(second.timeline("bob").await, before);
    assert_eq!(
        second.store.position(&account("bob")).await.unwrap(),
        position
    );
    second.fill("bob", "alice", 1).await;
    assert_eq!(second.timeline("bob").await.len(), 4);
}

#[tokio::test]
async fn another_database_has_another_epoch() {
    let (one, other) = (fresh().await, fresh().await);
    let epoch = async |fresh: &Fresh| fresh.store.position(&account("bob")).await.unwrap().epoch;
    assert_ne!(epoch(&one).await, epoch(&other).await);
}

#[tokio::test]
async fn a_second_relay_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).await.unwrap();
    assert!(matches!(
        open(folder.path()).await,
        Err(OpenError::InUse(_))
    ));
}

/// A connection that the store knows nothing of.
async fn outside(folder: &std::path::Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("seqline.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Makes the database refuse a body, as a full disk would refuse any.
async fn poison(folder: &std::path::Path) -> SqliteConnection {
    let mut connection = outside(folder).await;
    sqlx::query(
        "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.body = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    fresh.fill("alice", "bob", 2).await;
    let mut outside = poison(folder.path()).await;
    let batch = || {
        vec![
            Op::Send(send("alice", "bob", "m1", "good")),
            read("bob", "alice", 2),
            // Names that only this batch has: their rows must be gone with it.
            Op::Send(send("carol", "dave", "m2", "poison")),
        ]
    };
    let failed = fresh.store.commit(batch(), at_s(1)).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(fresh.timeline("alice").await.len(), 2);
    assert_eq!(fresh.conversation("bob").await.unread, 2);
    assert!(fresh.conversations("carol").await.is_empty());

    sqlx::query("DROP TRIGGER poison")
        .execute(&mut outside)
        .await
        .unwrap();
    let commit = fresh.commit_at(2, batch()).await;
    assert_eq!(sent(&commit.results[0]).conv_seq.get(), 3);
    assert_eq!(seqs(&fresh.timeline("alice").await), [1, 2, 3, 4]);
    assert_eq!(seqs(&fresh.timeline("dave").await), [1]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("seqline.db"),
        "not a database".repeat(100),
    )
    .unwrap();
    let refused = open(folder.path()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
}

#[tokio::test]
async fn a_schema_of_a_later_relay_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await.unwrap());
    let mut outside = outside(folder.path()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, x'00', 0)",
    )
    .execute(&mut outside)
    .await
    .unwrap();
    let refused = open(folder.path()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Schema { .. }), "{refused}");
}

async fn found(fresh: &Fresh, user: &str, text: &str) -> Vec<String> {
    let query = SearchQuery {
        account: account(user),
        text: text.to_owned(),
        conv: None,
        sender: None,
        kind: None,
        since: None,
        until: None,
        before: None,
        limit: 10,
        now: at_s(0),
    };
    let found = fresh.store.search(query).await.unwrap();
    found.messages.into_iter().map(|one| one.body).collect()
}

async fn index(fresh: &Fresh) {
    while fresh.store.index().await.unwrap() {}
}

#[tokio::test]
async fn a_search_index_that_is_lost_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    first.fill("alice", "bob", 3).await;
    index(&first).await;
    assert_eq!(found(&first, "bob", "alice 2").await, ["alice 2"]);
    drop(first);

    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("seqline.db.search{ending}")));
    }
    let second = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    assert!(found(&second, "bob", "alice").await.is_empty());
    index(&second).await;
    let all = ["alice 3", "alice 2", "alice 1"];
    assert_eq!(found(&second, "bob", "alice").await, all);
}

#[tokio::test]
async fn an_older_copy_of_the_database_does_not_keep_a_newer_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seqline.db");
    let first = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    first.fill("alice", "bob", 1).await;
    let copy = folder.path().join("copy.db");
    sqlx::query("VACUUM INTO ?")
        .bind(copy.to_str())
        .execute(&mut outside(folder.path()).await)
        .await
        .unwrap();
    first.fill("bob", "alice", 2).await;
    index(&first).await;
    assert_eq!(found(&first, "bob", "bob").await.len(), 2);
    drop(first);

    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("seqline.db{ending}")));
    }
    std::fs::rename(&copy, &path).unwrap();
    let second = Fresh::new(Arc::new(open(folder.path()).await.unwrap()), ());
    index(&second).await;
    assert!(found(&second, "bob", "bob").await.is_empty());
    assert_eq!(found(&second, "bob", "alice").await, ["alice 1"]);
    // Ids that the lost messages had go to others.
    second.fill("alice", "carol", 1).await;
    index(&second).await;
    assert_eq!(found(&second, "carol", "alice").await, ["alice 1"]);
}
