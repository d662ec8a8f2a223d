//! The one reader of the database: asks for what changed, once an interval.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use seqline_protocol::PubSeq;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{PublicMailbox, snapshot::Snapshot};
use crate::store::StoreError;

/// How the public mailbox goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRules {
    /// How long between two polls, on average.
    pub poll_ms: u64,
    /// How often devices look by themselves, in milliseconds; never, if none.
    pub refresh_ms: Option<u64>,
    /// The names that placeholders may have.
    pub attribute_names: BTreeSet<String>,
}

impl Default for PublicRules {
    fn default() -> Self {
        Self {
            poll_ms: 1_000,
            refresh_ms: Some(600_000),
            attribute_names: BTreeSet::new(),
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
                () = stop.cancelled() => return,
                () = sleep(self.wait()) => {}
            }
            tokio::select! {
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
