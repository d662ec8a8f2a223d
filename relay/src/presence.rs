//! Who is online, on whichever relay. Only users who share it (`presence.share`) are ever shown as such;
//! others look like someone who never was here.
//!
//! Sessions that watch users are told of changes by `event` frames named `presence`, at
//! most one in [`PRESENCE_INTERVAL_MS`], best effort.
//!
//! Of its own users the hub knows; of those on other relays the database does, where each
//! device has the relay that it is connected to. Hints of other relays say whom to look at again;
//! without them, those who are watched are looked at with the sweeps.

mod looking;
mod looks;
mod watching;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::{AppId, ErrorCode, Micros, UserId};
use serde::Serialize;
use tokio::sync::Notify;

use self::{looks::Looks, watching::Watching};
use crate::{
    account::Account,
    api::ApiError,
    bus::Topic,
    clock::Clock,
    frames::{self, Shared},
    hub::Hub,
    limits::PRESENCE_WATCHED_MAX,
    mailbox::Mailbox,
    store::{Store, StoreError, UserState},
    ticker::{Tick, Ticker},
};

/// How a user's presence looks to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Seen {
    /// Who.
    pub user: UserId,
    /// Whether any device of hers is connected.
    pub online: bool,
    /// When one last was; zero if that is not known, or not shared.
    pub last_seen_us: Micros,
}

/// The presence of users.
pub struct Presence {
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
    watching: Mutex<Watching>,
    looks: Mutex<Looks>,
    looks_changed: Notify,
    ticker: Ticker,
}

impl Presence {
    /// No one watches yet.
    #[must_use]
    pub fn new(hub: Arc<Hub>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            hub,
            store,
            watching: Mutex::default(),
            looks: Mutex::default(),
            looks_changed: Notify::new(),
            ticker: Ticker::new(clock),
        })
    }

    /// How these users of an app look now, in the order in which they are named.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn get(&self, app: &AppId, users: &[UserId]) -> Result<Vec<Seen>, StoreError> {
        let states = self.store.users(app, users).await?;
        let seen = users.iter().map(|user| {
            let state = states.iter().find(|state| state.user == *user);
            self.seen(app, user, state)
        });
        Ok(seen.collect())
    }

    /// Those of these users of an app who have no device connected to any relay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn offline(&self, app: &AppId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let is_away = |user: &&UserId| !self.hub.is_online(&sibling(app, user));
        let mut away: Vec<_> = users.iter().filter(is_away).cloned().collect();
        if self.store.shared_as().is_some() && !away.is_empty() {
            let states = self.store.users(app, &away).await?;
            let elsewhere = states.into_iter().filter(|state| state.is_elsewhere);
            let elsewhere: BTreeSet<_> = elsewhere.map(|state| state.user).collect();
            away.retain(|user| !elsewhere.contains(user));
        }
        Ok(away)
    }

    /// A session is told of these users of its app from now on. How they look now.
    ///
    /// # Errors
    /// [`ErrorCode::FieldInvalid`] if it watches too many, or the store's; nothing has
    /// changed then.
    pub async fn watch(
        self: &Arc<Self>,
        app: &AppId,
        mailbox: &Arc<Mailbox>,
        users: &[UserId],
    ) -> Result<Vec<Seen>, ApiError> {
        // Watched first: what changes from now on is told, what was before is in what is read.
        let added = self.watching().watch(app, mailbox, users);
        let added = added.map_err(|would_be| {
            let text = format!(
                "a session watches at most {PRESENCE_WATCHED_MAX} users, and this would be \
                 {would_be}; use `presence.unwatch` first"
            );
            ApiError::new(ErrorCode::FieldInvalid, text)
        })?;
        self.need(app, &added);
        let states = match self.store.users(app, users).await {
            Ok(states) => states,
            Err(error) => {
                self.unwatch(app, mailbox, &added);
                return Err(error.into());
            }
        };
        let mut watching = self.watching();
        let seen = users.iter().map(|user| {
            let state = states.iter().find(|state| state.user == *user);
            let read = self.seen(app, user, state);
            let is_shared = state.is_some_and(|state| state.shares_presence);
            watching.learn(&sibling(app, user), is_shared, read)
        });
        Ok(seen.collect())
    }

    /// A session is told of these users no longer.
    pub fn unwatch(&self, app: &AppId, mailbox: &Mailbox, users: &[UserId]) {
        let unwatched = self.watching().unwatch(app, mailbox.key(), users);
        self.need(app, &unwatched);
    }

    /// A user shares her presence from now on, or no longer.
    pub fn shared(self: &Arc<Self>, account: &Account, is_shared: bool) {
        let now = self.ticker.clock().now();
        let is_online = self.hub.is_online(account);
        self.watching().share(account, is_shared, is_online, now);
        // What is being read may be older than this.
        self.look_at(account);
        Ticker::wake(self);
    }

    /// A session of this account has come or gone.
    pub fn changed(self: &Arc<Self>, account: &Account) {
        let is_news = {
            let mut watching = self.watching();
            let now = self.ticker.clock().now();
            // Asked while no one else can be: of two changes at once, the later one is told.
            let is_online = self.hub.is_online(account);
            if !is_online && self.store.shared_as().is_some() {
                // She may be on another relay.
                if watching.has(account) {
                    self.looks().later(account.clone(), now.uptime);
                    self.looks_changed.notify_one();
                }
                return;
            }
            watching.change(account, is_online, now)
        };
        if is_news {
            Ticker::wake(self);
        }
    }

    /// A session has ended: it watches no one.
    pub fn forget(&self, mailbox: &Mailbox) {
        let unwatched = self.watching().forget(mailbox.key());
        for account in unwatched {
            self.hub.doubt_interest(Topic::Presence(account));
        }
    }

    /// Whether anyone here watches a user.
    #[must_use]
    pub fn is_watched(&self, account: &Account) -> bool {
        self.watching().has(account)
    }

    fn seen(&self, app: &AppId, user: &UserId, state: Option<&UserState>) -> Seen {
        let state = state.filter(|state| state.shares_presence);
        Seen {
            user: user.clone(),
            online: state
                .is_some_and(|state| state.is_elsewhere || self.hub.is_online(&sibling(app, user))),
            last_seen_us: state.map_or(Micros::ZERO, |state| state.last_seen),
        }
    }

    /// Hints about these may be needed from now on, or no longer.
    fn need(&self, app: &AppId, users: &[UserId]) {
        for user in users {
            let account = sibling(app, user);
            self.hub.doubt_interest(Topic::Presence(account));
        }
    }

    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watching(&self) -> MutexGuard<'_, Watching> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tick for Presence {
    fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    fn tick(&self, now: Duration) -> Option<Duration> {
        let (news, next) = {
            let mut watching = self.watching();
            (watching.take_due(now), watching.next_due())
        };
        for (mailbox, users) in news {
            let frame = frames::event("presence", &PresenceEvent { users });
            mailbox.post_notice(&Arc::new(Shared::new(frame)));
        }
        next
    }
}

/// The value of the `event` frames named `presence`.
#[derive(Serialize)]
struct PresenceEvent {
    users: Vec<Seen>,
}

fn sibling(app: &AppId, user: &UserId) -> Account {
    Account {
        app: app.clone(),
        user: user.clone(),
    }
}
