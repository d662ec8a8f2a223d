//! Who is connected to this relay, and the way to wake them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use seqline_protocol::{DeviceId, KickReason};

use crate::{
    account::Account,
    frames::{Push, Shared},
    index::Index,
    mailbox::Mailbox,
    store::{Timeline, TimelineAppend},
};

/// Tells devices that their timelines have grown. A hint: whoever misses it pulls later.
pub trait WakeUp: Send + Sync {
    /// These appends are durable.
    fn committed(&self, appends: &[TimelineAppend]);
}

/// The sessions of this process.
#[derive(Default)]
pub struct Hub {
    sessions: Mutex<Sessions>,
    next_key: AtomicU64,
}

#[derive(Default)]
struct Sessions {
    by_account: Index<Arc<Account>, Vec<Listed>>,
    /// All, those that have not said hello included, in the order in which they came.
    by_key: BTreeMap<u64, Arc<Mailbox>>,
}

struct Listed {
    key: u64,
    device: DeviceId,
    mailbox: Arc<Mailbox>,
}

/// A session's place in the hub. It leaves when this is dropped.
pub struct Membership {
    hub: Arc<Hub>,
    key: u64,
    mailbox: Arc<Mailbox>,
    account: Option<Arc<Account>>,
    device: Option<DeviceId>,
}

impl Hub {
    /// Takes a connection in.
    #[must_use]
    pub fn join(self: &Arc<Self>) -> Membership {
        let key = self.next_key.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::default());
        self.sessions().by_key.insert(key, Arc::clone(&mailbox));
        Membership {
            hub: Arc::clone(self),
            key,
            mailbox,
            account: None,
            device: None,
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
        self.sessions().by_key.values().cloned().collect()
    }

    /// Whether any device of an account is connected.
    #[must_use]
    pub fn is_online(&self, account: &Account) -> bool {
        self.sessions().by_account.contains_key(account)
    }

    /// Hands something best-effort to the connected sessions of an account.
    pub fn relay(&self, to: &Account, frame: &Arc<Shared>) {
        for session in self.sessions().by_account.get(to).into_iter().flatten() {
            session.mailbox.post_ephemeral(frame);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeUp for Hub {
    fn committed(&self, appends: &[TimelineAppend]) {
        // Only what someone is connected for is made into frames.
        let listeners: Vec<(&TimelineAppend, Vec<Arc<Mailbox>>)> = {
            let sessions = self.sessions();
            appends
                .iter()
                .filter_map(|append| {
                    let Timeline::User(account) = &append.timeline else {
                        return None;
                    };
                    let listed = sessions.by_account.get(account)?;
                    let mailboxes = listed.iter().map(|one| Arc::clone(&one.mailbox));
                    Some((append, mailboxes.collect()))
                })
                .collect()
        };
        for (append, mailboxes) in listeners {
            for push in Push::of(append) {
                for mailbox in &mailboxes {
                    mailbox.post_push(&push);
                }
            }
        }
    }
}

impl Membership {
    /// The session's mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The session's device, once it is listed.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceId> {
        self.device.as_ref()
    }

    /// Lists the session as this device of this account. An older session of the same
    /// device is ended.
    pub fn list(&mut self, account: Arc<Account>, device: DeviceId) {
        let mut sessions = self.hub.sessions();
        let listed = sessions.by_account.entry(Arc::clone(&account)).or_default();
        listed.retain(|other| {
            let is_other_device = other.device != device;
            if !is_other_device {
                other.mailbox.post_kick(KickReason::Replaced);
            }
            is_other_device
        });
        listed.push(Listed {
            key: self.key,
            device: device.clone(),
            mailbox: Arc::clone(&self.mailbox),
        });
        self.account = Some(account);
        self.device = Some(device);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut sessions = self.hub.sessions();
        sessions.by_key.remove(&self.key);
        let Some(account) = &self.account else { return };
        if let Some(listed) = sessions.by_account.get_mut(account) {
            listed.retain(|session| session.key != self.key);
            if listed.is_empty() {
                sessions.by_account.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, ConvId, ConvSeq, Item, Seq, UserId};

    use super::*;
    use crate::session::Event;

    fn account(user: &str) -> Arc<Account> {
        Arc::new(Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new(user).unwrap(),
        })
    }

    fn join(hub: &Arc<Hub>, user: &str, device: &str) -> Membership {
        let mut membership = hub.join();
        membership.list(account(user), DeviceId::new(device).unwrap());
        membership
    }

    fn append(user: &str) -> TimelineAppend {
        TimelineAppend {
            timeline: Timeline::User(account(user)),
            first: Seq::new(1).unwrap(),
            items: vec![Arc::new(Item::Read {
                conv: ConvId::new("dm:alice:bob").unwrap(),
                conv_seq: ConvSeq::ZERO,
            })],
        }
    }

    #[test]
    fn a_commit_wakes_all_devices_of_its_users_and_no_one_else() {
        let hub = Arc::new(Hub::default());
        let members = [
            join(&hub, "alice", "phone"),
            join(&hub, "alice", "tablet"),
            join(&hub, "bob", "phone"),
        ];
        let stranger = hub.join();
        hub.committed(&[append("alice"), append("carol")]);
        let woken: Vec<_> = members
            .iter()
            .map(|member| member.mailbox().take().len())
            .collect();
        assert_eq!(woken, [1, 1, 0]);
        assert!(stranger.mailbox().take().is_empty());
        assert_eq!(hub.len(), 4);
    }

    #[test]
    fn the_same_device_replaces_itself_only() {
        let hub = Arc::new(Hub::default());
        let old = join(&hub, "alice", "phone");
        let tablet = join(&hub, "alice", "tablet");
        let namesake = join(&hub, "bob", "phone");
        let new = join(&hub, "alice", "phone");
        assert!(matches!(old.mailbox().take()[..], [Event::Kick(_)]));
        for other in [&tablet, &namesake, &new] {
            assert!(other.mailbox().take().is_empty());
        }
        // The old one leaves late, and does not take the new one with it.
        drop(old);
        hub.committed(&[append("alice")]);
        assert_eq!(new.mailbox().take().len(), 1);
    }

    #[test]
    fn who_leaves_is_forgotten() {
        let hub = Arc::new(Hub::default());
        let alice = join(&hub, "alice", "phone");
        drop(alice);
        drop(hub.join());
        assert!(hub.is_empty());
        assert!(hub.sessions().by_account.is_empty());
    }
}
