//! PostgreSQL.

mod failures;
mod nodes;
mod partitions;
mod plans;
mod presence;
mod replica;

use std::sync::Arc;

use seqline_protocol::Secret;
use seqline_relay::{
    entropy::SystemEntropy,
    store::{
        CommitRules,
        postgres::{OpenError, PostgresSettings, PostgresStore},
    },
};
use sqlx::{Connection as _, PgConnection};

use crate::{
    conformance,
    postgres_server::database,
    support::{Fresh, account, rules},
};

/// The suite's times are seconds apart.
const PARTITION_US: u64 = 1_000_000;

/// What stores a message or a broadcast with this body fails in the middle, as on a full disk
/// anything would.
const POISON: &str = "
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW
    WHEN (NEW.body = 'poison') EXECUTE FUNCTION poison();
    CREATE TRIGGER poison BEFORE INSERT ON broadcast_audit FOR EACH ROW
    WHEN (NEW.details LIKE '%poison%') EXECUTE FUNCTION poison();";

async fn fresh() -> Fresh {
    fresh_with(rules()).await
}

async fn fresh_with(rules: CommitRules) -> Fresh {
    let url = database().await;
    let store = open_with(&url, rules).await.unwrap();
    outside(&url, POISON).await;
    Fresh::new(Arc::new(store), ()).poisoned_by("poison")
}

async fn open(url: &str) -> Fresh {
    Fresh::new(Arc::new(open_with(url, rules()).await.unwrap()), ())
}

async fn open_with(url: &str, rules: CommitRules) -> Result<PostgresStore, OpenError> {
    open_beside(url, None, rules).await
}

/// With a standby to read from.
async fn open_beside(
    url: &str,
    standby: Option<String>,
    rules: CommitRules,
) -> Result<PostgresStore, OpenError> {
    let settings = PostgresSettings {
        url: url.to_owned(),
        read_url: standby.map(Secret::new),
        readers: 2,
        partition_us: PARTITION_US,
    };
    PostgresStore::open(&settings, rules, &SystemEntropy).await
}

/// A connection that is not the store's, after it said something.
async fn outside(url: &str, sql: &'static str) -> PgConnection {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection
}

/// Until some connection of the store waits for a lock; its process.
async fn until_one_waits(url: &str) -> i32 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    loop {
        let waiting: Option<i32> = sqlx::query_scalar(
            "SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'seqline-relay'
               AND wait_event_type = 'Lock'",
        )
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        if let Some(process) = waiting {
            return process;
        }
        tokio::task::yield_now().await;
    }
}

conformance::suite!(fresh, fresh_with);

#[tokio::test]
async fn keeps_everything_when_it_is_opened_again() {
    let url = database().await;
    let first = open(&url).await;
    first.fill("alice", "bob", 3).await;
    let before = first.timeline("bob").await;
    let position = first.store.position(&account("bob")).await.unwrap();
    drop(first);

    let second = open(&url).await;
    assert_eq!(second.timeline("bob").await, before);
    let again = second.store.position(&account("bob")).await.unwrap();
    assert_eq!(again, position);
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
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let url = database().await.replace("/test_", "/none_");
    let url = url.replace("postgres@", "postgres:sesame@");
    let error = open_with(&url, rules()).await.err().unwrap().to_string();
    assert!(
        error.contains("none_") && !error.contains("sesame"),
        "{error}"
    );
}
