//! Takes what is too old out of the timelines: whole partitions, without stopping writers.
//!
//! Of a partition that is too old as a whole,
//! 1. first it is closed: a constraint refuses further entries, which only a relay whose
//!    clock is far behind would write;
//! 2. then the floors of all timelines that have entries in it are raised above them, a
//!    batch of timelines in a transaction, so that writers hardly wait;
//! 3. then it is detached and dropped, which takes no longer of a large table than of a
//!    small one.
//!
//! A read takes no entry below the floor that it sees in the same snapshot. Before the
//! second step it sees a floor and all entries above, after it a higher one and all above
//! that; when the third comes, no entry of the partition is above any floor.

use std::sync::{Mutex, PoisonError};

use seqline_protocol::Micros;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::{
    failure::is_in_the_way,
    partitions::{self, Partition},
};
use crate::{
    limits::{AGE_STEP_ROWS, AGE_STEP_USERS},
    store::rows::integer,
};

/// The constraint of a closed partition.
const CLOSED: &str = "too_old_check_the_clock";

/// How far floors were raised: in which partition, after which owner.
#[derive(Default)]
pub(super) struct Ageing(Mutex<(String, i64)>);

impl Ageing {
    fn cursor(&self, partition: &Partition) -> i64 {
        let at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if at.0 == partition.table {
            at.1
        } else {
            i64::MIN
        }
    }

    fn went_to(&self, partition: &Partition, owner: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (partition.table.clone(), owner);
    }
}

/// One small step; true if there may be more to do. Where another relay is at it, or a long
/// read is in the way, there is nothing to do for now.
pub(super) async fn step(
    pool: &PgPool,
    ageing: &Ageing,
    before: Micros,
) -> Result<bool, sqlx::Error> {
    match try_step(pool, ageing, integer(before.get())).await {
        Err(error) if is_in_the_way(&error) => {
            tracing::debug!(%error, "ageing waits");
            Ok(false)
        }
        done => done,
    }
}

async fn try_step(pool: &PgPool, ageing: &Ageing, before: i64) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    if !partitions::try_lock(&mut transaction).await? {
        return Ok(false);
    }
    let there = partitions::list(&mut transaction).await?;
    let is_too_old = |partition: &&Partition| partition.covers.end <= before;
    let has_more = match there.iter().find(is_too_old) {
        Some(partition) => {
            age(&mut transaction, ageing, partition).await?;
            true
        }
        None => age_rest(&mut transaction, before).await?,
    };
    transaction.commit().await?;
    Ok(has_more)
}

async fn age(
    connection: &mut PgConnection,
    ageing: &Ageing,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    if !is_closed(connection, partition).await? {
        return close(connection, partition).await;
    }
    let newest = newest_of_owners(connection, partition, ageing.cursor(partition)).await?;
    let Some((last, _)) = newest.last() else {
        return drop(connection, partition).await;
    };
    raise_floors(connection, &newest).await?;
    ageing.went_to(partition, *last);
    Ok(())
}

async fn is_closed(
    connection: &mut PgConnection,
    partition: &Partition,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_constraint
         WHERE conrelid = $1::regclass AND conname = $2)",
    )
    .bind(&partition.table)
    .bind(CLOSED)
    .fetch_one(connection)
    .await
}

async fn close(connection: &mut PgConnection, partition: &Partition) -> Result<(), sqlx::Error> {
    let table = &partition.table;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "ALTER TABLE {table} ADD CONSTRAINT {CLOSED} CHECK (false) NOT VALID"
    )))
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest entry of each of the next owners, by owner. Hops from owner to owner in the
/// index instead of walking through all their entries.
async fn newest_of_owners(
    connection: &mut PgConnection,
    partition: &Partition,
    after: i64,
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let table = &partition.table;
    sqlx::query_as(AssertSqlSafe(format!(
        "WITH RECURSIVE hop (owner_id, place) AS (
           (SELECT owner_id, 1 FROM {table} WHERE owner_id > $1 ORDER BY owner_id LIMIT 1)
           UNION ALL
           SELECT next.owner_id, hop.place + 1 FROM hop, LATERAL (
             SELECT entry.owner_id FROM {table} entry WHERE entry.owner_id > hop.owner_id
             ORDER BY entry.owner_id LIMIT 1) next
           WHERE hop.place < $2)
         SELECT hop.owner_id, newest.seq FROM hop, LATERAL (
           SELECT entry.seq FROM {table} entry WHERE entry.owner_id = hop.owner_id
           ORDER BY entry.seq DESC LIMIT 1) newest
         ORDER BY hop.owner_id"
    )))
    .bind(after)
    .bind(i32::try_from(AGE_STEP_USERS).unwrap_or(i32::MAX))
    .fetch_all(connection)
    .await
}

/// Above these entries. Locks as a commit does: conversations first, by key, then users.
async fn raise_floors(
    connection: &mut PgConnection,
    newest: &[(i64, i64)],
) -> Result<(), sqlx::Error> {
    let split = newest.partition_point(|(owner, _)| *owner < 0);
    let (crowds, users) = newest.split_at(split);
    let (mut convs, mut seqs): (Vec<_>, Vec<_>) =
        crowds.iter().map(|(owner, seq)| (-owner, *seq)).unzip();
    convs.reverse();
    seqs.reverse();
    if !convs.is_empty() {
        sqlx::query(
            "WITH locked AS MATERIALIZED (
               SELECT conv_id FROM conversation WHERE conv_id = ANY($1)
               ORDER BY conv_id FOR NO KEY UPDATE)
             UPDATE conversation SET log_floor = greatest(log_floor, aged.seq + 1)
             FROM locked JOIN unnest($1::bigint[], $2::bigint[]) AS aged (conv_id, seq)
               ON aged.conv_id = locked.conv_id
             WHERE conversation.conv_id = locked.conv_id",
        )
        .bind(convs)
        .bind(seqs)
        .execute(&mut *connection)
        .await?;
    }
    let (users, seqs): (Vec<_>, Vec<_>) = users.iter().copied().unzip();
    if !users.is_empty() {
        sqlx::query(
            "WITH locked AS MATERIALIZED (
               SELECT user_id FROM users WHERE user_id = ANY($1)
               ORDER BY user_id FOR NO KEY UPDATE)
             UPDATE users SET floor = greatest(floor, aged.seq + 1)
             FROM locked JOIN unnest($1::bigint[], $2::bigint[]) AS aged (user_id, seq)
               ON aged.user_id = locked.user_id
             WHERE users.user_id = locked.user_id",
        )
        .bind(users)
        .bind(seqs)
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn drop(connection: &mut PgConnection, partition: &Partition) -> Result<(), sqlx::Error> {
    let table = &partition.table;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "ALTER TABLE timeline DETACH PARTITION {table}; DROP TABLE {table}"
    )))
    .execute(connection)
    .await?;
    tracing::info!(table, "a part of the timelines has aged out");
    Ok(())
}

/// The default partition is not dropped: its entries go one by one.
async fn age_rest(connection: &mut PgConnection, before: i64) -> Result<bool, sqlx::Error> {
    let newest: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT owner_id, max(seq), count(*) FROM (
           SELECT owner_id, seq FROM timeline_rest WHERE at_us < $1
           ORDER BY owner_id, seq LIMIT $2) aged
         GROUP BY owner_id ORDER BY owner_id",
    )
    .bind(before)
    .bind(integer(AGE_STEP_ROWS as u64))
    .fetch_all(&mut *connection)
    .await?;
    if newest.is_empty() {
        return Ok(false);
    }
    let rows: i64 = newest.iter().map(|(_, _, count)| count).sum();
    let newest: Vec<_> = newest
        .iter()
        .map(|(owner, seq, _)| (*owner, *seq))
        .collect();
    raise_floors(connection, &newest).await?;
    let (owners, seqs): (Vec<_>, Vec<_>) = newest.into_iter().unzip();
    sqlx::query(
        "DELETE FROM timeline_rest USING unnest($1::bigint[], $2::bigint[]) AS aged (owner_id, seq)
         WHERE timeline_rest.owner_id = aged.owner_id AND timeline_rest.seq <= aged.seq
           AND timeline_rest.at_us < $3",
    )
    .bind(owners)
    .bind(seqs)
    .bind(before)
    .execute(connection)
    .await?;
    Ok(rows == integer(AGE_STEP_ROWS as u64))
}
