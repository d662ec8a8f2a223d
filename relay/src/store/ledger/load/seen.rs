//! Markers at broadcasts.

use std::collections::BTreeSet;

use seqline_protocol::BroadcastId;

use super::{
    super::{Transaction, UserKey, seen::Marker},
    Load,
};
use crate::{limits::SEEN_MAX, store::Op};

impl Load<'_, '_> {
    /// Users are locked: what they have seen cannot change any more.
    pub(super) async fn seen<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut wanted: BTreeSet<(BroadcastId, UserKey)> = BTreeSet::new();
        for (index, op) in self.ops.iter().enumerate() {
            if let Op::Seen(seen) = op
                && let Some(user) = self.keys.of(index).user
                && seen.broadcasts.len() <= SEEN_MAX
            {
                wanted.extend(seen.broadcasts.iter().map(|id| (*id, user)));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let rows = tx.seen(&wanted).await?;
        for (key, row) in wanted.into_iter().zip(rows) {
            if let Some(row) = row {
                let marker = Marker {
                    row,
                    is_changed: false,
                };
                self.ledger.seen.insert(key, marker);
            }
        }
        Ok(())
    }
}
