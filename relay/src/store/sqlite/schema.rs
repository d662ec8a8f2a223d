//! Migrations, and the identity of the numbering.

use std::borrow::Cow;

use seqline_protocol::Epoch;
use sqlx::{
    SqlSafeStr as _, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::rows::count;
use crate::{entropy::Entropy, store::rows::integer};

type Migrations = &'static [(i64, &'static str, &'static str)];

/// By hand rather than by sqlx's macro, whose crate would build SQLite's parser twice.
const MAIN: Migrations = &[(
    1,
    "timelines",
    include_str!("migrations/0001_timelines.sql"),
)];

const SEARCH: Migrations = &[(1, "words", include_str!("migrations/search_0001_words.sql"))];

/// Brings the schema of the database up to date.
pub(super) async fn migrate(options: SqliteConnectOptions) -> Result<(), MigrateError> {
    run(MAIN, options).await
}

/// Brings the schema of the search index up to date.
pub(super) async fn migrate_search(options: SqliteConnectOptions) -> Result<(), MigrateError> {
    run(SEARCH, options).await
}

/// Over a pool of its own: sqlx's migrator is not `Send` with a single connection.
async fn run(migrations: Migrations, options: SqliteConnectOptions) -> Result<(), MigrateError> {
    let migrations = migrations
        .iter()
        .map(|&(version, description, sql)| {
            Migration::new(
                version,
                Cow::Borrowed(description),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let done = Migrator::with_migrations(migrations).run(&pool).await;
    pool.close().await;
    done
}

/// The identity of this database's numbering; drawn when the database is new.
pub(super) async fn epoch(
    connection: &mut SqliteConnection,
    entropy: &dyn Entropy,
) -> Result<Epoch, sqlx::Error> {
    sqlx::query("INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)")
        .bind(integer(entropy.epoch().get()))
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query("SELECT value FROM meta WHERE key = 'epoch'")
        .fetch_one(&mut *connection)
        .await?;
    Ok(Epoch::saturating(count(&row, 0)?))
}
