//! What users have seen of the public mailbox.

use seqline_protocol::{BroadcastId, Item};
use seqline_relay::store::Seen;

use super::model::{Got, Model, News};
use crate::{operators::draft, support::Fresh};

/// Users are shown so many; the next one is a draft.
const SHOWN: u64 = 2;
/// Ids that operations name: those, the draft, and one that does not exist.
pub(super) const NAMED: u64 = SHOWN + 2;

/// A user's marker: the device that was first, and whether it was opened.
pub(super) struct Marker {
    device: Option<String>,
    is_opened: bool,
}

/// Before anything else, in the store.
pub(super) async fn publish(store: &Fresh) {
    for id in 1..=SHOWN {
        let row = store.published("shown").await;
        assert_eq!(row.id.get(), id);
    }
    store.create(draft("not shown")).await;
}

impl Model {
    pub(super) fn see(&mut self, seen: &Seen) -> Got {
        let name = seen.account.user.as_str();
        let device = seen
            .device
            .as_ref()
            .map(|device| device.as_str().to_owned());
        let mut new = Vec::new();
        for id in &seen.broadcasts {
            if id.get() > SHOWN {
                continue;
            }
            let key = (name.to_owned(), id.get());
            let is_first = !self.seen.contains_key(&key);
            let marker = self.seen.entry(key).or_insert_with(|| Marker {
                device: device.clone(),
                is_opened: false,
            });
            let is_own = device.is_some() && marker.device == device;
            let is_told = is_first || seen.opened && !marker.is_opened;
            marker.is_opened |= seen.opened;
            if is_first || is_own {
                new.push(id.get());
            }
            if is_told {
                self.tell_seen(name, *id, seen.opened);
            }
        }
        Got::Seen(new)
    }

    fn tell_seen(&mut self, name: &str, broadcast: BroadcastId, opened: bool) {
        let item = Item::Seen { broadcast, opened };
        self.tell(name, News::other(item));
    }
}
