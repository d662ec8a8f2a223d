//! From snapshots to waves.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{SeenWave, Waves};
use crate::{
    broadcasts::Snapshot,
    store::{BroadcastRow, BroadcastState},
};

impl Waves {
    /// Looks at each snapshot that comes into use, until it is stopped.
    pub async fn follow(
        self: Arc<Self>,
        mut snapshots: watch::Receiver<Arc<Snapshot>>,
        stop: CancellationToken,
    ) {
        loop {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            self.see(&waves(&snapshot));
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = snapshots.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }
}

fn waves(snapshot: &Snapshot) -> Vec<SeenWave> {
    let apps = snapshot.apps();
    apps.flat_map(|(name, app)| {
        let told = app.posted().iter().filter(|one| is_told(one.row()));
        told.filter_map(move |one| {
            Some(SeenWave {
                app: name.clone(),
                broadcast: one.id(),
                wave: one.row().wave?,
                pub_head: app.head(),
            })
        })
    })
    .collect()
}

/// Whether there is anything to be pulled, for some.
fn is_told(row: &BroadcastRow) -> bool {
    !row.is_deleted
        && matches!(
            row.state,
            BroadcastState::Staged | BroadcastState::Published
        )
}
