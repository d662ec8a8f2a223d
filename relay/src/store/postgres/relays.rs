//! Which relays are there: each holds a lease, by the database's clock.

use std::time::Duration;

use sqlx::PgPool;

use crate::store::RelayId;

/// What relays left behind that did not end in order. Nothing refers to it any more: their
/// devices have connected elsewhere, or count as gone.
const FORGET: &str = "DELETE FROM relay WHERE until < now() - interval '1 day'";

const ATTEND: &str = "
    INSERT INTO relay (relay_id, until) VALUES ($1, now() + $2 * interval '1 millisecond')
    ON CONFLICT (relay_id) DO UPDATE SET until = excluded.until";

const OTHERS: &str = "
    SELECT relay_id FROM relay WHERE until > now() AND relay_id <> $1 ORDER BY relay_id";

pub(super) async fn attend(
    pool: &PgPool,
    holder: i64,
    lease: Duration,
) -> Result<Vec<RelayId>, sqlx::Error> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    sqlx::query(ATTEND)
        .bind(holder)
        .bind(lease_ms)
        .execute(pool)
        .await?;
    sqlx::query(FORGET).execute(pool).await?;
    let others: Vec<i64> = sqlx::query_scalar(OTHERS)
        .bind(holder)
        .fetch_all(pool)
        .await?;
    Ok(others.into_iter().map(RelayId).collect())
}

pub(super) async fn leave(pool: &PgPool, holder: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM relay WHERE relay_id = $1")
        .bind(holder)
        .execute(pool)
        .await?;
    Ok(())
}
