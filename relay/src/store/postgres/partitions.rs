//! The timelines' partitions: made ahead of time, each for a stretch of time.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use seqline_protocol::Micros;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::columns::inconsistent;
use crate::store::rows::integer;

/// A partition is named after what it covers, in microseconds: from, and to before.
const PREFIX: &str = "timeline_from_";

/// Any number of ours: that all who make or drop partitions take turns.
const LOCK: i64 = 0x7365_716c_696e_6501;

/// After a failure the default partition serves for so long, in microseconds: a backup that
/// is being made may hold us off for a while, and no commit waits for it.
const RETRY_US: i64 = 30_000_000;

/// Which partitions there are, as far as this relay knows.
pub(super) struct Partitions {
    width_us: i64,
    /// Times that are covered, with the next stretch.
    ready: Mutex<Range<i64>>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) table: String,
    pub(super) covers: Range<i64>,
}

impl Partitions {
    pub(super) fn new(width_us: u64) -> Self {
        Self {
            width_us: integer(width_us.max(1)),
            ready: Mutex::new(0..0),
        }
    }

    /// Makes the partition of a time and the one after it, where they are missing. Where that
    /// fails, entries go to the default partition, and are taken along when it succeeds.
    pub(super) async fn prepare(&self, pool: &PgPool, now: Micros) {
        let now = integer(now.get());
        if self.ready().contains(&now) {
            return;
        }
        match self.make(pool, now).await {
            Ok(around) => self.is_ready(around),
            Err(error) => {
                tracing::warn!(%error, "no partition of the timelines could be made");
                self.is_ready(now..now.saturating_add(RETRY_US));
            }
        }
    }

    fn is_ready(&self, covered: Range<i64>) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = covered;
    }

    fn ready(&self) -> Range<i64> {
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the stretch around `now`, so that the next one is made when it has begun.
    async fn make(&self, pool: &PgPool, now: i64) -> Result<Range<i64>, sqlx::Error> {
        let mut transaction = pool.begin().await?;
        lock(&mut transaction).await?;
        let mut there = list(&mut transaction).await?;
        let around = self.cover(&mut transaction, &mut there, now).await?;
        self.cover(&mut transaction, &mut there, around.end).await?;
        transaction.commit().await?;
        Ok(around)
    }

    async fn cover(
        &self,
        connection: &mut PgConnection,
        there: &mut Vec<Partition>,
        at: i64,
    ) -> Result<Range<i64>, sqlx::Error> {
        if let Some(partition) = there.iter().find(|one| one.covers.contains(&at)) {
            return Ok(partition.covers.clone());
        }
        let covers = gap(there, at, self.width_us);
        attach(connection, &covers).await?;
        there.push(Partition {
            table: table(&covers),
            covers: covers.clone(),
        });
        Ok(covers)
    }
}

/// Lets no one else make or drop partitions until the end of the transaction.
async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    wait_shortly(connection).await
}

/// The same, unless someone else is at it.
pub(super) async fn try_lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    wait_shortly(connection).await?;
    sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(connection)
        .await
}

/// Whoever reads or writes waits behind us, should we have to wait for one of them.
async fn wait_shortly(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("SET LOCAL lock_timeout = '500ms'")
        .execute(connection)
        .await?;
    Ok(())
}

/// All partitions but the default one, oldest first.
pub(super) async fn list(connection: &mut PgConnection) -> Result<Vec<Partition>, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT child.relname::text FROM pg_inherits
         JOIN pg_class child ON child.oid = pg_inherits.inhrelid
         WHERE pg_inherits.inhparent = 'timeline'::regclass",
    )
    .fetch_all(connection)
    .await?;
    let mut partitions: Vec<_> = names.into_iter().filter_map(parse).collect();
    partitions.sort_unstable_by_key(|partition| partition.covers.start);
    Ok(partitions)
}

fn parse(table: String) -> Option<Partition> {
    let (from, to) = table.strip_prefix(PREFIX)?.split_once("_to_")?;
    let covers = from.parse().ok()?..to.parse().ok()?;
    Some(Partition { table, covers })
}

fn table(covers: &Range<i64>) -> String {
    format!("{PREFIX}{}_to_{}", covers.start, covers.end)
}

/// The stretch around a time for which there is no partition yet: of the usual width, or
/// less where others are near (the width may have been another one).
fn gap(there: &[Partition], at: i64, width_us: i64) -> Range<i64> {
    let from = at - at.rem_euclid(width_us);
    let ends = there.iter().map(|one| one.covers.end);
    let starts = there.iter().map(|one| one.covers.start);
    let earliest = ends.filter(|end| *end <= at).max().unwrap_or(i64::MIN);
    let latest = starts.filter(|start| *start > at).min().unwrap_or(i64::MAX);
    from.max(earliest)..(from + width_us).min(latest)
}

/// What the default partition has of that time moves into the new one.
async fn attach(connection: &mut PgConnection, covers: &Range<i64>) -> Result<(), sqlx::Error> {
    let table = table(covers);
    let Range { start, end } = covers;
    if start >= end {
        return Err(inconsistent());
    }
    sqlx::raw_sql(AssertSqlSafe(format!(
        "CREATE TABLE {table} (LIKE timeline INCLUDING ALL);
         LOCK TABLE timeline IN SHARE UPDATE EXCLUSIVE MODE;
         LOCK TABLE timeline_rest IN ACCESS EXCLUSIVE MODE;
         WITH moved AS (
           DELETE FROM timeline_rest WHERE at_us >= {start} AND at_us < {end} RETURNING *)
         INSERT INTO {table} SELECT * FROM moved;
         ALTER TABLE timeline ATTACH PARTITION {table} FOR VALUES FROM ({start}) TO ({end});"
    )))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(covers: Range<i64>) -> Partition {
        Partition {
            table: table(&covers),
            covers,
        }
    }

    #[test]
    fn a_name_says_what_is_covered() {
        let one = partition(10..20);
        assert_eq!(parse(one.table.clone()), Some(one));
        assert_eq!(parse("timeline_rest".to_owned()), None);
    }

    #[test]
    fn a_gap_is_as_wide_as_usual_or_as_wide_as_it_is() {
        assert_eq!(gap(&[], 25, 10), 20..30);
        assert_eq!(gap(&[partition(10..20), partition(30..40)], 25, 10), 20..30);
        assert_eq!(gap(&[partition(10..22), partition(26..40)], 25, 10), 22..26);
    }
}
