//! One durable transaction for a whole batch of operations.
//!
//! Marks and recalls come before sends: they can only be about what was stored before.
//! Whatever adds to timelines collects its entries first; their seqs are allocated at
//! the end in one statement, inside the transaction, so that seq order is commit order
//! and a rollback leaves no hole.

mod delivered;
mod entries;
mod placement;
mod reads;
mod recalls;
mod receipts;
mod sends;

use seqline_protocol::Micros;
use sqlx::SqliteConnection;

use self::{entries::Entries, receipts::Touched};
use super::{names::Names, rows::inconsistent};
use crate::store::{Commit, CommitRules, Op, OpResult};

/// What each stage works on.
struct Batch<'a> {
    connection: &'a mut SqliteConnection,
    names: &'a mut Names,
    rules: CommitRules,
    now: Micros,
    ops: &'a [Op],
    results: Vec<Option<OpResult>>,
    entries: Entries,
}

/// Commits all operations, or none of them.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    names: &mut Names,
    rules: CommitRules,
    ops: &[Op],
    now: Micros,
) -> Result<Commit, sqlx::Error> {
    names.trim();
    execute(connection, "BEGIN IMMEDIATE").await?;
    let batch = Batch {
        connection: &mut *connection,
        names: &mut *names,
        rules,
        now,
        ops,
        results: ops.iter().map(|_| None).collect(),
        entries: Entries::default(),
    };
    let done = match batch.run().await {
        Ok(commit) => execute(connection, "COMMIT").await.map(|()| commit),
        Err(error) => Err(error),
    };
    if done.is_err() {
        *names = Names::default();
        // Fails only where SQLite has rolled back by itself.
        let _ = execute(connection, "ROLLBACK").await;
    }
    done
}

impl Batch<'_> {
    async fn run(mut self) -> Result<Commit, sqlx::Error> {
        self.recalls().await?;
        let mut touched = Touched::default();
        self.reads(&mut touched).await?;
        self.delivered(&mut touched).await?;
        self.receipts(&touched).await?;
        let fresh = self.sends().await?;
        self.allocate(fresh).await?;
        let results = self
            .results
            .into_iter()
            .map(|result| result.ok_or_else(inconsistent))
            .collect::<Result<_, _>>()?;
        Ok(Commit {
            results,
            appends: self.entries.into_appends(),
        })
    }

    fn resolve(&mut self, index: usize, result: OpResult) {
        if let Some(slot) = self.results.get_mut(index) {
            *slot = Some(result);
        }
    }
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(|_| ())
}
