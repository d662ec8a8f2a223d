//! The embedded backend: one file, one writing connection, several reading ones.
//!
//! A commit loads the rows that it is about, decides in memory ([`super::ledger`]), and
//! writes what changed ([`transaction`]). Reads ([`reads`]) run beside it, on connections of
//! their own. Search has a file of its own ([`search`]).

mod age;
mod broadcasts;
mod bulk;
mod epoch;
mod failure;
mod hooks;
mod open;
mod reads;
mod rows;
mod schema;
mod script;
mod search;
mod transaction;
mod writer;

use std::{fs::File, path::Path};

use seqline_protocol::{AppId, ClientMsgId, Epoch, Micros, UserId};
use sqlx::SqlitePool;
use tokio::sync::Mutex;

pub use self::open::{OpenError, SqliteSettings};
pub(super) use self::{
    epoch::{begin_epoch, epoch},
    open::{inspect, migrate},
};
use self::{
    reads::{conversations, devices, groups, history, page, positions, sent},
    search::Indexer,
    writer::Writer,
};
use super::{
    Commit, CommitRules, Conversations, ConversationsQuery, DeviceRow, Found, Group, GroupQuery,
    HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery, Op, PROBE, Page, PageQuery,
    Position, Reading, Receipts, ReceiptsQuery, SearchQuery, SentAs, Store, UserState,
};
use crate::{account::Account, entropy::Entropy};

/// SQLite in WAL mode, synced at every commit.
pub struct SqliteStore {
    writer: Mutex<Writer>,
    indexer: Mutex<Indexer>,
    ageing: Mutex<age::Round>,
    readers: SqlitePool,
    epoch: Epoch,
    /// Held for as long as the store lives.
    _lock: File,
}

impl SqliteStore {
    /// Opens the database, makes it if it is missing, and brings its schema up to date. The
    /// search index is beside it, with `.search` after its name.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        path: &Path,
        settings: SqliteSettings,
        rules: CommitRules,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let opened = open::open(path, settings, entropy).await?;
        Ok(Self {
            writer: Mutex::new(Writer::new(opened.writer, rules)),
            indexer: Mutex::new(Indexer::new(opened.indexer)),
            ageing: Mutex::default(),
            readers: opened.readers,
            epoch: opened.epoch,
            _lock: opened.lock,
        })
    }
}

impl Store for SqliteStore {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit> {
        Box::pin(async move { Ok(self.writer.lock().await.commit(&ops, now).await?) })
    }

    fn position<'a>(&'a self, account: &'a Account) -> Reading<'a, Position> {
        Box::pin(async move { Ok(positions::read(&self.readers, account, self.epoch).await?) })
    }

    fn page(&self, query: PageQuery) -> Reading<'_, Page> {
        Box::pin(async move { Ok(page::read(&self.readers, &query).await?) })
    }

    fn history(&self, query: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        Box::pin(async move { Ok(history::read(&self.readers, &query).await?) })
    }

    fn sent_as<'a>(
        &'a self,
        from: &'a Account,
        ids: &'a [ClientMsgId],
    ) -> Reading<'a, Vec<SentAs>> {
        Box::pin(async move { Ok(sent::sent_as(&self.readers, from, ids).await?) })
    }

    fn conversations(&self, query: ConversationsQuery) -> Reading<'_, Conversations> {
        Box::pin(async move { Ok(conversations::read(&self.readers, &query).await?) })
    }

    fn group(&self, query: GroupQuery) -> Reading<'_, Option<Group>> {
        Box::pin(async move { Ok(groups::group(&self.readers, &query).await?) })
    }

    fn members(&self, query: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        Box::pin(async move { Ok(groups::members(&self.readers, &query).await?) })
    }

    fn receipts(&self, query: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        Box::pin(async move { Ok(groups::receipts(&self.readers, &query).await?) })
    }

    fn search(&self, query: SearchQuery) -> Reading<'_, Found> {
        Box::pin(async move { Ok(search::find(&self.readers, &query).await?) })
    }

    fn devices<'a>(&'a self, account: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        Box::pin(async move { Ok(devices::devices(&self.readers, account).await?) })
    }

    fn users<'a>(&'a self, app: &'a AppId, users: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        Box::pin(async move { Ok(devices::users(&self.readers, app, users).await?) })
    }

    fn age(&self, before: Micros) -> Reading<'_, bool> {
        Box::pin(async move {
            let mut round = self.ageing.lock().await;
            Ok(age::step(&self.readers, &self.writer, &mut round, before).await?)
        })
    }

    fn index(&self) -> Reading<'_, bool> {
        Box::pin(async move { Ok(self.indexer.lock().await.step(&self.readers).await?) })
    }

    fn hooks<'a>(&'a self, app: &'a AppId, limit: usize, now: Micros) -> Reading<'a, Vec<Hook>> {
        Box::pin(async move { Ok(hooks::due(&self.readers, app, limit, now).await?) })
    }

    fn hooks_done(&self, hooks: Vec<HookId>) -> Reading<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let done = hooks::done(writer.connection(), &hooks).await;
            Ok(writer.end(done).await?)
        })
    }

    fn hook_failed(&self, hook: HookId, due: Micros) -> Reading<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let done = hooks::failed(writer.connection(), hook, due).await;
            Ok(writer.end(done).await?)
        })
    }

    fn ping(&self) -> Reading<'_, ()> {
        Box::pin(async move {
            sqlx::query("SELECT value FROM meta WHERE key = 'epoch'")
                .fetch_one(&self.readers)
                .await?;
            Ok(())
        })
    }

    fn probe(&self) -> Reading<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let written = sqlx::query(PROBE).execute(writer.connection()).await;
            writer.end(written).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
