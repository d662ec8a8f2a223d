//! Storage: what the relay needs of it, apart from any SQL.
//!
//! A backend promises, and the conformance suite in `tests/store` holds it to, that
//! - a [`commit`](Store::commit) is durable when it returns, and happens as a whole or not at all;
//! - one operation that is refused never fails the others of its batch;
//! - a user's seqs are contiguous, and become visible in their order;
//! - every read is scoped by the account it is given, and is one consistent snapshot.

mod ops;
mod reads;
pub mod sqlite;

use futures_util::future::BoxFuture;
use seqline_protocol::{ErrorCode, Micros};
use thiserror::Error;

pub use ops::{
    Commit, CommitRules, Delivered, Done, Op, OpResult, Read, Recall, Refusal, Send, Sent,
    TimelineAppend,
};
pub use reads::{
    ConvPage, Conversations, ConversationsQuery, HistoryPage, HistoryQuery, HistoryRange, Page,
    PageQuery, Position,
};

use crate::account::Account;

/// A storage backend.
pub trait Store: std::marker::Send + Sync {
    /// Does all operations in one durable transaction, in their order as far as it matters:
    /// sends of one sender keep theirs.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of the batch is stored.
    fn commit(&self, ops: Vec<Op>, now: Micros) -> BoxFuture<'_, Result<Commit, StoreError>>;

    /// Where an account's timeline stands. One that never was has head 0.
    ///
    /// # Errors
    /// [`StoreError`].
    fn position<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<Position, StoreError>>;

    /// Entries of a timeline.
    ///
    /// # Errors
    /// [`StoreError`].
    fn page(&self, query: PageQuery) -> BoxFuture<'_, Result<Page, StoreError>>;

    /// Messages of a conversation; none if the account takes no part in it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn history(
        &self,
        query: HistoryQuery,
    ) -> BoxFuture<'_, Result<Option<HistoryPage>, StoreError>>;

    /// An account's conversations, most recently active first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn conversations(
        &self,
        query: ConversationsQuery,
    ) -> BoxFuture<'_, Result<Conversations, StoreError>>;

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Why storage did not do it. Nothing was stored, and trying again may succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Someone else holds the database.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// The code to answer with.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy(_) => ErrorCode::Overloaded,
            Self::Failed(_) => ErrorCode::Internal,
        }
    }
}
