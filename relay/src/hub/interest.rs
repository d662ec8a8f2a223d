//! What this relay wants to hear of others, as sessions come and go.

use std::collections::BTreeSet;

use super::Hub;
use crate::{bus::Topic, limits::BUS_TOPICS_MAX};

/// Topics that someone may have begun or ceased to need. Nothing is noted before it is asked
/// for.
#[derive(Default)]
pub(super) struct Interest {
    is_asked: bool,
    changed: BTreeSet<Topic>,
}

impl Interest {
    /// Beyond the bound it is not noted: what is not heard, sweeps find.
    pub(super) fn changed(&mut self, topic: impl FnOnce() -> Topic) {
        if self.is_asked && self.changed.len() < BUS_TOPICS_MAX {
            self.changed.insert(topic());
        }
    }
}

impl Hub {
    /// Topics that may have become needed, or not needed any more: at most so many, and those
    /// since it was first asked.
    pub fn take_interest(&self, limit: usize) -> Vec<Topic> {
        let interest = &mut self.sessions().interest;
        interest.is_asked = true;
        let topics = std::iter::from_fn(|| interest.changed.pop_first());
        topics.take(limit).collect()
    }

    /// Waits until there may be some to take.
    pub async fn interest_changed(&self) {
        self.interest_changed.notified().await;
    }

    /// Something may be needed from now on, or no longer; or a hint came about what may not be here.
    pub fn doubt_interest(&self, topic: Topic) {
        self.sessions().interest.changed(|| topic);
        self.notice_interest();
    }

    pub(super) fn notice_interest(&self) {
        self.interest_changed.notify_one();
    }
}
