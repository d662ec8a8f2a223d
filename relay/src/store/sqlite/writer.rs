//! The one connection that writes.

use std::sync::Arc;

use seqline_protocol::Micros;
use sqlx::SqliteConnection;

use super::transaction::{Cache, SentIds, SqliteTransaction};
use crate::store::{Commit, CommitRules, Op, ledger};

/// So many commits look whether their messages are stored already, after one was.
const CAREFUL_COMMITS: u32 = 256;

/// What SQLite says of a message whose id its sender has used before.
const ID_IS_TAKEN: &str = "message.sender_id, message.client_msg_id";

/// All writing goes through it, one transaction after the other.
pub(super) struct Writer {
    connection: SqliteConnection,
    cache: Cache,
    rules: Arc<CommitRules>,
    /// How many of the next commits look whether their messages are stored already. The others
    /// take for granted that they are not, which spares a question to the connection's thread;
    /// where one was, the unique index says so, and the commit begins again.
    careful: u32,
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
            careful: 0,
            is_open: false,
        }
    }

    /// Commits all operations, or none of them.
    pub(super) async fn commit(&mut self, ops: &[Op], now: Micros) -> Result<Commit, sqlx::Error> {
        if self.careful == 0 {
            if let Some(commit) = self.commit_new(ops, now).await? {
                return Ok(commit);
            }
            self.careful = CAREFUL_COMMITS;
        }
        self.careful -= 1;
        let rules = Arc::clone(&self.rules);
        let mut tx = self.transaction(SentIds::LookedUp).await;
        let done = match ledger::run(&mut tx, ops, now, &rules).await {
            Ok(commit) => tx.commit().await.map(|()| commit),
            Err(error) => Err(error),
        };
        self.ended(done).await
    }

    /// The same, if no message among them may be stored already; else nothing is done.
    async fn commit_new(&mut self, ops: &[Op], now: Micros) -> Result<Option<Commit>, sqlx::Error> {
        let rules = Arc::clone(&self.rules);
        let mut tx = self.transaction(SentIds::New).await;
        let done = match ledger::run(&mut tx, ops, now, &rules).await {
            // Who may not send any more is told all the same that it was stored before.
            Ok(commit) if refuses_message(ops, &commit) => Ok(None),
            Ok(commit) => tx.commit().await.map(|()| Some(commit)),
            Err(error) => Err(error),
        };
        match done {
            Err(error) if is_taken_id(&error) => self.roll_back().await,
            Ok(None) => self.roll_back().await,
            done => return self.ended(done).await,
        }
        Ok(None)
    }

    async fn transaction(&mut self, sent_ids: SentIds) -> SqliteTransaction<'_> {
        if self.is_open {
            self.roll_back().await;
        }
        self.cache.trim();
        SqliteTransaction::new(
            &mut self.connection,
            &mut self.cache,
            &mut self.is_open,
            sent_ids,
        )
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

fn refuses_message(ops: &[Op], commit: &Commit) -> bool {
    let mut results = ops.iter().zip(&commit.results);
    results.any(|(op, result)| matches!(op, Op::Send(_)) && result.is_err())
}

fn is_taken_id(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation() && error.message().contains(ID_IS_TAKEN))
}
