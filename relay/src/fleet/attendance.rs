//! Says in the database that this relay is there, so that its users count as connected.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::{
    limits::{RELAY_BEAT_MS_MAX, RELAY_LEASE_MS_MIN},
    store::{RelayId, StoreError},
};

/// It counts as there for so many beats more.
const LEASE_BEATS: u32 = 4;

impl Fleet {
    /// Before anyone connects: who did would count as gone until then.
    pub async fn arrive(&self) {
        if self.store.shared_as().is_some()
            && let Err(error) = self.hold().await
        {
            tracing::warn!(%error, "could not say in the database that this relay is there");
        }
    }

    pub(super) async fn attend(self: Arc<Self>, stop: CancellationToken) {
        let mut known = None;
        loop {
            match self.hold().await {
                Ok(others) => {
                    // Users of those that are gone, or back, are no longer what they were.
                    if known.as_ref().is_some_and(|known| *known != others) {
                        self.presence.look_at_all();
                    }
                    known = Some(others);
                }
                Err(error) => tracing::debug!(%error, "could not renew this relay's lease"),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep(self.attendance_beat()) => {}
            }
        }
        // Otherwise it counts as gone a little later.
        if let Err(error) = self.store.leave().await {
            tracing::debug!(%error, "could not end this relay's lease");
        }
    }

    async fn hold(&self) -> Result<Vec<RelayId>, StoreError> {
        let lease_min = Duration::from_millis(RELAY_LEASE_MS_MIN);
        let lease = (self.attendance_beat() * LEASE_BEATS).max(lease_min);
        self.store.attend(lease).await
    }

    fn attendance_beat(&self) -> Duration {
        let beat_max = Duration::from_millis(RELAY_BEAT_MS_MAX);
        self.rules.sweep_interval.min(beat_max)
    }
}
