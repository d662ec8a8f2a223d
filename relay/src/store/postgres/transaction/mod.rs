//! A commit's transaction: rows by key, locked conversations first, then users.
//!
//! It runs in READ COMMITTED: each statement sees what was committed before it. What is
//! decided on is read under its lock or after it: conversations and users by the statement
//! that locks them (which waits for another transaction, and then reads what that one left),
//! everything that belongs to them by later statements. Whoever changes such a thing holds
//! the same locks, in the same order, so that none of it changes before the commit.

mod load;
mod locked;
mod seen;
mod write;

use seqline_protocol::{ClientMsgId, DeviceId, Label};
use sqlx::{PgConnection, PgPool, Postgres};

use super::names::NameCache;
use crate::store::ledger::{
    Changes, ConvKey, ConvRow, MemberKey, MemberRow, MembersWanted, MessageRow, Names, Resolved,
    SeenKey, SeenRow, SentInSessions, SentRow, Transaction, UserKey, UserRow,
};

/// Begins when something is read by key, so that names are resolved outside of it.
pub(super) struct PostgresTransaction<'s> {
    pool: &'s PgPool,
    names: &'s NameCache,
    /// The relay whose devices these are.
    holder: i64,
    open: Option<sqlx::Transaction<'static, Postgres>>,
}

impl<'s> PostgresTransaction<'s> {
    pub(super) fn new(pool: &'s PgPool, names: &'s NameCache, holder: i64) -> Self {
        Self {
            pool,
            names,
            holder,
            open: None,
        }
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.open {
            Some(open) => open.commit().await,
            None => Ok(()),
        }
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.pool.begin().await?,
        };
        Ok(self.open.insert(open))
    }
}

impl Transaction for PostgresTransaction<'_> {
    type Error = sqlx::Error;

    async fn resolve(&mut self, names: &Names<'_>) -> Result<Resolved, sqlx::Error> {
        self.names.resolve(self.pool, names).await
    }

    async fn positions(&mut self, keys: &[UserKey]) -> Result<Vec<(u64, u64)>, sqlx::Error> {
        load::positions(self.connection().await?, keys).await
    }

    async fn received(
        &mut self,
        wanted: &[(UserKey, u64, u64)],
    ) -> Result<Vec<(MemberKey, u64)>, sqlx::Error> {
        load::received(self.connection().await?, wanted).await
    }

    async fn conversations(&mut self, keys: &[ConvKey]) -> Result<Vec<ConvRow>, sqlx::Error> {
        locked::conversations(self.connection().await?, keys).await
    }

    async fn members(&mut self, wanted: &[MembersWanted]) -> Result<Vec<MemberRow>, sqlx::Error> {
        locked::members(self.connection().await?, wanted).await
    }

    async fn users(&mut self, keys: &[UserKey]) -> Result<Vec<UserRow>, sqlx::Error> {
        locked::users(self.connection().await?, keys).await
    }

    async fn sent(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
    ) -> Result<Vec<Option<SentRow>>, sqlx::Error> {
        let (sent, _) = load::sent(self.connection().await?, ids, &[]).await?;
        Ok(sent)
    }

    async fn sent_in_sessions(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
        devices: &[Option<&DeviceId>],
    ) -> Result<SentInSessions, sqlx::Error> {
        load::sent(self.connection().await?, ids, devices).await
    }

    async fn messages(
        &mut self,
        places: &[(ConvKey, u64)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        load::messages(self.connection().await?, places).await
    }

    async fn keyed(
        &mut self,
        wanted: &[(ConvKey, UserKey, &Label)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        load::keyed(self.connection().await?, wanted).await
    }

    async fn own_between(
        &mut self,
        wanted: &[(MemberKey, u64, u64)],
    ) -> Result<Vec<u64>, sqlx::Error> {
        load::own_between(self.connection().await?, wanted).await
    }

    async fn senders_between(
        &mut self,
        wanted: &[(ConvKey, u64, u64)],
        limit: usize,
    ) -> Result<Vec<Vec<UserKey>>, sqlx::Error> {
        load::senders_between(self.connection().await?, wanted, limit).await
    }

    async fn hidden(&mut self, wanted: &[(MemberKey, u64)]) -> Result<Vec<bool>, sqlx::Error> {
        load::hidden(self.connection().await?, wanted).await
    }

    async fn seen(&mut self, wanted: &[SeenKey]) -> Result<Vec<Option<SeenRow>>, sqlx::Error> {
        seen::load(self.connection().await?, wanted).await
    }

    async fn message_ids(&mut self, count: usize) -> Result<u64, sqlx::Error> {
        load::message_ids(self.connection().await?, count).await
    }

    async fn write(&mut self, changes: &Changes, now_us: u64) -> Result<(), sqlx::Error> {
        let holder = self.holder;
        write::write(self.connection().await?, changes, (holder, now_us)).await
    }
}
