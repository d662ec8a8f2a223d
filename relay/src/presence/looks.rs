//! Of whom it is to be read whether she is connected to another relay, and when: plain state.
//!
//! That someone has gone is believed only of a look that comes a moment after the first sign of
//! it: who moves from one relay to another has often left the one before the other has noted her.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use crate::{
    account::Account,
    limits::{PRESENCE_LOOKS_MAX, PRESENCE_SETTLE_MS, PRESENCE_SWEEP_USERS},
};

/// A user to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) account: Account,
    /// Whether it is believed that she has gone, if it looks like that.
    pub(super) is_settled: bool,
}

#[derive(Default)]
pub(super) struct Looks {
    soon: BTreeSet<Account>,
    /// In the order of their times, since all wait equally long.
    later: VecDeque<(Duration, Account)>,
    round: Option<Round>,
    /// Where the next round goes on that does not come to all.
    resume_after: Option<Account>,
}

struct Round {
    after: Option<Account>,
    left: usize,
}

impl Looks {
    pub(super) fn soon(&mut self, account: Account) {
        if self.soon.len() < PRESENCE_LOOKS_MAX {
            self.soon.insert(account);
        } else {
            self.all();
        }
    }

    /// Once it has settled.
    pub(super) fn later(&mut self, account: Account, now: Duration) {
        if self.later.len() < PRESENCE_LOOKS_MAX {
            let at = now + Duration::from_millis(PRESENCE_SETTLE_MS);
            self.later.push_back((at, account));
        } else {
            self.all();
        }
    }

    /// At everyone who is watched.
    pub(super) fn all(&mut self) {
        self.round = Some(Round {
            after: None,
            left: usize::MAX,
        });
    }

    /// At the next ones of those who are watched.
    pub(super) fn some(&mut self) {
        if self.round.is_none() {
            self.round = Some(Round {
                after: self.resume_after.take(),
                left: PRESENCE_SWEEP_USERS,
            });
        }
    }

    /// The next ones to look at by now. `watched` gives those after one, in their order.
    pub(super) fn take(
        &mut self,
        now: Duration,
        limit: usize,
        watched: impl FnOnce(Option<&Account>, usize) -> Vec<Account>,
    ) -> Vec<Look> {
        let mut looks = Vec::new();
        while looks.len() < limit
            && let Some((at, _)) = self.later.front()
            && *at <= now
        {
            let (_, account) = self.later.pop_front().expect("there is a first one");
            self.soon.remove(&account);
            looks.push(settled(account));
        }
        while looks.len() < limit
            && let Some(account) = self.soon.pop_first()
        {
            looks.push(unsettled(account));
        }
        if looks.is_empty()
            && let Some(mut round) = self.round.take()
        {
            let limit = limit.min(round.left);
            let page = watched(round.after.as_ref(), limit);
            let is_last = page.len() < limit;
            round.left -= page.len();
            round.after = page.last().cloned();
            if !is_last && round.left > 0 {
                self.round = Some(round);
            } else if !is_last {
                self.resume_after = round.after;
            }
            looks.extend(page.into_iter().map(unsettled));
        }
        looks
    }

    /// When the next ones are due; at once, if any are.
    pub(super) fn due(&self) -> Option<Duration> {
        if !self.soon.is_empty() || self.round.is_some() {
            return Some(Duration::ZERO);
        }
        self.later.front().map(|(at, _)| *at)
    }
}

fn settled(account: Account) -> Look {
    Look {
        account,
        is_settled: true,
    }
}

fn unsettled(account: Account) -> Look {
    Look {
        account,
        is_settled: false,
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, UserId};

    use super::*;

    fn account(name: &str) -> Account {
        Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new(name).unwrap(),
        }
    }

    fn names(looks: &[Look]) -> Vec<(&str, bool)> {
        looks
            .iter()
            .map(|look| (look.account.user.as_str(), look.is_settled))
            .collect()
    }

    fn no_one(_: Option<&Account>, _: usize) -> Vec<Account> {
        Vec::new()
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_is_doubted_is_looked_at_once_it_has_settled() {
        let mut looks = Looks::default();
        assert_eq!(looks.due(), None);
        looks.later(account("alice"), ms(5));
        looks.soon(account("bob"));
        looks.soon(account("bob"));
        assert_eq!(looks.due(), Some(Duration::ZERO));
        assert_eq!(names(&looks.take(ms(5), 10, no_one)), [("bob", false)]);
        let settles = ms(5 + PRESENCE_SETTLE_MS);
        assert_eq!(looks.due(), Some(settles));
        assert!(looks.take(settles - ms(1), 10, no_one).is_empty());
        looks.soon(account("alice"));
        assert_eq!(names(&looks.take(settles, 10, no_one)), [("alice", true)]);
        assert_eq!(looks.due(), None);
    }

    #[test]
    fn a_round_goes_on_where_the_last_one_ended_and_comes_to_all() {
        let all: Vec<_> = (0..2 * PRESENCE_SWEEP_USERS + 3)
            .map(|n| account(&format!("u{n:08}")))
            .collect();
        let watched = |after: Option<&Account>, limit: usize| {
            let rest = all
                .iter()
                .filter(|one| after.is_none_or(|after| *one > after));
            rest.take(limit).cloned().collect::<Vec<_>>()
        };
        let mut looks = Looks::default();
        let mut seen = Vec::new();
        for round in 1..=3 {
            looks.some();
            while looks.due().is_some() {
                seen.extend(looks.take(ms(0), 1_000, watched));
            }
            assert_eq!(seen.len(), all.len().min(round * PRESENCE_SWEEP_USERS));
        }
        let accounts: Vec<_> = seen.into_iter().map(|look| look.account).collect();
        assert_eq!(accounts, all);
        // And from the beginning.
        looks.some();
        assert_eq!(looks.take(ms(0), 1, watched)[0].account, all[0]);
    }

    #[test]
    fn more_than_can_be_noted_is_a_look_at_all() {
        let mut looks = Looks::default();
        for n in 0..=PRESENCE_LOOKS_MAX {
            looks.soon(account(&format!("u{n}")));
            looks.later(account(&format!("u{n}")), ms(0));
        }
        assert_eq!(looks.soon.len(), PRESENCE_LOOKS_MAX);
        assert_eq!(looks.later.len(), PRESENCE_LOOKS_MAX);
        assert!(looks.round.is_some_and(|round| round.left == usize::MAX));
    }
}
