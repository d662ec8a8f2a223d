//! The one reader of the database: asks for what changed, once an interval.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use seqline_protocol::{AppId, PubSeq, UserId};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{PublicMailbox, lookup::LookupRules, snapshot::Snapshot};
use crate::store::{PublicChanges, StoreError};

/// How the public mailbox goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRules {
    /// How long between two polls, on average.
    pub poll_ms: u64,
    /// How often devices look by themselves, in milliseconds; never, if none.
    pub refresh_ms: Option<u64>,
    /// The names that placeholders may have.
    pub attribute_names: BTreeSet<String>,
    /// How often it is written how far broadcasts reached.
    pub reach_flush_ms: u64,
    /// The apps whose servers are asked about users' attributes.
    pub lookups: BTreeMap<AppId, LookupRules>,
    /// Users who are on the allow-lists whatever operators write there.
    pub allow_lists: BTreeMap<AppId, BTreeSet<UserId>>,
}

impl Default for PublicRules {
    fn default() -> Self {
        Self {
            poll_ms: 1_000,
            refresh_ms: Some(600_000),
            attribute_names: BTreeSet::new(),
            reach_flush_ms: 30_000,
            lookups: BTreeMap::new(),
            allow_lists: BTreeMap::new(),
        }
    }
}

impl PublicRules {
    /// Adds those whom the configuration allows to the lists that changed, and to those of
    /// which nothing is known yet.
    fn add_allowed(&self, changes: &mut PublicChanges, base: &Snapshot) {
        for (app, users) in &self.allow_lists {
            let mut lists = changes.allow_lists.iter_mut();
            match lists.find(|(name, _)| name == app) {
                Some((_, list)) => list.extend(users.iter().cloned()),
                None if base.apps().all(|(name, _)| name != app) => {
                    changes.allow_lists.push((app.clone(), users.clone()));
                }
                None => {}
            }
        }
    }
}

/// What is known of the polls there were.
#[derive(Debug, Default)]
pub(super) struct Polls {
    /// One at a time, so that a later one never is overtaken by an earlier one.
    turn: tokio::sync::Mutex<()>,
    /// When the last one that succeeded began, by the relay's uptime.
    last: Mutex<Option<Duration>>,
    is_failing: AtomicBool,
}

impl Polls {
    pub(super) fn last(&self) -> Option<Duration> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn succeeded(&self, began: Duration) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
    }
}

impl PublicMailbox {
    /// Polls until it is stopped.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(self.wait()) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.refresh() => {}
            }
        }
    }

    /// Polls now: what was committed before is in the snapshot afterwards. If the database
    /// fails, the snapshot stays as it is.
    pub async fn refresh(&self) {
        let _turn = self.polls.turn.lock().await;
        let began = self.clock.now().uptime;
        self.counters.public_polls.add(1);
        match self.poll().await {
            Ok(()) => {
                self.polls.succeeded(began);
                if self.polls.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("the public mailbox is up to date again");
                }
            }
            Err(error) => {
                self.counters.public_polls_failed.add(1);
                if !self.polls.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        %error,
                        "the public mailbox cannot be read; what was read last goes on to be shown"
                    );
                }
            }
        }
    }

    /// How old the snapshot is: since the last poll that succeeded. None if there was none.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let now = self.clock.now().uptime;
        self.polls.last().map(|last| now.saturating_sub(last))
    }

    async fn poll(&self) -> Result<(), StoreError> {
        let current = self.snapshot();
        let mut changes = self.store.public_changes(current.head()).await?;
        let mut base = current;
        let is_restored = changes.head < base.head();
        let is_far_behind = base.head() > PubSeq::ZERO && base.head().next() < changes.floor;
        if is_restored || is_far_behind {
            // From a backup, or after a long outage: nothing that is known holds.
            changes = self.store.public_changes(PubSeq::ZERO).await?;
            base = Arc::new(Snapshot::default());
        }
        self.rules.add_allowed(&mut changes, &base);
        if let Some(next) = base.after(changes, self.clock.now().wall) {
            self.snapshot.send_replace(Arc::new(next));
        }
        Ok(())
    }

    /// A tenth more or less, so that relays that were started together do not poll together.
    fn wait(&self) -> Duration {
        let poll_ms = self.rules.poll_ms.max(1);
        let spread_ms = poll_ms / 5 + 1;
        Duration::from_millis(poll_ms - poll_ms / 10 + self.entropy.number() % spread_ms)
    }
}
