//! Who watches whom, and what is to be told when: plain state.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
    time::Duration,
};

use seqline_protocol::{AppId, Micros, UserId};

use super::{Seen, sibling};
use crate::{
    account::Account,
    clock::Now,
    limits::{PRESENCE_INTERVAL_MS, PRESENCE_WATCHED_MAX},
    mailbox::Mailbox,
};

#[derive(Default)]
pub(super) struct Watching {
    watched: BTreeMap<Account, Watched>,
    watchers: BTreeMap<u64, Watcher>,
    due: BTreeSet<(Duration, u64)>,
}

struct Watched {
    /// None until it is read.
    is_shared: Option<bool>,
    is_online: bool,
    last_seen: Micros,
    watchers: BTreeSet<u64>,
}

/// What was read of a user.
pub(super) struct Found {
    pub(super) is_shared: bool,
    pub(super) is_online: bool,
    pub(super) last_seen: Micros,
}

/// What came of that.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing, or nothing that can be seen.
    Same,
    /// It is to be told.
    News,
    /// She seems to have gone: to be looked at again.
    Doubtful,
}

struct Watcher {
    mailbox: Arc<Mailbox>,
    users: BTreeSet<Account>,
    /// The newest of each that is not told yet.
    news: BTreeMap<UserId, Seen>,
    /// Not told again before.
    rests_until: Duration,
    due: Option<Duration>,
}

impl Watching {
    /// Gives those who were not watched before, or how many there would be if they are
    /// too many.
    pub(super) fn watch(
        &mut self,
        app: &AppId,
        mailbox: &Arc<Mailbox>,
        users: &[UserId],
    ) -> Result<Vec<UserId>, usize> {
        let key = mailbox.key();
        let known = self.watchers.get(&key);
        let new: BTreeSet<&UserId> = users
            .iter()
            .filter(|user| known.is_none_or(|one| !one.users.contains(&sibling(app, user))))
            .collect();
        let would_be = known.map_or(0, |one| one.users.len()) + new.len();
        if would_be > PRESENCE_WATCHED_MAX {
            return Err(would_be);
        }
        let watcher = self.watchers.entry(key).or_insert_with(|| Watcher {
            mailbox: Arc::clone(mailbox),
            users: BTreeSet::new(),
            news: BTreeMap::new(),
            rests_until: Duration::ZERO,
            due: None,
        });
        for user in &new {
            let account = sibling(app, user);
            let watched = self.watched.entry(account.clone()).or_insert(Watched {
                is_shared: None,
                is_online: false,
                last_seen: Micros::ZERO,
                watchers: BTreeSet::new(),
            });
            watched.watchers.insert(key);
            watcher.users.insert(account);
        }
        Ok(new.into_iter().cloned().collect())
    }

    /// What was read of a user; what came since is newer. Gives how she looks.
    pub(super) fn learn(&mut self, account: &Account, is_shared: bool, read: Seen) -> Seen {
        let Some(watched) = self.watched.get_mut(account) else {
            return read;
        };
        if watched.is_shared.is_none() {
            watched.is_shared = Some(is_shared);
            watched.is_online = read.online;
            watched.last_seen = watched.last_seen.max(read.last_seen_us);
        }
        watched.seen(&account.user)
    }

    /// Whether anyone watches a user.
    pub(super) fn has(&self, account: &Account) -> bool {
        self.watched.contains_key(account)
    }

    /// Those who are watched, after one, in their order.
    pub(super) fn after(&self, after: Option<&Account>, limit: usize) -> Vec<Account> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let watched = self.watched.range((from, Bound::Unbounded));
        watched.take(limit).map(|(one, _)| one.clone()).collect()
    }

    /// Gives those whom no one watches any more.
    pub(super) fn unwatch(&mut self, app: &AppId, key: u64, users: &[UserId]) -> Vec<UserId> {
        let mut unwatched = Vec::new();
        for user in users {
            let account = sibling(app, user);
            if let Some(watcher) = self.watchers.get_mut(&key) {
                watcher.users.remove(&account);
                watcher.news.remove(user);
            }
            if self.unlink(&account, key) {
                unwatched.push(user.clone());
            }
        }
        if self
            .watchers
            .get(&key)
            .is_some_and(|watcher| watcher.users.is_empty())
        {
            self.forget(key);
        }
        unwatched
    }

    /// Gives those whom no one watches any more.
    pub(super) fn forget(&mut self, key: u64) -> Vec<Account> {
        let Some(watcher) = self.watchers.remove(&key) else {
            return Vec::new();
        };
        if let Some(due) = watcher.due {
            self.due.remove(&(due, key));
        }
        let users = watcher.users.into_iter();
        users.filter(|account| self.unlink(account, key)).collect()
    }

    /// A user is online or not. Whether anyone is to be told.
    pub(super) fn change(&mut self, account: &Account, is_online: bool, now: Now) -> bool {
        let Some(watched) = self.watched.get_mut(account) else {
            return false;
        };
        let is_news = watched.is_online != is_online;
        watched.is_online = is_online;
        if is_news {
            watched.last_seen = now.wall;
        }
        is_news && watched.is_shared == Some(true) && self.tell(account, now)
    }

    /// A user was read again. That she has gone is believed if it has settled.
    pub(super) fn find(
        &mut self,
        account: &Account,
        found: &Found,
        is_settled: bool,
        now: Now,
    ) -> Finding {
        let Some(watched) = self.watched.get_mut(account) else {
            return Finding::Same;
        };
        let Some(was_shared) = watched.is_shared else {
            // Whoever watches her is reading just that.
            return Finding::Same;
        };
        if watched.is_online && !found.is_online && !is_settled {
            return Finding::Doubtful;
        }
        let is_change = watched.is_online != found.is_online;
        watched.is_shared = Some(found.is_shared);
        watched.is_online = found.is_online;
        watched.last_seen = watched.last_seen.max(found.last_seen);
        let is_seen = is_change && found.is_shared;
        if (is_seen || was_shared != found.is_shared) && self.tell(account, now) {
            Finding::News
        } else {
            Finding::Same
        }
    }

    /// A user shares it from now on, or no longer; and is connected here or not.
    pub(super) fn share(&mut self, account: &Account, is_shared: bool, is_online: bool, now: Now) {
        if let Some(watched) = self.watched.get_mut(account) {
            let before = watched.is_shared.replace(is_shared);
            watched.is_online |= is_online;
            if is_online {
                watched.last_seen = now.wall;
            }
            if before != Some(is_shared) {
                self.tell(account, now);
            }
        }
    }

    /// What is to be told by now.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(Arc<Mailbox>, Vec<Seen>)> {
        let mut told = Vec::new();
        while let Some(&(at, key)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            if let Some(watcher) = self.watchers.get_mut(&key) {
                watcher.due = None;
                watcher.rests_until = now + Duration::from_millis(PRESENCE_INTERVAL_MS);
                let news = std::mem::take(&mut watcher.news);
                if !news.is_empty() {
                    told.push((Arc::clone(&watcher.mailbox), news.into_values().collect()));
                }
            }
        }
        told
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    fn tell(&mut self, account: &Account, now: Now) -> bool {
        let Some(watched) = self.watched.get(account) else {
            return false;
        };
        let seen = watched.seen(&account.user);
        for key in &watched.watchers {
            if let Some(watcher) = self.watchers.get_mut(key) {
                watcher.news.insert(account.user.clone(), seen.clone());
                if watcher.due.is_none() {
                    let at = watcher.rests_until.max(now.uptime);
                    watcher.due = Some(at);
                    self.due.insert((at, *key));
                }
            }
        }
        true
    }

    /// Whether no one watches her any more.
    fn unlink(&mut self, account: &Account, key: u64) -> bool {
        let Some(watched) = self.watched.get_mut(account) else {
            return false;
        };
        watched.watchers.remove(&key);
        let is_last = watched.watchers.is_empty();
        if is_last {
            self.watched.remove(account);
        }
        is_last
    }
}

impl Watched {
    /// To others, who does not share it looks like someone who never was here.
    fn seen(&self, user: &UserId) -> Seen {
        let is_shared = self.is_shared == Some(true);
        Seen {
            user: user.clone(),
            online: is_shared && self.is_online,
            last_seen_us: if is_shared {
                self.last_seen
            } else {
                Micros::ZERO
            },
        }
    }
}

#[cfg(test)]
mod tests;
