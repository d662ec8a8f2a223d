//! Devices, a relay and networks between them, in virtual time: what a plan says happens, and
//! whatever follows from it.
//!
//! Time passes in two places: here, from event to event; and in the relay's runtime, which is
//! let run up to the next event and stops whenever something comes out of it. So everything
//! has one order, and the same plan gives the same.

#![expect(
    clippy::indexing_slicing,
    reason = "devices, processes and links are never taken away: what is indexed is there, and \
              if it is not, the panic is told as a violation"
)]

mod api;
mod app;
mod coda;
mod device;
mod devices;
mod faults;
mod finish;
mod link;
mod network;
mod relay;
mod steps;
mod stored;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use bytes::Bytes;
use seqline_core::{Delivered, DeliveryId, Stats, WriteId};
use seqline_protocol::{ClientMsgId, Encoding, UserId};
use seqline_relay::{auth::Keyring, frames::Outgoing};

use self::{
    device::{Device, Process, ProcessId},
    link::{Link, LinkId},
};
use crate::{
    clock::Skew,
    exits::Exits,
    model::{Checked, Checks, Promise, PublicTruth, Truth, Violation, take_checks},
    panics::caught,
    plan::Plan,
    relay::{Outside, RelayProcess},
    store::FaultyStore,
    trace::Trace,
    wire::LineId,
};

/// After the faults, this long for everything to converge, in virtual time.
pub const CONVERGED_WITHIN_MS: u64 = 300_000;

/// Events of a scenario at most: more than that is going in circles.
const EVENTS_MAX: u64 = 2_000_000;

/// What became of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The promise that was broken, if one was.
    pub violation: Option<Box<Violation>>,
    /// Of all that happened, in its order.
    pub trace: u64,
    /// When it ended, in virtual time.
    pub ended_at_ms: u64,
    /// How often what happened.
    pub figures: Figures,
    /// How often each promise was looked at.
    pub checks: Checks,
}

/// How often what happened.
pub type Figures = BTreeMap<&'static str, u64>;

/// Something that happens here.
#[derive(Debug)]
enum Event {
    Step(usize),
    Heal,
    Check,
    RelayStarts,
    /// The relay's process that was told to stop is at its end.
    Stopped(u32),
    StoreIsFast,
    /// A connection is open.
    Opened(LinkId),
    /// A frame arrives at the relay.
    Up(LinkId, Encoding, Bytes),
    /// A frame arrives at the device.
    Down(LinkId, Outgoing),
    /// The device learns that a connection has ended.
    Ended(LinkId, Option<u16>),
    /// What was on its way to the relay when a connection was cut arrives.
    Late(LinkId),
    /// The relay learns it.
    Left(LinkId),
    Wake(ProcessId),
    Token(ProcessId),
    Persisted(ProcessId, WriteId),
    Taken(ProcessId, DeliveryId, Vec<Delivered>),
    Awake(usize),
    Online(usize),
}

/// One scenario.
pub struct World<'p> {
    plan: &'p Plan,
    now_ms: u64,
    /// By time, and then in the order in which they were caused.
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    rng: fastrand::Rng,
    trace: Trace,
    figures: Figures,
    exits: Arc<Exits>,
    store: Arc<FaultyStore>,
    outside: Outside,
    relay: Option<RelayProcess>,
    /// It was told to stop, or died; when it starts again is an event.
    starts: u32,
    /// How long the relay is down once it crashes at a commit.
    crash_down_ms: u64,
    has_new_epoch: bool,
    epochs: u32,
    keyring: Keyring,
    tokens: BTreeMap<(UserId, u64), String>,
    truth: Truth,
    public: PublicTruth,
    devices: Vec<Device>,
    processes: Vec<Process>,
    links: Vec<Link>,
    lines: BTreeMap<LineId, LinkId>,
    /// Calls over HTTP that are under way: whose message each is.
    calls: BTreeMap<u32, Option<(UserId, ClientMsgId)>>,
    last_call: u32,
    /// How far users have taken and read conversations, on any device.
    marks: app::Marks,
    retries: finish::Retries,
    is_healed: bool,
    coda: Option<coda::Coda>,
}

impl<'p> World<'p> {
    /// Runs a plan to its end, or to the first promise that is broken.
    #[must_use]
    pub fn run(plan: &'p Plan) -> Outcome {
        let mut world = Self::new(plan);
        let _ = take_checks();
        let lived = caught(|| world.live());
        let lived = lived.and_then(|lived| lived);
        let violation = lived.err().map(|mut violation| {
            violation.at_ms = world.now_ms;
            violation
        });
        world.count_all();
        Outcome {
            violation,
            checks: take_checks(),
            trace: world.trace.value(),
            ended_at_ms: world.now_ms,
            figures: std::mem::take(&mut world.figures),
        }
    }

    fn new(plan: &'p Plan) -> Self {
        let mut rng = fastrand::Rng::with_seed(plan.seed);
        let exits = Arc::new(Exits::default());
        let store = relay::new_store(plan, &exits, rng.u64(..));
        let outside = Outside {
            exits: Arc::clone(&exits),
            store: Arc::clone(&store) as Arc<dyn seqline_relay::store::Store>,
            skew: Skew::default(),
        };
        Self {
            plan,
            now_ms: 0,
            events: BTreeMap::new(),
            order: 0,
            rng,
            trace: Trace::default(),
            figures: Figures::new(),
            exits,
            store,
            outside,
            relay: None,
            starts: 0,
            crash_down_ms: 0,
            has_new_epoch: false,
            epochs: 0,
            keyring: crate::relay::keyring(),
            tokens: BTreeMap::new(),
            truth: Truth::new(plan.setup.crowd_members_min),
            public: PublicTruth::default(),
            devices: Vec::new(),
            processes: Vec::new(),
            links: Vec::new(),
            lines: BTreeMap::new(),
            calls: BTreeMap::new(),
            last_call: 0,
            marks: app::Marks::default(),
            retries: finish::Retries::default(),
            is_healed: false,
            coda: None,
        }
    }

    fn live(&mut self) -> Checked {
        self.found_groups()?;
        self.start_relay();
        self.take_exits()?;
        for (index, step) in self.plan.steps.iter().enumerate() {
            self.at(step.at_ms, Event::Step(index));
        }
        self.at(self.plan.setup.heal_at_ms, Event::Heal);
        for user in &self.plan.setup.devices {
            self.add_device(*user)?;
        }
        let mut count = 0;
        while let Some((at_ms, _)) = self.events.first_key_value().map(|(key, _)| *key) {
            count += 1;
            if count > EVENTS_MAX {
                let text = format!("goes in circles: {:?}", self.events.first_key_value());
                return Err(Violation::of(Promise::Bounded, text));
            }
            if let Some(relay) = &self.relay {
                let until_ms = relay.run_until(at_ms);
                self.now_ms = until_ms.max(self.now_ms);
                if self.take_exits()? {
                    continue;
                }
            }
            self.now_ms = at_ms;
            let Some((_, event)) = self.events.pop_first() else {
                break;
            };
            if self.happen(event)? {
                return self.check_all();
            }
        }
        Ok(())
    }

    /// True once everything has converged.
    fn happen(&mut self, event: Event) -> Result<bool, Box<Violation>> {
        let Some(event) = self.unless_asleep(event) else {
            return Ok(false);
        };
        match event {
            Event::Step(index) => {
                if let Some(step) = self.plan.steps.get(index) {
                    self.trace.note(b"step", index as u64);
                    self.act(&step.action)?;
                }
            }
            Event::Heal => self.heal()?,
            Event::Check => return self.is_converged(),
            Event::RelayStarts => self.start_relay(),
            Event::Stopped(start) if start == self.starts => self.kill_relay(1),
            Event::Stopped(_) => {}
            Event::StoreIsFast => self.store.faults().slower_ms = 0,
            Event::Opened(link) => self.opened(link)?,
            Event::Up(link, encoding, payload) => self.up(link, encoding, payload),
            Event::Down(link, frame) => self.down(link, frame)?,
            Event::Ended(link, code) => self.ended(link, code)?,
            Event::Late(link) => self.late(link),
            Event::Left(link) => self.left(link),
            Event::Wake(process) => self.wake(process)?,
            Event::Token(process) => self.give_token(process)?,
            Event::Persisted(process, write) => self.persisted(process, write)?,
            Event::Taken(process, delivery, events) => self.taken(process, delivery, &events)?,
            Event::Awake(device) => self.awake(device)?,
            Event::Online(device) => self.online(device)?,
        }
        Ok(false)
    }

    /// What is counted elsewhere.
    fn count_all(&mut self) {
        let faults = self.store.faults();
        let (commits, reads) = (faults.failed_commits, faults.failed_reads);
        drop(faults);
        let conversations = self.truth.conversations();
        let grown = conversations.filter(|(_, one)| one.has_grown).count();
        self.count_times("commits_failed", commits);
        self.count_times("reads_failed", reads);
        self.count_times("groups_grown_large", grown as u64);
        let mut sum = Stats::default();
        for process in &self.processes {
            let stats = process.session.stats();
            sum.retransmissions += stats.retransmissions;
            sum.duplicates_dropped += stats.duplicates_dropped;
            sum.gaps_healed += stats.gaps_healed;
        }
        self.count_times("client_retransmissions", sum.retransmissions);
        self.count_times("client_duplicates_dropped", sum.duplicates_dropped);
        self.count_times("client_gaps_healed", sum.gaps_healed);
    }

    fn count_times(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            *self.figures.entry(what).or_default() += times;
        }
    }

    fn at(&mut self, at_ms: u64, event: Event) {
        self.order += 1;
        self.events
            .insert((at_ms.max(self.now_ms), self.order), event);
    }

    fn after(&mut self, after_ms: u64, event: Event) {
        self.at(self.now_ms + after_ms, event);
    }

    fn soon(&mut self, within_ms: u64, event: Event) {
        let after_ms = self.rng.u64(1..=within_ms.max(1));
        self.after(after_ms, event);
    }

    fn count(&mut self, what: &'static str) {
        match self.figures.entry(what) {
            Entry::Occupied(mut figure) => *figure.get_mut() += 1,
            Entry::Vacant(figure) => {
                figure.insert(1);
            }
        }
    }
}
