//! Migrations, and the identity of the numbering.

use seqline_protocol::Epoch;
use sqlx::{
    Connection as _, SqliteConnection,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::rows::count;
use crate::{
    entropy::Entropy,
    store::{
        SchemaStep,
        migrations::{APPLIED, Steps, Told, compare, migrator},
        rows::integer,
    },
};

/// What the schemas are called to people.
const PART: &str = "database";
const SEARCH_PART: &str = "search index";

const MAIN: &Steps = &[(
    1,
    "timelines",
    include_str!("migrations/0001_timelines.sql"),
)];

const SEARCH: &Steps = &[(1, "words", include_str!("migrations/search_0001_words.sql"))];

/// Brings the schema of the database up to date. Each step is told before it is taken.
pub(super) async fn migrate(
    options: SqliteConnectOptions,
    told: &mut Told<'_>,
) -> Result<(), MigrateError> {
    run(PART, MAIN, options, told).await
}

/// Brings the schema of the search index up to date.
pub(super) async fn migrate_search(
    options: SqliteConnectOptions,
    told: &mut Told<'_>,
) -> Result<(), MigrateError> {
    run(SEARCH_PART, SEARCH, options, told).await
}

/// Which steps the database has. None of them, if there is no database.
pub(super) async fn steps(
    options: Option<SqliteConnectOptions>,
) -> Result<Vec<SchemaStep>, MigrateError> {
    compare_with(PART, MAIN, options).await
}

/// Which steps the search index has.
pub(super) async fn search_steps(
    options: Option<SqliteConnectOptions>,
) -> Result<Vec<SchemaStep>, MigrateError> {
    compare_with(SEARCH_PART, SEARCH, options).await
}

async fn compare_with(
    part: &'static str,
    steps: &Steps,
    options: Option<SqliteConnectOptions>,
) -> Result<Vec<SchemaStep>, MigrateError> {
    let Some(options) = options else {
        return compare(part, steps, &[]);
    };
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let has_account: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')",
    )
    .fetch_one(&mut connection)
    .await?;
    let applied = if has_account {
        sqlx::query_as(APPLIED).fetch_all(&mut connection).await?
    } else {
        Vec::new()
    };
    connection.close().await?;
    compare(part, steps, &applied)
}

/// Over a pool of its own: sqlx's migrator is not `Send` with a single connection.
async fn run(
    part: &'static str,
    migrations: &Steps,
    options: SqliteConnectOptions,
    told: &mut Told<'_>,
) -> Result<(), MigrateError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    let steps = compare_with(part, migrations, Some(options)).await?;
    let migrator = migrator(migrations);
    for step in steps.iter().filter(|step| !step.is_applied) {
        told(step);
        migrator.run_to(step.version, &pool).await?;
    }
    pool.close().await;
    Ok(())
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
    let stored = stored_epoch(connection).await?;
    stored.ok_or(sqlx::Error::RowNotFound)
}

/// None if no relay ever ran on it.
pub(super) async fn stored_epoch(
    connection: &mut SqliteConnection,
) -> Result<Option<Epoch>, sqlx::Error> {
    let row = sqlx::query("SELECT value FROM meta WHERE key = 'epoch'")
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Epoch::saturating(count(&row, 0)?)))
        .transpose()
}

/// Whatever it was before.
pub(super) async fn set_epoch(
    connection: &mut SqliteConnection,
    epoch: Epoch,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?1)")
        .bind(integer(epoch.get()))
        .execute(connection)
        .await?;
    Ok(())
}
