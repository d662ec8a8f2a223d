//! Everything in memory, and gone with the process: the model that simulations run on, and
//! that the databases are compared with. Maps under one lock; simple and obviously right
//! rather than fast.

mod broadcasts;
mod conversations;
mod devices;
mod hooks;
mod messages;
mod news;
mod search;
mod tables;
mod timelines;
mod transaction;

use seqline_protocol::{AppId, ClientMsgId, Epoch, Micros, UserId};
use tokio::sync::Mutex;

use self::{tables::Tables, transaction::MemoryTransaction};
use super::{
    Commit, CommitRules, Conversations, ConversationsQuery, DeviceRow, Found, Group, GroupQuery,
    HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery, News, Op, Page, PageQuery,
    Position, Reading, Receipts, ReceiptsQuery, SearchQuery, SentAs, SessionNumber, Store, Swept,
    SweptCrowd, UserState, ledger,
};
use crate::account::Account;

/// A store that keeps nothing beyond the process.
pub struct MemoryStore {
    tables: Mutex<Tables>,
    rules: CommitRules,
    epoch: Epoch,
    is_shared: bool,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new(rules: CommitRules, epoch: Epoch) -> Self {
        Self {
            tables: Mutex::new(Tables::default()),
            rules,
            epoch,
            is_shared: false,
        }
    }

    /// One that several relays of this process work on.
    #[must_use]
    pub fn shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }

    fn read<'a, T: Send>(&'a self, read: impl FnOnce(&Tables) -> T + Send + 'a) -> Reading<'a, T> {
        Box::pin(async move { Ok(read(&*self.tables.lock().await)) })
    }

    fn change<'a, T: Send>(
        &'a self,
        change: impl FnOnce(&mut Tables) -> T + Send + 'a,
    ) -> Reading<'a, T> {
        Box::pin(async move { Ok(change(&mut *self.tables.lock().await)) })
    }
}

impl Store for MemoryStore {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit> {
        Box::pin(async move {
            let mut tables = self.tables.lock().await;
            let mut tx = MemoryTransaction::new(&mut tables);
            match ledger::run(&mut tx, &ops, now, &self.rules).await {
                Ok(commit) => Ok(commit),
                Err(never) => match never {},
            }
        })
    }

    fn position<'a>(&'a self, account: &'a Account) -> Reading<'a, Position> {
        self.read(|tables| tables.position(account, self.epoch))
    }

    fn page(&self, query: PageQuery) -> Reading<'_, Page> {
        self.read(move |tables| tables.page(&query))
    }

    fn history(&self, query: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        self.read(move |tables| tables.history(&query))
    }

    fn sent_as<'a>(
        &'a self,
        from: &'a Account,
        ids: &'a [ClientMsgId],
    ) -> Reading<'a, Vec<SentAs>> {
        self.read(|tables| tables.sent_as(from, ids))
    }

    fn conversations(&self, query: ConversationsQuery) -> Reading<'_, Conversations> {
        self.read(move |tables| tables.conversations(&query))
    }

    fn group(&self, query: GroupQuery) -> Reading<'_, Option<Group>> {
        self.read(move |tables| tables.group(&query))
    }

    fn members(&self, query: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        self.read(move |tables| tables.members_page(&query))
    }

    fn receipts(&self, query: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        self.read(move |tables| tables.receipts(&query))
    }

    fn search(&self, query: SearchQuery) -> Reading<'_, Found> {
        self.read(move |tables| tables.search(&query))
    }

    fn devices<'a>(&'a self, account: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        self.read(|tables| tables.devices_of(account))
    }

    fn users<'a>(&'a self, app: &'a AppId, users: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        self.read(|tables| tables.known(app, users))
    }

    fn age(&self, before: Micros) -> Reading<'_, bool> {
        self.change(move |tables| tables.age(before))
    }

    /// Searches look at the messages themselves.
    fn index(&self) -> Reading<'_, bool> {
        self.read(|_| false)
    }

    fn hooks<'a>(&'a self, app: &'a AppId, limit: usize, now: Micros) -> Reading<'a, Vec<Hook>> {
        self.read(move |tables| tables.due_hooks(app, limit, now))
    }

    fn hooks_done(&self, hooks: Vec<HookId>) -> Reading<'_, ()> {
        self.change(move |tables| {
            for hook in hooks {
                tables.hooks.remove(&hook);
            }
        })
    }

    fn hook_failed(&self, hook: HookId, due: Micros) -> Reading<'_, ()> {
        self.change(move |tables| {
            if let Some(hook) = tables.hooks.get_mut(&hook) {
                hook.attempts += 1;
                hook.due_us = due.get();
            }
        })
    }

    fn shared_as(&self) -> Option<Epoch> {
        self.is_shared.then_some(self.epoch)
    }

    fn session_number(&self) -> Reading<'_, SessionNumber> {
        self.change(Tables::next_session)
    }

    fn news<'a>(&'a self, sessions: &'a [Swept], crowds: &'a [SweptCrowd]) -> Reading<'a, News> {
        self.read(|tables| tables.news(sessions, crowds))
    }

    fn ping(&self) -> Reading<'_, ()> {
        self.read(|_| ())
    }
}
