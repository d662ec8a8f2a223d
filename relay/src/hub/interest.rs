//! What this relay wants to hear of others, as sessions come and go.

use std::collections::BTreeSet;

use super::{Hub, Sessions};
use crate::{bus::Topic, limits::BUS_TOPICS_MAX, store::Timeline};

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
    /// Topics that may have become needed, or not needed any more, and which of the two: at most
    /// so many, and those since it was first asked.
    pub fn take_interest(&self, limit: usize) -> Vec<(Topic, bool)> {
        let mut sessions = self.sessions();
        sessions.interest.is_asked = true;
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(topic) = sessions.interest.changed.pop_first()
        {
            let is_wanted = sessions.wants(&topic);
            taken.push((topic, is_wanted));
        }
        taken
    }

    /// Waits until there may be some to take.
    pub async fn interest_changed(&self) {
        self.interest_changed.notified().await;
    }

    /// A hint came about something that may not be here.
    pub fn doubt_interest(&self, topic: Topic) {
        self.sessions().interest.changed(|| topic);
        self.notice_interest();
    }

    pub(super) fn notice_interest(&self) {
        self.interest_changed.notify_one();
    }
}

impl Sessions {
    fn wants(&self, topic: &Topic) -> bool {
        match topic {
            Topic::All => true,
            Topic::User(account) => self.by_account.contains_key(account),
            Topic::Crowd(app, conv) => {
                let timeline = Timeline::Crowd(app.clone(), conv.clone());
                self.crowds.told_up_to(&timeline).is_some()
            }
        }
    }
}
