//! What users have seen of the public mailbox: a marker for each user and broadcast. Devices
//! are told of the first time, and of the first time that it was opened.

use seqline_protocol::{BroadcastId, Item};

use super::{ConvKey, EntryKind, SeenRow, UserKey, fanout::News, ledger::Ledger, names::OpKeys};
use crate::{
    limits::SEEN_MAX,
    store::{Done, OpResult, Refusal, Seen},
};

/// A marker, as it is in this batch.
pub(super) struct Marker {
    pub(super) row: SeenRow,
    pub(super) is_changed: bool,
}

impl Ledger<'_> {
    pub(super) fn seen(&mut self, seen: &Seen, keys: OpKeys<'_>) -> OpResult {
        if seen.broadcasts.len() > SEEN_MAX {
            return Err(Refusal::TooManySeen(SEEN_MAX));
        }
        let mut new = Vec::new();
        let Some(user) = keys.user else {
            return Ok(Done::Seen { new });
        };
        for id in &seen.broadcasts {
            let Some(marker) = self.seen.get_mut(&(*id, user)) else {
                continue;
            };
            let row = &mut marker.row;
            let is_first = !row.is_claimed;
            let is_news = is_first || seen.opened && !row.is_opened;
            if is_first {
                row.is_claimed = true;
                row.device.clone_from(&seen.device);
            }
            if is_first || row.device.is_some() && row.device == seen.device {
                new.push(*id);
            }
            if is_news {
                row.is_opened |= seen.opened;
                marker.is_changed = true;
                self.tell_seen(user, *id, seen.opened);
            }
        }
        Ok(Done::Seen { new })
    }

    fn tell_seen(&mut self, user: UserKey, broadcast: BroadcastId, opened: bool) {
        let item = Item::Seen { broadcast, opened };
        let news = News {
            conv_seq: broadcast.get(),
            read: Some(u64::from(opened)),
            ..News::new(EntryKind::Seen, ConvKey::NONE, item)
        };
        self.tell(user, &news);
    }
}
