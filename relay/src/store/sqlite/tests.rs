use sqlx::{AssertSqlSafe, Row as _};

use super::*;
use crate::entropy::SystemEntropy;

async fn store() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seqline.db");
    let store = SqliteStore::open(
        &path,
        SqliteSettings::with_readers(1),
        CommitRules::default(),
        &SystemEntropy,
    )
    .await;
    (store.unwrap(), folder)
}

/// What a lost power supply would show, and no test can: that a commit is synced.
#[tokio::test]
async fn every_commit_is_synced_to_a_log() {
    let (store, _folder) = store().await;
    let mut writer = store.writer.lock().await;
    let row = sqlx::query(
        "SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode",
    )
    .fetch_one(writer.connection())
    .await
    .unwrap();
    assert_eq!(row.get::<i64, _>(0), 2, "FULL");
    assert_eq!(row.get::<String, _>(1), "wal");
}

/// A page costs what it shows, not what there is: nothing is scanned or sorted for it.
#[tokio::test]
async fn pages_are_read_in_the_order_of_an_index() {
    let (store, _folder) = store().await;
    for sql in [
        page::OWN_OLDEST_FIRST,
        page::OWN_NEWEST_FIRST,
        page::CROWD_OLDEST_FIRST,
        page::CROWD_NEWEST_FIRST,
        history::OLDEST_FIRST,
        history::NEWEST_FIRST,
        history::SERVER_OLDEST_FIRST,
        history::SERVER_NEWEST_FIRST,
    ] {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan: Vec<String> = sqlx::query(explain)
            .fetch_all(&store.readers)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("detail"))
            .collect();
        assert!(!plan.is_empty());
        for step in &plan {
            assert!(
                !step.contains("TEMP B-TREE") && !step.starts_with("SCAN"),
                "{sql}\n{plan:#?}"
            );
        }
    }
}

/// Of all files that its connections have open, those that are attached among them.
#[tokio::test]
async fn all_caches_together_are_as_large_as_they_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seqline.db");
    let settings = SqliteSettings {
        readers: 3,
        cache_mib: 4,
    };
    let store = SqliteStore::open(&path, settings, CommitRules::default(), &SystemEntropy)
        .await
        .unwrap();
    let mut kib = cached_kib(store.writer.lock().await.connection()).await;
    kib += cached_kib(store.indexer.lock().await.connection()).await;
    let mut readers = Vec::new();
    for _ in 0..settings.readers {
        let mut reader = store.readers.acquire().await.unwrap();
        kib += cached_kib(&mut reader).await;
        readers.push(reader);
    }
    assert!((4_000..=4_096).contains(&kib), "{kib} KiB");
}

async fn cached_kib(connection: &mut sqlx::SqliteConnection) -> i64 {
    let files = sqlx::query("PRAGMA database_list")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let mut kib = 0;
    for file in files {
        let name: String = file.get("name");
        let asked = AssertSqlSafe(format!("PRAGMA {name}.cache_size"));
        let size: i64 = sqlx::query_scalar(asked)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        // Below zero it is kibibytes, not pages.
        kib -= size;
    }
    kib
}
