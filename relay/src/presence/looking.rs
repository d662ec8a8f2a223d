//! Reads whether those who are watched are connected to other relays.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seqline_protocol::{AppId, UserId};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    Presence,
    looks::Look,
    watching::{Finding, Found},
};
use crate::{
    account::Account,
    limits::PRESENCE_STEP_USERS,
    store::{StoreError, UserState},
    ticker::Ticker,
};

impl Presence {
    /// A user may have come or gone elsewhere. False if no one here watches her.
    pub fn look_at(&self, account: &Account) -> bool {
        if self.store.shared_as().is_none() || !self.is_watched(account) {
            return false;
        }
        self.looks().soon(account.clone());
        self.looks_changed.notify_one();
        true
    }

    /// Anyone may have come or gone elsewhere.
    pub fn look_at_all(&self) {
        self.looks().all();
        self.looks_changed.notify_one();
    }

    /// Looks at the next ones of those who are watched, for what was not hinted at.
    pub fn look_at_some(&self) {
        self.looks().some();
        self.looks_changed.notify_one();
    }

    /// Looks at whoever is to be looked at, until told to stop.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let looking = async {
            loop {
                let now = self.ticker.clock().now().uptime;
                let due = self.looks().due();
                let wait = due.map_or(Duration::MAX, |due| due.saturating_sub(now));
                tokio::select! {
                    biased;
                    () = self.looks_changed.notified(), if !wait.is_zero() => continue,
                    () = sleep(wait) => {}
                }
                let now = self.ticker.clock().now().uptime;
                let looks = {
                    let watching = self.watching();
                    let watched = |after: Option<&Account>, limit| watching.after(after, limit);
                    self.looks().take(now, PRESENCE_STEP_USERS, watched)
                };
                self.look(looks).await;
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = looking => {}
        }
    }

    async fn look(self: &Arc<Self>, looks: Vec<Look>) {
        let mut by_app: BTreeMap<AppId, Vec<Look>> = BTreeMap::new();
        for look in looks {
            let app = look.account.app.clone();
            by_app.entry(app).or_default().push(look);
        }
        for (app, looks) in by_app {
            let users: Vec<_> = looks.iter().map(|look| look.account.user.clone()).collect();
            let states = self.store.users(&app, &users).await;
            self.note(&looks, states);
        }
    }

    fn note(self: &Arc<Self>, looks: &[Look], states: Result<Vec<UserState>, StoreError>) {
        let now = self.ticker.clock().now();
        let mut watching = self.watching();
        let mut is_news = false;
        match states {
            Ok(states) => {
                let states: BTreeMap<&UserId, &UserState> =
                    states.iter().map(|state| (&state.user, state)).collect();
                for Look {
                    account,
                    is_settled,
                } in looks
                {
                    // One whom the database does not know yet is not shown either.
                    let Some(state) = states.get(&account.user) else {
                        continue;
                    };
                    let found = Found {
                        is_shared: state.shares_presence,
                        is_online: state.is_elsewhere || self.hub.is_online(account),
                        last_seen: state.last_seen,
                    };
                    match watching.find(account, &found, *is_settled, now) {
                        Finding::Same => {}
                        Finding::News => is_news = true,
                        Finding::Doubtful => self.looks().later(account.clone(), now.uptime),
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "could not read who is connected to other relays");
                for look in looks {
                    self.looks().later(look.account.clone(), now.uptime);
                }
            }
        }
        drop(watching);
        if is_news {
            Ticker::wake(self);
        }
    }
}
