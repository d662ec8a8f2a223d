//! What waits to be told to other relays: of each timeline its newest head only, so that the
//! busier a relay is, the less it says of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use seqline_protocol::Seq;
use tokio::sync::Notify;

use crate::{
    account::Account, bus::Hint, limits::BUS_HINTS_WAITING_MAX, store::Timeline,
    traces::TraceParent,
};

#[derive(Default)]
pub(super) struct Outbox {
    content: Mutex<Content>,
    filled: Notify,
}

#[derive(Default)]
struct Content {
    grown: BTreeMap<Timeline, Growth>,
    /// Users who came, went, or share that or no longer.
    present: BTreeSet<Arc<Account>>,
    others: Vec<Hint>,
    is_too_much: bool,
}

/// How a timeline has grown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// Its newest entry.
    pub(super) head: Seq,
    /// Whether its user follows other large conversations now.
    pub(super) crowds: bool,
    /// Of one of its new messages, if that is traced.
    pub(super) trace: Option<TraceParent>,
}

impl Outbox {
    /// Beyond the bound it is told once that there was too much to tell.
    pub(super) fn add(&self, hint: Hint) {
        {
            let mut content = self.content();
            if content.others.len() >= BUS_HINTS_WAITING_MAX {
                content.is_too_much = true;
            } else {
                content.others.push(hint);
            }
        }
        self.filled.notify_one();
    }

    /// What is lost for good beyond the bound: best effort.
    pub(super) fn add_if_room(&self, hint: Hint) {
        {
            let others = &mut self.content().others;
            if others.len() < BUS_HINTS_WAITING_MAX {
                others.push(hint);
            }
        }
        self.filled.notify_one();
    }

    pub(super) fn add_grown<'a>(&self, grown: impl Iterator<Item = (&'a Timeline, Growth)>) {
        {
            let mut content = self.content();
            for (timeline, growth) in grown {
                if let Some(known) = content.grown.get_mut(timeline) {
                    *known = Growth {
                        head: growth.head.max(known.head),
                        crowds: growth.crowds || known.crowds,
                        trace: growth.trace.or(known.trace),
                    };
                } else if content.grown.len() >= BUS_HINTS_WAITING_MAX {
                    content.is_too_much = true;
                } else {
                    content.grown.insert(timeline.clone(), growth);
                }
            }
        }
        self.filled.notify_one();
    }

    /// Beyond the bound it is not told: others look by themselves now and then.
    pub(super) fn add_presence<'a>(&self, of: impl Iterator<Item = &'a Arc<Account>>) {
        {
            let present = &mut self.content().present;
            let room = BUS_HINTS_WAITING_MAX.saturating_sub(present.len());
            present.extend(of.take(room).cloned());
        }
        self.filled.notify_one();
    }

    /// May return although there is nothing.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    pub(super) fn take(&self) -> Vec<Hint> {
        let content = std::mem::take(&mut *self.content());
        let mut hints = content.others;
        let present = content.present.into_iter();
        hints.extend(present.map(|of| Hint::Presence { of: (*of).clone() }));
        // The rest is found by whoever looks: no need to tell any of it.
        if content.is_too_much {
            hints.push(Hint::Overflow);
        } else {
            let grown = content.grown.into_iter();
            hints.extend(grown.map(|(timeline, growth)| {
                Hint::grown(&timeline, growth.head, growth.crowds, growth.trace)
            }));
        }
        hints
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, UserId};

    use super::*;

    fn timeline(user: &str) -> Timeline {
        Timeline::User(Arc::new(Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new(user).unwrap(),
        }))
    }

    fn grown(head: u64, crowds: bool) -> Growth {
        Growth {
            head: seq(head),
            crowds,
            trace: None,
        }
    }

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    #[test]
    fn of_each_timeline_the_newest_head_is_told_once() {
        let outbox = Outbox::default();
        let (alice, bob) = (timeline("alice"), timeline("bob"));
        outbox.add_grown([(&alice, grown(1, true)), (&bob, grown(7, false))].into_iter());
        outbox.add_grown([(&alice, grown(2, false))].into_iter());
        let told = [
            Hint::grown(&alice, seq(2), true, None),
            Hint::grown(&bob, seq(7), false, None),
        ];
        assert_eq!(outbox.take(), told);
        assert_eq!(outbox.take(), []);
    }

    #[test]
    fn of_each_user_it_is_told_once_that_she_came_or_went() {
        let outbox = Outbox::default();
        let account = |user: &str| match timeline(user) {
            Timeline::User(account) => account,
            Timeline::Crowd(..) => unreachable!(),
        };
        let came = [account("bob"), account("alice"), account("bob")];
        outbox.add_presence(came.iter());
        let told = ["alice", "bob"].map(|user| Hint::Presence {
            of: (*account(user)).clone(),
        });
        assert_eq!(outbox.take(), told);
        let many: Vec<_> = (0..=BUS_HINTS_WAITING_MAX)
            .map(|at| account(&format!("u{at}")))
            .collect();
        outbox.add_presence(many.iter());
        outbox.add_presence(many.iter());
        assert_eq!(outbox.take().len(), BUS_HINTS_WAITING_MAX);
    }

    #[test]
    fn too_much_is_told_as_such_in_bounded_memory() {
        let outbox = Outbox::default();
        for at in 0..=BUS_HINTS_WAITING_MAX {
            outbox.add_grown([(&timeline(&format!("u{at}")), grown(1, false))].into_iter());
        }
        assert_eq!(outbox.content().grown.len(), BUS_HINTS_WAITING_MAX);
        assert_eq!(outbox.take(), [Hint::Overflow]);
        outbox.add_grown([(&timeline("alice"), grown(1, false))].into_iter());
        assert_eq!(outbox.take().len(), 1, "there is room again");
    }
}
