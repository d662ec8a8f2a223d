//! The one connection that writes.

use std::sync::Arc;

use seqline_protocol::Micros;
use sqlx::SqliteConnection;

use super::transaction::{Cache, SqliteTransaction};
use crate::store::{Commit, CommitRules, Op, ledger};

/// All writing goes through it, one transaction after the other.
pub(super) struct Writer {
    connection: SqliteConnection,
    cache: Cache,
    rules: Arc<CommitRules>,
    /// Whether a transaction was begun, and neither committed nor rolled back: its caller
    /// went away.
    is_open: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, rules: CommitRules) -> Self {
        Self {
            connection,
            cache: Cache::default(),
            rules: Arc::new(rules),
            is_open: false,
        }
    }

    /// Commits all operations, or none of them.
    pub(super) async fn commit(&mut self, ops: &[Op], now: Micros) -> Result<Commit, sqlx::Error> {
        if self.is_open {
            self.roll_back().await;
        }
        self.cache.trim();
        let mut tx =
            SqliteTransaction::new(&mut self.connection, &mut self.cache, &mut self.is_open);
        let done = match ledger::run(&mut tx, ops, now, &self.rules).await {
            Ok(commit) => tx.commit().await.map(|()| commit),
            Err(error) => Err(error),
        };
        self.ended(done).await
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if self.is_open {
            self.roll_back().await;
        }
        self.is_open = true;
        self.execute("BEGIN IMMEDIATE").await
    }

    /// Commits a transaction that went well, and rolls back another.
    pub(super) async fn end<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let done = match done {
            Ok(done) => self.execute("COMMIT").await.map(|()| done),
            Err(error) => Err(error),
        };
        self.ended(done).await
    }

    async fn ended<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match done {
            Ok(_) => self.is_open = false,
            Err(_) => self.roll_back().await,
        }
        done
    }

    /// The connection, for statements within a transaction, or single ones.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// What was remembered since the beginning may not exist.
    async fn roll_back(&mut self) {
        self.cache = Cache::default();
        self.is_open = false;
        // Fails only where nothing was begun, or SQLite has rolled back by itself.
        let _ = self.execute("ROLLBACK").await;
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let done = sqlx::query(sql).execute(&mut self.connection).await;
        done.map(|_| ())
    }
}
