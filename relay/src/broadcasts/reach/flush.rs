//! Writes what changed, every now and then.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Reach;
use crate::{
    clock::Clock,
    counters::Counters,
    limits::REACH_ROWS_PER_WRITE,
    store::{BroadcastStore, ReachRow, StoreError},
};

/// Something else that goes the same way: rows that changed since they were last asked for.
pub trait ReachSource: Send + Sync {
    /// Those that changed.
    fn take_changed(&self) -> Vec<ReachRow>;

    /// They could not be written: they count as changed.
    fn give_back(&self, rows: &[ReachRow]);
}

/// The task that writes.
pub struct ReachFlush {
    /// What was counted.
    pub reach: Arc<Reach>,
    /// What goes with it.
    pub beside: Arc<dyn ReachSource>,
    /// Where it is written.
    pub store: Arc<dyn BroadcastStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Counts writes.
    pub counters: Arc<Counters>,
    /// How often.
    pub every: Duration,
}

impl ReachFlush {
    /// Until told to stop: then once more.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let is_last = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                () = sleep(self.every) => false,
            };
            // Not counted twice, nor lost: what could not be written counts as changed.
            if let Err(error) = self.flush().await {
                tracing::error!(%error, "reach could not be written; it is tried again");
                self.counters.reach_flushes_failed.add(1);
            }
            if is_last {
                return;
            }
        }
    }

    /// Nothing changed, nothing written.
    async fn flush(&self) -> Result<(), StoreError> {
        let mut rows = self.beside.take_changed();
        loop {
            let room = REACH_ROWS_PER_WRITE.saturating_sub(rows.len());
            rows.extend(self.reach.take_changed(room));
            let is_full = rows.len() >= REACH_ROWS_PER_WRITE;
            if !rows.is_empty() {
                if let Err(error) = self.store.put_reach(rows.clone()).await {
                    self.reach.give_back(&rows);
                    self.beside.give_back(&rows);
                    return Err(error);
                }
                self.counters.reach_flushes.add(1);
            }
            if !is_full {
                break;
            }
            rows.clear();
        }
        self.reach.let_go(self.clock.now().wall);
        Ok(())
    }
}
