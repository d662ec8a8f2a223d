//! The store in memory, with faults in front of it.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::{AppId, BroadcastId, ClientMsgId, Epoch, Micros, PubSeq, UserId};
use seqline_relay::{
    account::Account,
    store::{
        AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow,
        BroadcastState, BroadcastStore, Commit, Conversations, ConversationsQuery, DeviceRow,
        Found, Group, GroupQuery, HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery,
        Op, Page, PageQuery, Position, PublicChanges, ReachRow, Reading, Receipts, ReceiptsQuery,
        SearchQuery, SentAs, Store, StoreError, UserState, memory::MemoryStore,
    },
};
use tokio::time::sleep;

use crate::exits::{Committed, Exit, Exits};

/// What goes wrong with the database.
#[derive(Debug)]
pub struct StoreFaults {
    /// How long a commit takes, at most.
    pub commit_ms: u64,
    /// How much longer everything takes for now.
    pub slower_ms: u64,
    /// The next commits fail.
    pub failing_commits: u8,
    /// Those are done all the same, and nobody is told.
    pub failing_are_done: bool,
    /// The next reads fail.
    pub failing_reads: u8,
    /// How many commits failed, one way or the other.
    pub failed_commits: u64,
    /// How many reads failed.
    pub failed_reads: u64,
    /// After so many commits the relay dies; whether that one is done.
    pub crash_at: Option<(u8, bool)>,
    /// The numbering, if it is not the store's.
    pub epoch: Option<Epoch>,
    rng: fastrand::Rng,
}

/// What is done with a commit.
enum Fate {
    Done,
    Fails { is_done: bool },
    Crashes { is_done: bool },
}

/// A store that outlives the relay's process.
pub struct FaultyStore {
    inner: MemoryStore,
    exits: Arc<Exits>,
    faults: Mutex<StoreFaults>,
}

impl FaultyStore {
    /// One in front of another.
    #[must_use]
    pub fn new(inner: MemoryStore, exits: Arc<Exits>, commit_ms: u64, seed: u64) -> Self {
        let faults = StoreFaults {
            commit_ms,
            slower_ms: 0,
            failing_commits: 0,
            failing_are_done: false,
            failing_reads: 0,
            failed_commits: 0,
            failed_reads: 0,
            crash_at: None,
            epoch: None,
            rng: fastrand::Rng::with_seed(seed),
        };
        Self {
            inner,
            exits,
            faults: Mutex::new(faults),
        }
    }

    /// What is stored, without faults.
    #[must_use]
    pub fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    /// What goes wrong from now on.
    pub fn faults(&self) -> MutexGuard<'_, StoreFaults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        let mut faults = self.faults();
        if let Some((left, is_done)) = &mut faults.crash_at {
            if *left == 0 {
                let is_done = *is_done;
                faults.crash_at = None;
                return Fate::Crashes { is_done };
            }
            *left -= 1;
        }
        if faults.failing_commits > 0 {
            faults.failing_commits -= 1;
            faults.failed_commits += 1;
            let is_done = faults.failing_are_done;
            return Fate::Fails { is_done };
        }
        Fate::Done
    }

    /// Takes its time: two parts of it, before and after what is done.
    async fn delay(&self, longest_ms: impl FnOnce(&StoreFaults) -> u64) {
        let delay_ms = {
            let mut faults = self.faults();
            let longest_ms = longest_ms(&faults);
            if longest_ms == 0 {
                return;
            }
            faults.rng.u64(0..=longest_ms)
        };
        if delay_ms > 0 {
            sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    async fn die<T>(&self, is_done: bool) -> T {
        self.exits.push(Exit::Crashed { is_done });
        pending().await
    }

    /// Reads take time while the database is slow, and may fail.
    fn read<'a, T: 'a>(&'a self, read: Reading<'a, T>) -> Reading<'a, T> {
        {
            let faults = self.faults();
            if faults.failing_reads == 0 && faults.slower_ms == 0 {
                return read;
            }
        }
        Box::pin(async move {
            self.delay(|faults| faults.slower_ms).await;
            {
                let mut faults = self.faults();
                if faults.failing_reads > 0 {
                    faults.failing_reads -= 1;
                    faults.failed_reads += 1;
                    return Err(failure());
                }
            }
            read.await
        })
    }
}

fn failure() -> StoreError {
    StoreError::Failed("the disk is full".to_owned())
}

impl Store for FaultyStore {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit> {
        Box::pin(async move {
            self.delay(|faults| faults.commit_ms / 2 + faults.slower_ms)
                .await;
            let fate = self.fate();
            match fate {
                Fate::Fails { is_done: false } => return Err(failure()),
                Fate::Crashes { is_done: false } => return self.die(false).await,
                Fate::Done | Fate::Fails { .. } | Fate::Crashes { .. } => {}
            }
            let commit = self.inner.commit(ops.clone(), now).await?;
            self.exits.push(Exit::Committed(Committed {
                ops,
                results: commit.results.clone(),
                appends: commit.appends.clone(),
                at: now,
            }));
            match fate {
                Fate::Done => {}
                Fate::Fails { .. } => return Err(failure()),
                Fate::Crashes { .. } => return self.die(true).await,
            }
            self.delay(|faults| faults.commit_ms / 2).await;
            Ok(commit)
        })
    }

    fn position<'a>(&'a self, account: &'a Account) -> Reading<'a, Position> {
        let position = self.inner.position(account);
        self.read(Box::pin(async move {
            let mut position = position.await?;
            if let Some(epoch) = self.faults().epoch {
                position.epoch = epoch;
            }
            Ok(position)
        }))
    }

    fn page(&self, query: PageQuery) -> Reading<'_, Page> {
        self.read(self.inner.page(query))
    }

    fn history(&self, query: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        self.read(self.inner.history(query))
    }

    fn sent_as<'a>(
        &'a self,
        from: &'a Account,
        ids: &'a [ClientMsgId],
    ) -> Reading<'a, Vec<SentAs>> {
        self.read(self.inner.sent_as(from, ids))
    }

    fn conversations(&self, query: ConversationsQuery) -> Reading<'_, Conversations> {
        self.read(self.inner.conversations(query))
    }

    fn group(&self, query: GroupQuery) -> Reading<'_, Option<Group>> {
        self.read(self.inner.group(query))
    }

    fn members(&self, query: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        self.read(self.inner.members(query))
    }

    fn receipts(&self, query: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        self.read(self.inner.receipts(query))
    }

    fn search(&self, query: SearchQuery) -> Reading<'_, Found> {
        self.read(self.inner.search(query))
    }

    fn devices<'a>(&'a self, account: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        self.read(self.inner.devices(account))
    }

    fn users<'a>(&'a self, app: &'a AppId, users: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        self.read(self.inner.users(app, users))
    }

    fn age(&self, before: Micros) -> Reading<'_, bool> {
        Box::pin(async move {
            self.exits.push(Exit::Aged(before));
            self.inner.age(before).await
        })
    }

    fn index(&self) -> Reading<'_, bool> {
        self.inner.index()
    }

    fn hooks<'a>(&'a self, app: &'a AppId, limit: usize, now: Micros) -> Reading<'a, Vec<Hook>> {
        self.inner.hooks(app, limit, now)
    }

    fn hooks_done(&self, hooks: Vec<HookId>) -> Reading<'_, ()> {
        self.inner.hooks_done(hooks)
    }

    fn hook_failed(&self, hook: HookId, due: Micros) -> Reading<'_, ()> {
        self.inner.hook_failed(hook, due)
    }

    fn ping(&self) -> Reading<'_, ()> {
        self.inner.ping()
    }
}

impl BroadcastStore for FaultyStore {
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        Box::pin(async move {
            self.delay(|faults| faults.commit_ms + faults.slower_ms)
                .await;
            let fate = self.fate();
            match fate {
                Fate::Fails { is_done: false } => return Err(failure()),
                Fate::Crashes { is_done: false } => return self.die(false).await,
                Fate::Done | Fate::Fails { .. } | Fate::Crashes { .. } => {}
            }
            let result = self.inner.command(command, now).await?;
            if let Ok(row) = &result {
                self.exits.push(Exit::Broadcast(Box::new(row.clone())));
            }
            match fate {
                Fate::Done => Ok(result),
                Fate::Fails { .. } => Err(failure()),
                Fate::Crashes { .. } => self.die(true).await,
            }
        })
    }

    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>> {
        self.read(self.inner.broadcast(app, id))
    }

    fn broadcasts<'a>(
        &'a self,
        app: &'a AppId,
        before: Option<BroadcastId>,
        states: &'a [BroadcastState],
        limit: usize,
    ) -> Reading<'a, Vec<BroadcastRow>> {
        self.read(self.inner.broadcasts(app, before, states, limit))
    }

    fn audit<'a>(
        &'a self,
        app: &'a AppId,
        broadcast: Option<BroadcastId>,
        before: Option<u64>,
        limit: usize,
    ) -> Reading<'a, Vec<AuditRow>> {
        self.inner.audit(app, broadcast, before, limit)
    }

    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        self.read(self.inner.allow_list(app))
    }

    fn change_allow_list<'a>(
        &'a self,
        app: &'a AppId,
        operator: &'a UserId,
        change: AllowListChange,
        now: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>> {
        Box::pin(async move {
            let changed = self
                .inner
                .change_allow_list(app, operator, change, now)
                .await?;
            if let Ok(users) = &changed {
                self.exits.push(Exit::Listed(users.clone()));
            }
            Ok(changed)
        })
    }

    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges> {
        self.read(self.inner.public_changes(after))
    }

    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool> {
        self.inner.age_broadcasts(before)
    }

    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()> {
        self.inner.put_reach(rows)
    }

    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        self.inner.reach(app, id)
    }
}
