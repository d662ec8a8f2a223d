//! How far a wave is: on this relay live, on the others as they last wrote it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use seqline_protocol::{AppId, BroadcastId};
use serde::Serialize;

use super::Waves;
use crate::{
    broadcasts::reach::ReachSource,
    store::{BroadcastStore, ReachRow, StoreError, Wave},
};

/// How far a wave is, in devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct WaveProgress {
    /// Devices of the app that were connected when it began.
    pub connected: u64,
    /// Those that were told. Fewer in the end if some disconnected, or it was stopped.
    pub told: u64,
    /// Those of them that have pulled what they were told of.
    pub pulled: u64,
}

impl WaveProgress {
    fn plus(self, other: Self) -> Self {
        Self {
            connected: self.connected + other.connected,
            told: self.told + other.told,
            pulled: self.pulled + other.pulled,
        }
    }

    /// Three numbers of 8 bytes.
    fn write(self) -> Vec<u8> {
        let numbers = [self.connected, self.told, self.pulled];
        numbers.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks();
        match (numbers, rest) {
            ([connected, told, pulled], []) => Some(Self {
                connected: u64::from_le_bytes(*connected),
                told: u64::from_le_bytes(*told),
                pulled: u64::from_le_bytes(*pulled),
            }),
            _ => None,
        }
    }
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Progress {
    connected: AtomicU64,
    told: AtomicU64,
    pulled: AtomicU64,
    has_changed: AtomicBool,
}

impl Progress {
    pub(super) fn found(&self, count: usize) {
        self.add(&self.connected, count);
    }

    pub(super) fn told(&self, count: usize) {
        self.add(&self.told, count);
    }

    pub(super) fn pulled(&self) {
        self.add(&self.pulled, 1);
    }

    fn add(&self, number: &AtomicU64, count: usize) {
        number.fetch_add(count as u64, Ordering::Relaxed);
        self.has_changed.store(true, Ordering::Release);
    }

    pub(super) fn get(&self) -> WaveProgress {
        WaveProgress {
            connected: self.connected.load(Ordering::Relaxed),
            told: self.told.load(Ordering::Relaxed),
            pulled: self.pulled.load(Ordering::Relaxed),
        }
    }
}

impl Waves {
    /// How far a wave is on all nodes: here as of now, elsewhere as of their last write.
    ///
    /// # Errors
    /// The store's.
    pub async fn progress(
        &self,
        store: &dyn BroadcastStore,
        app: &AppId,
        broadcast: BroadcastId,
        wave: Wave,
    ) -> Result<WaveProgress, StoreError> {
        let key = key(&wave);
        let rows = store.reach(app, broadcast).await?;
        let others = rows
            .iter()
            .filter(|row| row.key == key && row.node != self.node)
            .filter_map(|row| WaveProgress::read(&row.sketch));
        let own = self.progress_here(broadcast, wave).unwrap_or_else(|| {
            // Forgotten here, but written.
            let mut own = rows
                .iter()
                .filter(|row| row.key == key && row.node == self.node);
            own.find_map(|row| WaveProgress::read(&row.sketch))
                .unwrap_or_default()
        });
        Ok(others.fold(own, WaveProgress::plus))
    }

    /// How far a wave is on this relay; none if it is not known here, or no longer.
    #[must_use]
    pub fn progress_here(&self, broadcast: BroadcastId, wave: Wave) -> Option<WaveProgress> {
        let known = self.known();
        let one = known.get(&broadcast)?;
        (one.seen.wave == wave).then(|| one.progress.get())
    }
}

impl ReachSource for Waves {
    fn take_changed(&self) -> Vec<ReachRow> {
        let known = self.known();
        let changed = known
            .values()
            .filter(|one| one.progress.has_changed.swap(false, Ordering::Acquire));
        changed
            .map(|one| ReachRow {
                broadcast: one.seen.broadcast,
                node: self.node.clone(),
                key: key(&one.seen.wave),
                sketch: one.progress.get().write(),
            })
            .collect()
    }

    fn give_back(&self, rows: &[ReachRow]) {
        let known = self.known();
        for one in rows.iter().filter_map(|row| known.get(&row.broadcast)) {
            one.progress.has_changed.store(true, Ordering::Release);
        }
    }
}

fn key(wave: &Wave) -> String {
    format!("wave/{}", wave.starts_us)
}
