//! Rows by key, inside one transaction of the writing connection.
//!
//! The caller begins and ends the transaction. Statements take all rows of a kind at once
//! ([`super::bulk`]); what the batch before was about is in the [`Cache`].

mod cache;
mod loads;
mod messages;
mod names;
mod seen;
mod writes;

use seqline_protocol::{ClientMsgId, Label};
use sqlx::SqliteConnection;

pub(super) use self::cache::Cache;
use super::{rows::inconsistent, script::Script};
use crate::store::ledger::{
    Changes, ConvKey, ConvRow, MemberKey, MemberRow, MembersWanted, MessageRow, Names, Resolved,
    SeenKey, SeenRow, SentRow, Transaction, UserKey, UserRow,
};

/// The writing connection, and what is remembered of its rows.
///
/// It begins where the first row is written: with the names that a batch makes, or at its end.
/// What is loaded before that cannot change in between, as there is no other writer.
pub(super) struct SqliteTransaction<'a> {
    connection: &'a mut SqliteConnection,
    cache: &'a mut Cache,
    is_open: &'a mut bool,
    sent_ids: SentIds,
    script: Script,
}

/// Whether messages may be stored already: retransmissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentIds {
    /// Taken for granted that none is. If one is, the commit fails by the index of ids.
    New,
    /// It is looked up.
    LookedUp,
}

impl<'a> SqliteTransaction<'a> {
    /// `is_open` is set when it begins. If it fails, the cache is to be forgotten.
    pub(super) fn new(
        connection: &'a mut SqliteConnection,
        cache: &'a mut Cache,
        is_open: &'a mut bool,
        sent_ids: SentIds,
    ) -> Self {
        Self {
            connection,
            cache,
            is_open,
            sent_ids,
            script: Script::default(),
        }
    }

    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if !*self.is_open {
            *self.is_open = true;
            let begin = sqlx::query("BEGIN IMMEDIATE");
            begin.execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    /// Writes what there is to write. Nothing is durable before.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        let has_begun = *self.is_open;
        if !has_begun && self.script.is_empty() {
            return Ok(());
        }
        *self.is_open = true;
        self.script.commit(self.connection, has_begun).await
    }

    async fn cached_users(&mut self, keys: &[UserKey]) -> Result<Vec<&UserRow>, sqlx::Error> {
        self.load_users(keys).await?;
        let rows = keys.iter().map(|key| self.cache.users.get(key));
        rows.map(|row| row.ok_or_else(inconsistent)).collect()
    }
}

impl Transaction for SqliteTransaction<'_> {
    type Error = sqlx::Error;

    async fn resolve(&mut self, names: &Names<'_>) -> Result<Resolved, sqlx::Error> {
        self.names(names).await
    }

    async fn positions(&mut self, keys: &[UserKey]) -> Result<Vec<(u64, u64)>, sqlx::Error> {
        let rows = self.cached_users(keys).await?;
        Ok(rows.iter().map(|row| (row.head, row.delivered)).collect())
    }

    async fn received(
        &mut self,
        wanted: &[(UserKey, u64, u64)],
    ) -> Result<Vec<(MemberKey, u64)>, sqlx::Error> {
        self.load_received(wanted).await
    }

    async fn conversations(&mut self, keys: &[ConvKey]) -> Result<Vec<ConvRow>, sqlx::Error> {
        self.load_convs(keys).await?;
        let rows = keys.iter().map(|key| self.cache.convs.get(key).cloned());
        rows.map(|row| row.ok_or_else(inconsistent)).collect()
    }

    async fn members(&mut self, wanted: &[MembersWanted]) -> Result<Vec<MemberRow>, sqlx::Error> {
        self.load_members(wanted).await
    }

    async fn users(&mut self, keys: &[UserKey]) -> Result<Vec<UserRow>, sqlx::Error> {
        let rows = self.cached_users(keys).await?;
        Ok(rows.into_iter().cloned().collect())
    }

    async fn sent(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
    ) -> Result<Vec<Option<SentRow>>, sqlx::Error> {
        match self.sent_ids {
            SentIds::New => Ok(vec![None; ids.len()]),
            SentIds::LookedUp => self.load_sent(ids).await,
        }
    }

    async fn messages(
        &mut self,
        places: &[(ConvKey, u64)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        self.load_messages(places).await
    }

    async fn keyed(
        &mut self,
        wanted: &[(ConvKey, UserKey, &Label)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        self.load_keyed(wanted).await
    }

    async fn own_between(
        &mut self,
        wanted: &[(MemberKey, u64, u64)],
    ) -> Result<Vec<u64>, sqlx::Error> {
        self.count_own(wanted).await
    }

    async fn senders_between(
        &mut self,
        wanted: &[(ConvKey, u64, u64)],
        limit: usize,
    ) -> Result<Vec<Vec<UserKey>>, sqlx::Error> {
        self.load_senders(wanted, limit).await
    }

    async fn hidden(&mut self, wanted: &[(MemberKey, u64)]) -> Result<Vec<bool>, sqlx::Error> {
        self.load_hidden(wanted).await
    }

    async fn seen(&mut self, wanted: &[SeenKey]) -> Result<Vec<Option<SeenRow>>, sqlx::Error> {
        self.load_seen(wanted).await
    }

    async fn message_ids(&mut self, _: usize) -> Result<u64, sqlx::Error> {
        self.next_msg_id().await
    }

    async fn write(&mut self, changes: &Changes, now_us: u64) -> Result<(), sqlx::Error> {
        self.write_all(changes, now_us);
        Ok(())
    }
}
