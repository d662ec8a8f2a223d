//! PostgreSQL.

use std::sync::Arc;

use seqline_relay::{
    entropy::SystemEntropy,
    store::{
        CommitRules,
        postgres::{OpenError, PostgresSettings, PostgresStore},
    },
};

use crate::{
    conformance,
    postgres_server::database,
    support::{Fresh, rules},
};

/// The suite's times are seconds apart.
const PARTITION_US: u64 = 1_000_000;

async fn fresh() -> Fresh {
    fresh_with(rules()).await
}

async fn fresh_with(rules: CommitRules) -> Fresh {
    let store = open(&database().await, rules).await.unwrap();
    Fresh::new(Arc::new(store), ())
}

async fn open(url: &str, rules: CommitRules) -> Result<PostgresStore, OpenError> {
    let settings = PostgresSettings {
        url: url.to_owned(),
        readers: 2,
        partition_us: PARTITION_US,
    };
    PostgresStore::open(&settings, rules, &SystemEntropy).await
}

conformance::suite!(fresh, fresh_with);
