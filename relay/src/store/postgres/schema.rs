//! Migrations, and the identity of the numbering.

use seqline_protocol::Epoch;
use sqlx::{PgExecutor, PgPool, migrate::MigrateError};

use crate::{
    entropy::Entropy,
    store::{
        SchemaStep,
        migrations::{APPLIED, Steps, Told, compare, migrator},
        rows::{integer, number},
    },
};

const MIGRATIONS: &Steps = &[
    (
        1,
        "timelines",
        include_str!("migrations/0001_timelines.sql"),
    ),
    (2, "sessions", include_str!("migrations/0002_sessions.sql")),
    (3, "presence", include_str!("migrations/0003_presence.sql")),
];

/// Brings the schema up to date. Several relays may do it at once: the migrator takes a lock.
/// Each step is told before it is taken.
pub(super) async fn migrate(pool: &PgPool, told: &mut Told<'_>) -> Result<(), MigrateError> {
    let migrator = migrator(MIGRATIONS);
    for step in steps(pool).await?.iter().filter(|step| !step.is_applied) {
        told(step);
        migrator.run_to(step.version, pool).await?;
    }
    Ok(())
}

/// Which steps the database has.
pub(super) async fn steps(pool: &PgPool) -> Result<Vec<SchemaStep>, MigrateError> {
    let has_account: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(pool)
            .await?;
    let applied = if has_account {
        sqlx::query_as(APPLIED).fetch_all(pool).await?
    } else {
        Vec::new()
    };
    compare("database", MIGRATIONS, &applied)
}

/// The identity of this database's numbering; drawn when the database is new.
pub(super) async fn epoch(pool: &PgPool, entropy: &dyn Entropy) -> Result<Epoch, sqlx::Error> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING")
        .bind(integer(entropy.epoch().get()))
        .execute(pool)
        .await?;
    let stored = stored_epoch(pool).await?;
    stored.ok_or(sqlx::Error::RowNotFound)
}

/// None if no relay ever ran on it.
pub(super) async fn stored_epoch(
    executor: impl PgExecutor<'_>,
) -> Result<Option<Epoch>, sqlx::Error> {
    let epoch: Option<i64> = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'")
        .fetch_optional(executor)
        .await?;
    Ok(epoch.map(|epoch| Epoch::saturating(number(epoch))))
}

/// Whatever it was before.
pub(super) async fn set_epoch(
    executor: impl PgExecutor<'_>,
    epoch: Epoch,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO meta (key, value) VALUES ('epoch', $1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(integer(epoch.get()))
    .execute(executor)
    .await?;
    Ok(())
}
