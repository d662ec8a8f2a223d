//! Migrations, and the identity of the numbering.

use seqline_protocol::Epoch;
use sqlx::{PgPool, migrate::MigrateError};

use crate::{
    entropy::Entropy,
    store::{
        migrations::{Steps, migrator},
        rows::{integer, number},
    },
};

const MIGRATIONS: &Steps = &[(
    1,
    "timelines",
    include_str!("migrations/0001_timelines.sql"),
)];

/// Brings the schema up to date. Several relays may do it at once: the migrator takes a lock.
pub(super) async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    migrator(MIGRATIONS).run(pool).await
}

/// The identity of this database's numbering; drawn when the database is new.
pub(super) async fn epoch(pool: &PgPool, entropy: &dyn Entropy) -> Result<Epoch, sqlx::Error> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING")
        .bind(integer(entropy.epoch().get()))
        .execute(pool)
        .await?;
    let epoch: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'")
        .fetch_one(pool)
        .await?;
    Ok(Epoch::saturating(number(epoch)))
}
