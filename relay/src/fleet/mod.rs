//! Several relays on one database: how each learns of what the others do.
//!
//! ```text
//!  commit ─▶ Outbox ─▶ publisher ─▶ Bus ···▶ other relays
//!                                    │
//!  Hub ◀──────────── courier ◀───────┘      a hint: at once, or never
//!   ▲
//!   └─────────────── sweeper ◀── database   what hints did not tell: within an interval
//! ```
//!
//! Hints wake, and carry nothing that matters: whoever is told of a timeline's head pulls it from
//! the database. A sweep compares what the sessions here were told with the database, so that with
//! every hint lost all that was stored still arrives, and sessions that are over still end. Nothing
//! is published while no other relay is heard.

mod courier;
mod outbox;
mod publisher;
mod sweeper;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use seqline_protocol::{DeviceId, Item, KickReason};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::outbox::Outbox;
use crate::{
    account::Account,
    bus::{Alone, Bus, Hint, Topic},
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    frames::Shared,
    hub::{Hub, Membership, WakeUp},
    limits::{REFOLLOW_WAITING_MAX, SWEEP_INTERVAL_MS},
    store::{SessionNumber, Store, StoreError, Timeline, TimelineAppend},
};

/// How a relay works with others.
#[derive(Clone)]
pub struct FleetRules {
    /// The way to them.
    pub bus: Arc<dyn Bus>,
    /// How often it is compared what sessions know with the database, about. Default 5 s.
    pub sweep_interval: Duration,
}

impl Default for FleetRules {
    fn default() -> Self {
        Self {
            bus: Arc::new(Alone),
            sweep_interval: Duration::from_millis(SWEEP_INTERVAL_MS),
        }
    }
}

/// This relay among others.
pub struct Fleet {
    rules: FleetRules,
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
    outbox: Outbox,
    /// Other relays count as there until then, by this one's uptime in milliseconds.
    company_until_ms: AtomicU64,
    /// Whether a sweep is due before its time.
    is_gap: AtomicBool,
    /// Users whose large conversations are to be read anew.
    refollow: Mutex<BTreeSet<Account>>,
    /// What the bus tells of only since then.
    unheard: Mutex<BTreeSet<Topic>>,
    sweeper_bell: Notify,
}

/// Other relays say something once in a sweep interval. Who was not heard for so many of them is
/// gone.
const SILENT_INTERVALS: u32 = 4;

impl Fleet {
    /// A relay with these rules. Nothing runs yet.
    #[must_use]
    pub fn new(
        rules: FleetRules,
        (hub, store): (Arc<Hub>, Arc<dyn Store>),
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rules,
            hub,
            store,
            clock,
            entropy,
            counters,
            outbox: Outbox::default(),
            company_until_ms: AtomicU64::new(0),
            is_gap: AtomicBool::new(false),
            refollow: Mutex::default(),
            unheard: Mutex::default(),
            sweeper_bell: Notify::new(),
        })
    }

    /// Starts what keeps this relay in step with others, if there can be any. It ends when told
    /// to stop.
    pub fn start(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        if self.store.shared_as().is_none() {
            return;
        }
        tasks.spawn(Arc::clone(self).sweep(stop.clone()));
        if self.rules.bus.is_alone() {
            return;
        }
        tasks.spawn(Arc::clone(self).publish(stop.clone()));
        tasks.spawn(Arc::clone(self).beat(stop.clone()));
        tasks.spawn(Arc::clone(self).listen(stop.clone()));
        if self.rules.bus.is_sorted() {
            tasks.spawn(Arc::clone(self).follow(stop.clone()));
        }
    }

    /// Whether another relay was heard lately.
    #[must_use]
    pub fn has_company(&self) -> bool {
        self.uptime_ms() < self.company_until_ms.load(Ordering::Relaxed)
    }

    /// A number for a session, or for the end of all sessions until now. None where this relay is
    /// the only one.
    ///
    /// # Errors
    /// The store's.
    pub async fn number(&self) -> Result<Option<SessionNumber>, StoreError> {
        match self.store.shared_as() {
            Some(_) => self.store.session_number().await.map(Some),
            None => Ok(None),
        }
    }

    /// A session of this relay has a number: earlier ones of its device are over.
    pub fn connected(&self, membership: &Membership, number: SessionNumber) {
        if let Some(hint) = membership.connected_hint(number) {
            self.tell(hint);
        }
    }

    /// Sessions before a number are over: those of one device, or all of a user.
    pub fn ended(&self, of: &Account, device: Option<&DeviceId>, number: SessionNumber) {
        self.tell(Hint::Ended {
            of: of.clone(),
            device: device.cloned(),
            reason: KickReason::SessionEnded,
            number,
        });
    }

    /// Hands something best-effort to the connected sessions of an account, on whichever relay.
    pub fn relay(&self, to: &Account, frame: &Arc<Shared>) {
        self.hub.relay(to, frame);
        if self.has_company() {
            self.outbox.add_if_room(Hint::Told {
                to: to.clone(),
                frame: Box::new(frame.frame().clone()),
            });
        }
    }

    /// Tells other relays something, if there are any. Best effort.
    pub(crate) fn tell(&self, hint: Hint) {
        if self.has_company() {
            self.outbox.add(hint);
        }
    }

    /// Hints may have been lost.
    fn note_gap(&self) {
        self.is_gap.store(true, Ordering::Release);
        self.sweeper_bell.notify_one();
    }

    /// Another relay has changed which large conversations a user belongs to.
    fn note_refollow(&self, account: Account) {
        let is_full = {
            let mut waiting = self.refollow.lock().unwrap_or_else(PoisonError::into_inner);
            let is_full = waiting.len() >= REFOLLOW_WAITING_MAX;
            if !is_full {
                waiting.insert(account);
            }
            is_full
        };
        if is_full {
            self.note_gap();
        } else {
            self.sweeper_bell.notify_one();
        }
    }

    fn uptime_ms(&self) -> u64 {
        let uptime = self.clock.now().uptime;
        u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX)
    }
}

impl WakeUp for Fleet {
    fn committed(&self, appends: &[TimelineAppend]) {
        if self.rules.bus.is_alone() || !self.has_company() {
            return;
        }
        self.outbox.add_grown(appends.iter().map(|append| {
            let is_crowd = |item: &Arc<Item>| matches!(**item, Item::Crowd { .. });
            let crowds =
                matches!(append.timeline, Timeline::User(_)) && append.items.iter().any(is_crowd);
            (&append.timeline, append.last(), crowds)
        }));
    }
}
