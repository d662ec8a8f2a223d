//! Which other relays are there: those that were heard lately.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{bus::NodeId, limits::FLEET_RELAYS_MAX};

/// All times are this relay's uptime.
#[derive(Default)]
pub(super) struct Company {
    /// Until when any of them counts as there, in milliseconds: asked with every commit.
    until_ms: AtomicU64,
    relays: Mutex<BTreeMap<NodeId, Duration>>,
}

impl Company {
    /// A relay was heard, and counts as there until then. Whether it did not before. Beyond the
    /// bound they are not told apart.
    pub(super) fn hear(&self, node: NodeId, until: Duration) -> bool {
        let until_ms = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until_ms.fetch_max(until_ms, Ordering::Relaxed);
        let mut relays = self.relays();
        let has_room = relays.len() < FLEET_RELAYS_MAX;
        match relays.get_mut(&node) {
            Some(known) => {
                *known = until;
                false
            }
            None if has_room => {
                relays.insert(node, until);
                true
            }
            None => false,
        }
    }

    /// Whether any is there.
    pub(super) fn is_there(&self, now: Duration) -> bool {
        now.as_millis() < u128::from(self.until_ms.load(Ordering::Relaxed))
    }

    /// A relay has said that it ends.
    pub(super) fn leave(&self, node: NodeId) {
        self.relays().remove(&node);
    }

    /// Those that were not heard in time.
    pub(super) fn take_gone(&self, now: Duration) -> Vec<NodeId> {
        let mut relays = self.relays();
        let gone = relays.extract_if(.., |_, until| *until <= now);
        gone.map(|(node, _)| node).collect()
    }

    fn relays(&self) -> MutexGuard<'_, BTreeMap<NodeId, Duration>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_is_not_heard_in_time_is_gone_and_may_come_back() {
        let company = Company::default();
        assert!(!company.is_there(s(0)));
        assert!(company.hear(NodeId(1), s(20)));
        assert!(!company.hear(NodeId(1), s(25)), "known");
        assert!(company.hear(NodeId(2), s(22)));
        assert!(company.take_gone(s(21)).is_empty());
        assert_eq!(company.take_gone(s(22)), [NodeId(2)]);
        assert!(company.is_there(s(24)));
        assert!(!company.is_there(s(25)));
        assert!(company.hear(NodeId(2), s(40)), "back");
        company.leave(NodeId(1));
        assert!(company.take_gone(s(30)).is_empty());
    }

    #[test]
    fn invented_relays_take_bounded_memory() {
        let company = Company::default();
        for node in 0..2 * FLEET_RELAYS_MAX as u64 {
            company.hear(NodeId(node), s(20));
        }
        assert_eq!(company.relays().len(), FLEET_RELAYS_MAX);
    }
}
