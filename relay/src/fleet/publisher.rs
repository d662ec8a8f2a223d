//! What this relay says to others.

use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::{
    bus::{BusError, Hint},
    limits::BUS_TOPICS_STEP,
};

impl Fleet {
    /// Says what waits, as fast as the bus takes it: what comes meanwhile goes together.
    pub(super) async fn publish(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.outbox.filled() => {}
            }
            let hints = self.outbox.take();
            if !hints.is_empty() {
                self.count(&hints, self.rules.bus.publish(&hints).await);
            }
        }
    }

    /// Says again and again that it is there.
    pub(super) async fn beat(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let hints = [Hint::Beat];
            self.count(&hints, self.rules.bus.publish(&hints).await);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(self.rules.sweep_interval) => {}
            }
        }
    }

    /// Keeps a bus that sorts by topic in step with who is connected.
    pub(super) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let changes = self.hub.take_interest(BUS_TOPICS_STEP);
            let following = async {
                if changes.is_empty() {
                    self.hub.interest_changed().await;
                } else {
                    self.rules.bus.follow(&changes).await;
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = following => {}
            }
        }
    }

    fn count(&self, hints: &[Hint], result: Result<(), BusError>) {
        match result {
            Ok(()) => self.counters.hints_told.add(hints.len()),
            Err(error) => {
                self.counters.hints_lost.add(hints.len());
                tracing::debug!(%error, hints = hints.len(), "other relays were not told");
            }
        }
    }
}
