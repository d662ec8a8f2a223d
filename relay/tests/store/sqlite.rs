//! The embedded backend.

use std::sync::Arc;

use seqline_relay::{
    entropy::SystemEntropy,
    store::{
        CommitRules,
        sqlite::{OpenError, SqliteStore},
    },
};

use crate::{
    conformance,
    support::{Fresh, RECALL_WINDOW_MS, account},
};

const RULES: CommitRules = CommitRules {
    recall_window_ms: RECALL_WINDOW_MS,
};

pub(crate) async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    Fresh {
        store: Arc::new(open(folder.path()).await.unwrap()),
        _keep: Box::new(folder),
    }
}

async fn open(folder: &std::path::Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&folder.join("seqline.db"), 2, RULES, &SystemEntropy).await
}

conformance::suite!(fresh);

#[tokio::test]
async fn keeps_everything_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Fresh {
        store: Arc::new(open(folder.path()).await.unwrap()),
        _keep: Box::new(()),
    };
    first.fill("alice", "bob", 3).await;
    let before = first.timeline("bob").await;
    let position = first.store.position(&account("bob")).await.unwrap();
    drop(first);

    let second = Fresh {
        store: Arc::new(open(folder.path()).await.unwrap()),
        _keep: Box::new(()),
    };
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
