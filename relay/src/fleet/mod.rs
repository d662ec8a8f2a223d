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

mod attendance;
mod company;
mod courier;
mod outbox;
mod publisher;
mod sweeper;
mod voice;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use seqline_protocol::{DeviceId, Item, KickReason};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::outbox::Growth;
pub use self::voice::Voice;
use crate::{
    account::Account,
    bus::{Alone, Bus, Hint, Topic},
    counters::Counters,
    entropy::Entropy,
    frames::Shared,
    hub::{Hub, Membership, WakeUp},
    limits::{REFOLLOW_WAITING_MAX, SWEEP_INTERVAL_MS},
    presence::Presence,
    rooms::Rooms,
    store::{SessionNumber, Store, StoreError, Timeline, TimelineAppend},
    traces::{Told, Traces},
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
    presence: Arc<Presence>,
    rooms: Arc<Rooms>,
    voice: Arc<Voice>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
    traces: Traces,
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
    /// A relay with these rules, which others hear by this voice. Nothing runs yet.
    #[must_use]
    pub fn new(
        (rules, voice): (FleetRules, Arc<Voice>),
        (hub, store): (Arc<Hub>, Arc<dyn Store>),
        (presence, rooms): (Arc<Presence>, Arc<Rooms>),
        (entropy, counters, traces): (Arc<dyn Entropy>, Arc<Counters>, Traces),
    ) -> Arc<Self> {
        Arc::new(Self {
            rules,
            hub,
            store,
            presence,
            rooms,
            voice,
            entropy,
            counters,
            traces,
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
        tasks.spawn(Arc::clone(self).attend(stop.clone()));
        tasks.spawn(Arc::clone(&self.presence).follow(stop.clone()));
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
        self.voice.has_company()
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
            self.voice.tell(hint);
        }
    }

    /// Sessions before a number are over: those of one device, or all of a user.
    pub fn ended(&self, of: &Account, device: Option<&DeviceId>, number: SessionNumber) {
        self.voice.tell(Hint::Ended {
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
            self.voice.tell_if_room(Hint::Told {
                to: to.clone(),
                frame: Box::new(frame.frame().clone()),
            });
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
}

impl WakeUp for Fleet {
    fn committed(&self, appends: &[TimelineAppend], told: &Told) {
        if self.rules.bus.is_alone() || !self.has_company() {
            return;
        }
        self.voice.outbox.add_grown(appends.iter().map(|append| {
            let is_crowd = |item: &Arc<Item>| matches!(**item, Item::Crowd { .. });
            let crowds =
                matches!(append.timeline, Timeline::User(_)) && append.items.iter().any(is_crowd);
            let growth = Growth {
                head: append.last(),
                crowds,
                trace: told.of(append.items.iter().map(|item| &**item)),
            };
            (&append.timeline, growth)
        }));
    }

    fn attended(&self, of: &[Arc<Account>]) {
        self.voice.tell_presence(of.iter());
    }
}
