//! Who is connected to this relay, and the way to wake them.

mod crowds;
mod interest;
mod remote;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use seqline_protocol::{AppId, ConvId, DeviceId, Item, KickReason, Label, Seq};
use tokio::sync::Notify;

pub use self::remote::{Refollow, SweptPage};
use self::{
    crowds::{Crowds, Following},
    interest::Interest,
};
use crate::{
    account::Account,
    bus::Topic,
    counters::Counter,
    frames::{Items, Push, Shared},
    index::Index,
    mailbox::Mailbox,
    session::DevicePolicy,
    store::{SessionNumber, Timeline, TimelineAppend},
    traces::Told,
    traffic::Place,
};

/// Tells devices that their timelines have grown. A hint: whoever misses it pulls later.
pub trait WakeUp: Send + Sync {
    /// These appends are durable. Which of their messages are traced is said beside.
    fn committed(&self, appends: &[TimelineAppend], told: &Told);

    /// It is durable that devices of these users came or went, or that these share their
    /// presence or no longer.
    fn attended(&self, _: &[Arc<Account>]) {}
}

/// The sessions of this process.
#[derive(Default)]
pub struct Hub {
    sessions: Mutex<Sessions>,
    next_key: AtomicU64,
    wake_ups: Counter,
    interest_changed: Notify,
}

#[derive(Default)]
struct Sessions {
    by_account: Index<Arc<Account>, Devices>,
    /// All, those that have not said hello included, in the order in which they came.
    by_key: BTreeMap<u64, Connected>,
    crowds: Crowds,
    interest: Interest,
}

/// The sessions of one account.
#[derive(Default)]
struct Devices {
    listed: Vec<Listed>,
    /// All of them were told of her timeline up to here, or knew it when they came.
    told: Seq,
}

struct Connected {
    mailbox: Arc<Mailbox>,
    /// Once it has said hello.
    account: Option<Arc<Account>>,
}

struct Listed {
    device: DeviceId,
    platform: Label,
    mailbox: Arc<Mailbox>,
    following: Following,
    /// Which others may stay beside it.
    policy: DevicePolicy,
    /// Once it is known, where relays share a database.
    number: Option<SessionNumber>,
}

/// Some sessions of an app, in the order in which they came.
pub struct SessionsPage {
    /// The number of each, and whose it is.
    pub sessions: Vec<(u64, Arc<Account>)>,
    /// More may come after this number; none if these were the last ones.
    pub next: Option<u64>,
}

/// A session's place in the hub. It leaves when this is dropped.
pub struct Membership {
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    listed_as: Option<(Arc<Account>, DeviceId)>,
    origin: Option<Origin>,
}

/// Where a session came from.
struct Origin {
    address: IpAddr,
    /// Its place among that address's sessions.
    _place: Place,
    /// Its place among those that have not said hello.
    visit: Option<Arc<Place>>,
}

impl Hub {
    /// Takes a connection in.
    #[must_use]
    pub fn join(self: &Arc<Self>) -> Membership {
        let key = self.next_key.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::of_session(key));
        let connected = Connected {
            mailbox: Arc::clone(&mailbox),
            account: None,
        };
        self.sessions().by_key.insert(key, connected);
        Membership {
            hub: Arc::clone(self),
            mailbox,
            listed_as: None,
            origin: None,
        }
    }

    /// How many connections there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions().by_key.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mailboxes of all connections.
    #[must_use]
    pub fn everyone(&self) -> Vec<Arc<Mailbox>> {
        let sessions = self.sessions();
        let all = sessions.by_key.values();
        all.map(|one| Arc::clone(&one.mailbox)).collect()
    }

    /// The sessions of an app's users that have said hello, with numbers after one: those
    /// among the next `looks` sessions of all apps, so that others hardly wait.
    #[must_use]
    pub fn sessions_after(&self, app: &AppId, after: Option<u64>, looks: usize) -> SessionsPage {
        let sessions = self.sessions();
        let first = after.map_or(0, |after| after + 1);
        let mut looked = 0;
        let mut next = None;
        let mut found = Vec::new();
        for (key, one) in sessions.by_key.range(first..).take(looks) {
            looked += 1;
            next = Some(*key);
            let account = one.account.as_ref();
            found.extend(
                account
                    .filter(|account| account.app == *app)
                    .map(|account| (*key, Arc::clone(account))),
            );
        }
        SessionsPage {
            sessions: found,
            next: next.filter(|_| looked == looks),
        }
    }

    /// The mailboxes of those of these sessions that are still connected.
    #[must_use]
    pub fn mailboxes(&self, keys: &[u64]) -> Vec<Arc<Mailbox>> {
        let sessions = self.sessions();
        let connected = keys.iter().filter_map(|key| sessions.by_key.get(key));
        connected.map(|one| Arc::clone(&one.mailbox)).collect()
    }

    /// How many users are connected.
    #[must_use]
    pub fn users(&self) -> usize {
        self.sessions().by_account.len()
    }

    /// How often a session was told of something new so far.
    #[must_use]
    pub fn wake_ups(&self) -> &Counter {
        &self.wake_ups
    }

    /// How many large conversations someone is connected for.
    #[must_use]
    pub fn crowds(&self) -> usize {
        self.sessions().crowds.len()
    }

    /// Whether any device of an account is connected.
    #[must_use]
    pub fn is_online(&self, account: &Account) -> bool {
        self.sessions().by_account.contains_key(account)
    }

    /// The devices of an account that are connected.
    #[must_use]
    pub fn online(&self, account: &Account) -> Vec<DeviceId> {
        let sessions = self.sessions();
        let listed = sessions.listed(account).iter();
        listed.map(|session| session.device.clone()).collect()
    }

    /// Hands something best-effort to the connected sessions of an account.
    pub fn relay(&self, to: &Account, frame: &Arc<Shared>) {
        for session in self.sessions().listed(to) {
            session.mailbox.post_ephemeral(frame);
        }
    }

    /// Ends the session of a device. False if it is not connected.
    pub fn end_device(&self, account: &Account, device: &DeviceId) -> bool {
        let is_ended = |session: &Listed| session.device == *device;
        self.sessions()
            .end(account, KickReason::SessionEnded, is_ended)
            > 0
    }

    /// Ends all sessions of an account. How many there were.
    pub fn end_all(&self, account: &Account) -> usize {
        self.sessions()
            .end(account, KickReason::SessionEnded, |_| true)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn listed(&self, account: &Account) -> &[Listed] {
        let devices = self.by_account.get(account);
        devices.map_or(&[], |devices| &devices.listed)
    }

    fn listed_mut(&mut self, account: &Account) -> &mut [Listed] {
        let devices = self.by_account.get_mut(account);
        devices.map_or(&mut [], |devices| &mut devices.listed)
    }

    /// Ends some sessions of an account, which are no longer told of anything else.
    fn end(
        &mut self,
        account: &Account,
        reason: KickReason,
        is_ended: impl Fn(&Listed) -> bool,
    ) -> usize {
        let mailboxes = self.unlist(account, is_ended);
        for mailbox in &mailboxes {
            mailbox.post_kick(reason);
        }
        mailboxes.len()
    }

    fn unlist(
        &mut self,
        account: &Account,
        is_leaving: impl Fn(&Listed) -> bool,
    ) -> Vec<Arc<Mailbox>> {
        let Some(devices) = self.by_account.get_mut(account) else {
            return Vec::new();
        };
        let leaving: Vec<Listed> = devices
            .listed
            .extract_if(.., |session| is_leaving(session))
            .collect();
        if devices.listed.is_empty() {
            self.by_account.remove(account);
            self.interest.changed(|| Topic::User(account.clone()));
        }
        for session in &leaving {
            for conv in session.following.convs() {
                self.leave_crowd(&account.app, conv, session.mailbox.key());
            }
        }
        leaving.into_iter().map(|session| session.mailbox).collect()
    }

    /// The sessions of an account start or cease to follow the crowds that its timeline
    /// names, before they are told of the entries that do.
    fn follow_appended(&mut self, account: &Account, items: &[Arc<Item>]) {
        for item in items {
            if let Item::Crowd { conv, after } = &**item {
                let mut mailboxes = Vec::new();
                for session in self.listed_mut(account) {
                    session.following.change(conv, after.is_some());
                    mailboxes.push(Arc::clone(&session.mailbox));
                }
                for mailbox in mailboxes {
                    if after.is_some() {
                        self.join_crowd(&account.app, conv, &mailbox);
                    } else {
                        self.leave_crowd(&account.app, conv, mailbox.key());
                    }
                }
            }
        }
    }

    fn join_crowd(&mut self, app: &AppId, conv: &ConvId, mailbox: &Arc<Mailbox>) {
        if self.crowds.join(app, conv, mailbox) {
            self.interest
                .changed(|| Topic::Crowd(app.clone(), conv.clone()));
        }
    }

    fn leave_crowd(&mut self, app: &AppId, conv: &ConvId, key: u64) {
        if self.crowds.leave(app, conv, key) {
            self.interest
                .changed(|| Topic::Crowd(app.clone(), conv.clone()));
        }
    }
}

impl WakeUp for Hub {
    fn committed(&self, appends: &[TimelineAppend], told: &Told) {
        // Only what someone is connected for is made into frames. What users are told of
        // themselves comes first: it names the crowds that they follow from now on.
        let mut users = Vec::new();
        let mut crowds = Vec::new();
        {
            let mut sessions = self.sessions();
            for append in appends {
                if let Timeline::User(account) = &append.timeline
                    && sessions.by_account.contains_key(account)
                {
                    sessions.follow_appended(account, &append.items);
                    if let Some(devices) = sessions.by_account.get_mut(account) {
                        devices.told = devices.told.max(append.last());
                        let mailboxes = devices.listed.iter();
                        let mailboxes = mailboxes.map(|one| Arc::clone(&one.mailbox));
                        users.push((append, mailboxes.collect::<Vec<_>>()));
                    }
                }
            }
            for append in appends {
                if let Some(listeners) = sessions.crowds.told(&append.timeline, append.last()) {
                    crowds.push((append, listeners));
                }
            }
        }
        let mut items = Items::default();
        for (append, mailboxes) in &users {
            tell(append, mailboxes, &mut items, told);
            self.wake_ups.add(mailboxes.len());
        }
        for (append, mailboxes) in &crowds {
            tell(append, mailboxes, &mut items, told);
            self.wake_ups.add(mailboxes.len());
        }
    }
}

fn tell(append: &TimelineAppend, mailboxes: &[Arc<Mailbox>], items: &mut Items, told: &Told) {
    for push in Push::of(append, items, told) {
        for mailbox in mailboxes {
            mailbox.post_push(&push);
        }
    }
}

impl Membership {
    /// The session's mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Says where the session came from, and holds its place among that address's sessions, and
    /// the one among visitors until it is listed.
    pub fn came_from(&mut self, address: IpAddr, place: Place, visit: Arc<Place>) {
        self.origin = Some(Origin {
            address,
            _place: place,
            visit: Some(visit),
        });
    }

    /// Where the session came from, if that is known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.origin.as_ref().map(|origin| origin.address)
    }

    /// Whether there are fewer than so many of the account's devices beside this one.
    #[must_use]
    pub fn has_room(&self, account: &Account, device: &DeviceId, count_max: usize) -> bool {
        let sessions = self.hub.sessions();
        let listed = sessions.listed(account).iter();
        listed.filter(|other| other.device != *device).count() < count_max
    }

    /// The session's device, once it is listed.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceId> {
        self.listed_as.as_ref().map(|(_, device)| device)
    }

    /// Lists the session as this device of this account. An older session of the same
    /// device is ended, and those of others that the policy excludes.
    pub fn list(
        &mut self,
        account: Arc<Account>,
        device: DeviceId,
        platform: Label,
        policy: DevicePolicy,
    ) {
        if let Some(origin) = &mut self.origin {
            origin.visit = None;
        }
        let mut sessions = self.hub.sessions();
        sessions.end(&account, KickReason::Replaced, |other| {
            other.device == device
        });
        sessions.end(&account, KickReason::DevicePolicy, |other| {
            policy.excludes(&platform, &other.platform)
        });
        if let Some(connected) = sessions.by_key.get_mut(&self.mailbox.key()) {
            connected.account = Some(Arc::clone(&account));
        }
        let Sessions {
            by_account,
            interest,
            ..
        } = &mut *sessions;
        // Most users have one device: without a word, there would be room for four.
        let devices = by_account.entry(Arc::clone(&account)).or_insert_with(|| {
            interest.changed(|| Topic::User((*account).clone()));
            Devices {
                listed: Vec::with_capacity(1),
                told: Seq::ZERO,
            }
        });
        devices.listed.push(Listed {
            device: device.clone(),
            platform,
            mailbox: Arc::clone(&self.mailbox),
            following: Following::default(),
            policy,
            number: None,
        });
        drop(sessions);
        self.hub.notice_interest();
        self.listed_as = Some((account, device));
    }

    /// The session is told of these crowds from now on: those of its user, as read after
    /// it was listed. Those that the user joined or left since then are known better here.
    pub fn follow(&self, convs: &[ConvId]) {
        let Some((account, _)) = &self.listed_as else {
            return;
        };
        let mut sessions = self.hub.sessions();
        let mut listed = sessions.listed_mut(account).iter_mut();
        let own = listed.find(|one| one.mailbox.key() == self.mailbox.key());
        let started = own.map(|session| session.following.start(convs));
        for conv in started.into_iter().flatten() {
            sessions.join_crowd(&account.app, conv, &self.mailbox);
        }
        drop(sessions);
        self.hub.notice_interest();
    }

    /// Leaves the hub. Whose device it was, if it was ever listed.
    pub fn leave(&mut self) -> Option<(Arc<Account>, DeviceId)> {
        let mut sessions = self.hub.sessions();
        sessions.by_key.remove(&self.mailbox.key());
        let (account, device) = self.listed_as.take()?;
        sessions.unlist(&account, |one| one.mailbox.key() == self.mailbox.key());
        drop(sessions);
        self.hub.notice_interest();
        Some((account, device))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
