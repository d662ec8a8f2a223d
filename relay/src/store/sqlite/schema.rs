//! Migrations, and the identity of the numbering.

use seqline_protocol::Epoch;
use sqlx::{
    SqliteConnection,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::rows::count;
use crate::{
    entropy::Entropy,
    store::{
        migrations::{Steps, migrator},
        rows::integer,
    },
};

const MAIN: &Steps = &[(
    1,
    "timelines",
    include_str!("migrations/0001_timelines.sql"),
)];

const SEARCH: &Steps = &[(1, "words", include_str!("migrations/search_0001_words.sql"))];

/// Brings the schema of the database up to date.
pub(super) async fn migrate(options: SqliteConnectOptions) -> Result<(), MigrateError> {
    run(MAIN, options).await
}

/// Brings the schema of the search index up to date.
pub(super) async fn migrate_search(options: SqliteConnectOptions) -> Result<(), MigrateError> {
    run(SEARCH, options).await
}

/// Over a pool of its own: sqlx's migrator is not `Send` with a single connection.
async fn run(migrations: &Steps, options: SqliteConnectOptions) -> Result<(), MigrateError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let done = migrator(migrations).run(&pool).await;
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
