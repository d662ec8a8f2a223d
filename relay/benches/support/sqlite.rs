//! The store on a file.

use std::path::Path;

use seqline_relay::{
    entropy::SystemEntropy,
    store::{
        CommitRules,
        sqlite::{SqliteSettings, SqliteStore},
    },
};

pub(crate) async fn opened(path: &Path, readers: u32) -> SqliteStore {
    let settings = SqliteSettings::with_readers(readers);
    SqliteStore::open(path, settings, CommitRules::default(), &SystemEntropy)
        .await
        .unwrap()
}
