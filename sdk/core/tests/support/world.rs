//! Devices, a relay and a network between them in virtual time, from one seed.
//!
//! Faults come at random until a moment; then all heals and everything has to converge.

use std::collections::{BTreeMap, BTreeSet};

use seqline_core::{
    CallId, Command, Config, ConnId, Delivered, DeliveryId, Event, Input, Now, Output, Session,
    Status, StoreOp, WriteId,
};
use seqline_protocol::{
    ClientFrame, ClientMsgId, ConvId, Encoded, Encoding, RelayFrame, Secret, Target, UserId,
    decode, encode,
};

use super::{
    app::App,
    groups::Group,
    relay::{Net, Relay},
};

pub(super) const FAULTS_UNTIL_MS: u64 = 60_000;
const CONVERGED_BY_MS: u64 = 600_000;
const HAPPENINGS_MAX: usize = 100_000;
const SENDS_PER_DEVICE: usize = 40;
/// Whose devices these are. The first three write to the groups, too.
pub(super) const DEVICES: [&str; 5] = ["alice", "alice", "bob", "carol", "dave"];
/// Groups, how many members make a crowd of each, and who comes and goes.
pub(super) const GROUPS: [(&str, usize); 2] = [("group:early", 3), ("group:late", 4)];
pub(super) const COMING_AND_GOING: [&str; 2] = ["carol", "dave"];

pub struct World {
    pub(super) rng: fastrand::Rng,
    pub(super) now_ms: u64,
    pub(super) queue: BTreeMap<(u64, u64), Happening>,
    pub(super) order: u64,
    pub(super) relay: Relay,
    pub(super) nets: BTreeMap<Net, Wire>,
    pub(super) devices: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Happening {
    Send(usize),
    Member,
    Operator,
    Fault,
    Opened(Net),
    ToRelay(Net, ClientFrame),
    ToDevice(Net, Encoded),
    Closed(Net),
    Wake(usize),
    Persisted(usize, u32, WriteId, Vec<StoreOp>),
    Taken(usize, u32, DeliveryId, Vec<Delivered>),
}

/// One connection: frames arrive in order, or not at all.
pub(super) struct Wire {
    pub(super) device: usize,
    pub(super) incarnation: u32,
    pub(super) conn: ConnId,
    pub(super) cut: bool,
    /// Swallows everything, and tells nobody.
    pub(super) black_hole: bool,
    pub(super) up_ms: u64,
    pub(super) down_ms: u64,
}

pub(super) struct Node {
    pub(super) user: UserId,
    pub(super) session: Session,
    pub(super) store: BTreeMap<String, Vec<u8>>,
    pub(super) incarnation: u32,
    pub(super) wake_at_ms: Option<u64>,
    pub(super) net: Option<Net>,
    pub(super) to_send: usize,
    pub(super) sent_bodies: Vec<String>,
    /// Bodies by the ids of their messages.
    ids: BTreeMap<ClientMsgId, String>,
    /// Bodies of which the app was told that they are on their way, or stored.
    pub(super) told: BTreeSet<String>,
    /// Bodies that were neither kept nor at the relay when a process ended. They may have been
    /// under way.
    pub(super) doubtful: BTreeSet<String>,
    pub(super) app: App,
    pub(super) calls: u32,
}

impl World {
    /// Runs one life from a seed; panics at the first broken promise.
    pub fn run(seed: u64) {
        let mut world = World::new(seed);
        let mut happened = 0;
        while let Some(((at_ms, _), happening)) = world.queue.pop_first() {
            assert!(
                at_ms < CONVERGED_BY_MS,
                "seed {seed}: no rest: {happening:?}: {}",
                world.unrest()
            );
            world.now_ms = at_ms;
            happened += 1;
            assert!(
                happened < HAPPENINGS_MAX,
                "seed {seed}: turns in a circle: {happening:?}"
            );
            world.happen(happening);
            if at_ms > FAULTS_UNTIL_MS && world.is_at_rest() {
                break;
            }
        }
        world.check(seed);
    }

    fn new(seed: u64) -> Self {
        let mut world = World {
            rng: fastrand::Rng::with_seed(seed),
            now_ms: 0,
            queue: BTreeMap::new(),
            order: 0,
            relay: Relay::default(),
            nets: BTreeMap::new(),
            devices: Vec::new(),
        };
        for (name, crowd_members_min) in GROUPS {
            let conv = ConvId::new(name).unwrap();
            let members = ["alice", "bob"].map(super::user);
            let group = Group::new(conv.clone(), crowd_members_min, &members);
            world.relay.groups.insert(conv, group);
        }
        for (n, name) in DEVICES.into_iter().enumerate() {
            let session = world.session(BTreeMap::new());
            world.devices.push(Node {
                user: super::user(name),
                session,
                store: BTreeMap::new(),
                incarnation: 0,
                wake_at_ms: None,
                net: None,
                to_send: SENDS_PER_DEVICE,
                sent_bodies: Vec::new(),
                ids: BTreeMap::new(),
                told: BTreeSet::new(),
                doubtful: BTreeSet::new(),
                app: App::default(),
                calls: 0,
            });
            world.feed(n, Input::Connect);
            world.later(1, 2_000, Happening::Send(n));
        }
        world.later(500, 3_000, Happening::Fault);
        world.later(500, 10_000, Happening::Member);
        world.later(1, 10_000, Happening::Operator);
        world
    }

    pub(super) fn session(&mut self, store: BTreeMap<String, Vec<u8>>) -> Session {
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        Session::new(
            Config::default(),
            seed,
            store.into_iter().collect(),
            self.now(),
        )
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Send(n) => {
                self.send(n);
                self.later(1, 2_500, Happening::Send(n));
            }
            Happening::Member => self.toggle_member(),
            Happening::Operator => self.change_mailbox(),
            Happening::Fault => self.fault(),
            Happening::Opened(net) => self.at_device(net, |wire| Input::Opened(wire.conn)),
            Happening::ToDevice(net, frame) => {
                self.at_device(net, |wire| Input::Received(wire.conn, frame));
            }
            Happening::Closed(net) => {
                self.relay.drop_connection(net);
                self.at_device(net, |wire| Input::Closed {
                    conn: wire.conn,
                    code: None,
                });
                self.nets.remove(&net);
            }
            Happening::ToRelay(net, frame) => self.at_relay(net, frame),
            Happening::Wake(n) => {
                if self.devices[n]
                    .wake_at_ms
                    .is_some_and(|at_ms| at_ms <= self.now_ms)
                {
                    self.devices[n].wake_at_ms = None;
                    self.feed(n, Input::Timeout);
                }
            }
            Happening::Persisted(n, incarnation, write, ops) => {
                if self.devices[n].incarnation == incarnation {
                    self.persist(n, ops);
                    self.feed(n, Input::Persisted(write));
                }
            }
            Happening::Taken(n, incarnation, delivery, events) => {
                if self.devices[n].incarnation == incarnation {
                    self.app_takes(n, delivery, &events);
                }
            }
        }
    }

    pub(super) fn send(&mut self, n: usize) {
        let node = &mut self.devices[n];
        if node.to_send == 0 {
            return;
        }
        node.to_send -= 1;
        let body = format!("{n}-{}", node.sent_bodies.len());
        node.sent_bodies.push(body.clone());
        let id = node.session.new_message_id();
        let mut draft = super::draft(&id, &body);
        node.ids.insert(id, body);
        draft.to = match (node.user.as_str(), self.rng.u8(0..3)) {
            ("alice" | "bob", group @ (0 | 1)) => {
                Target::Conv(ConvId::new(GROUPS[usize::from(group)].0).unwrap())
            }
            ("alice", _) => Target::User(super::user("bob")),
            _ => Target::User(super::user("alice")),
        };
        node.calls += 1;
        let call = CallId(node.calls);
        self.feed(n, Input::Call(call, Command::Send(draft)));
    }

    pub(super) fn persist(&mut self, n: usize, ops: Vec<StoreOp>) {
        for op in ops {
            match op {
                StoreOp::Put(key, value) => self.devices[n].store.insert(key, value),
                StoreOp::Delete(key) => self.devices[n].store.remove(&key),
            };
        }
    }

    fn app_takes(&mut self, n: usize, delivery: DeliveryId, events: &[Delivered]) {
        let refuses = self.now_ms < FAULTS_UNTIL_MS && self.rng.u8(0..20) == 0;
        let taken = if refuses {
            self.rng.usize(0..events.len())
        } else {
            events.len()
        };
        for event in &events[..taken] {
            let node = &mut self.devices[n];
            node.app.take(event, &node.user, &self.relay);
        }
        let input = if refuses {
            Input::Refused { delivery, taken }
        } else {
            Input::Taken(delivery)
        };
        self.feed(n, input);
    }

    fn at_device(&mut self, net: Net, input: impl FnOnce(&Wire) -> Input) {
        let Some(wire) = self.nets.get(&net) else {
            return;
        };
        let n = wire.device;
        let is_there = self.devices[n].incarnation == wire.incarnation;
        let is_closing = wire.cut;
        let input = input(wire);
        if is_there && (!is_closing || matches!(input, Input::Closed { .. })) {
            self.feed(n, input);
        }
    }

    fn at_relay(&mut self, net: Net, frame: ClientFrame) {
        let Some(wire) = self
            .nets
            .get(&net)
            .filter(|wire| !wire.cut && !wire.black_hole)
        else {
            return;
        };
        let user = self.devices[wire.device].user.clone();
        let answers = self.relay.take(net, &user, frame);
        if self.now_ms < FAULTS_UNTIL_MS && self.rng.u8(0..200) == 0 {
            // Committed, and gone before a word of it.
            return self.crash_relay();
        }
        for (net, frame) in answers {
            self.down(net, &frame);
        }
    }

    pub(super) fn down(&mut self, net: Net, frame: &RelayFrame) {
        let delay_ms = self.rng.u64(1..80);
        let Some(wire) = self
            .nets
            .get_mut(&net)
            .filter(|wire| !wire.cut && !wire.black_hole)
        else {
            return;
        };
        wire.down_ms = wire.down_ms.max(self.now_ms + delay_ms);
        let at_ms = wire.down_ms;
        self.at(
            at_ms,
            Happening::ToDevice(net, encode(Encoding::Binary, frame)),
        );
    }

    pub(super) fn feed(&mut self, n: usize, input: Input) {
        let now = self.now();
        self.devices[n].session.handle(now, input);
        while let Some(output) = self.devices[n].session.poll_output() {
            self.carry_out(n, output);
        }
    }

    fn carry_out(&mut self, n: usize, output: Output) {
        let incarnation = self.devices[n].incarnation;
        match output {
            Output::FetchToken(_) => {
                let now = self.now();
                self.devices[n]
                    .session
                    .handle(now, Input::Token(Secret::new("token")));
            }
            Output::Connect(conn) => {
                let net = Net(self.order);
                let wire = Wire {
                    device: n,
                    incarnation,
                    conn,
                    cut: false,
                    black_hole: false,
                    up_ms: 0,
                    down_ms: 0,
                };
                self.nets.insert(net, wire);
                self.devices[n].net = Some(net);
                self.later(1, 100, Happening::Opened(net));
            }
            Output::Write(_, frame) => {
                let delay_ms = self.rng.u64(1..80);
                let net = self.devices[n].net.expect("written to an open connection");
                let Some(wire) = self.nets.get_mut(&net) else {
                    return;
                };
                wire.up_ms = wire.up_ms.max(self.now_ms + delay_ms);
                let at_ms = wire.up_ms;
                let frame = decode(frame.encoding(), frame.as_bytes()).unwrap();
                self.at(at_ms, Happening::ToRelay(net, frame));
            }
            Output::Close { .. } => {
                if let Some(net) = self.devices[n].net.take() {
                    self.relay.drop_connection(net);
                    self.nets.remove(&net);
                }
            }
            Output::Persist(write, ops) => {
                self.later(1, 50, Happening::Persisted(n, incarnation, write, ops));
            }
            Output::Deliver(id, events) => {
                self.later(1, 100, Happening::Taken(n, incarnation, id, events));
            }
            Output::WakeAt(at_ms) => {
                self.devices[n].wake_at_ms = at_ms;
                if let Some(at_ms) = at_ms {
                    self.at(at_ms.max(self.now_ms), Happening::Wake(n));
                }
            }
            Output::Emit(Event::Status {
                client_msg_id,
                status: Status::Sending | Status::Sent,
                ..
            }) => {
                let node = &mut self.devices[n];
                node.told.extend(node.ids.get(&client_msg_id).cloned());
            }
            Output::Emit(_) | Output::Answer(..) => {}
        }
    }

    fn is_at_rest(&self) -> bool {
        self.devices.iter().all(|node| {
            node.to_send == 0
                && node.session.stats().outbox == 0
                && node.app.is_caught_up(&node.user, &self.relay)
        })
    }

    /// What keeps each device from rest.
    fn unrest(&self) -> String {
        let states = self.devices.iter().map(|node| {
            let behind = !node.app.is_caught_up(&node.user, &self.relay);
            format!("{} behind: {behind}, {:?}", node.user, node.session.stats())
        });
        states.collect::<Vec<_>>().join("; ")
    }

    fn check(&self, seed: u64) {
        for (n, node) in self.devices.iter().enumerate() {
            let stats = node.session.stats();
            assert!(
                node.app.is_caught_up(&node.user, &self.relay),
                "seed {seed}: device {n} lacks something"
            );
            node.app.check(seed, &node.user, &self.relay);
            assert_eq!(
                stats.outbox, 0,
                "seed {seed}: device {n} still has something to send"
            );
            let prefix = format!("{n}-");
            let stored: Vec<_> = self
                .relay
                .messages
                .iter()
                .map(|message| message.body.as_str())
                .filter(|body| body.starts_with(&prefix))
                .collect();
            let expected: Vec<_> = node
                .sent_bodies
                .iter()
                .map(String::as_str)
                .filter(|body| !node.doubtful.contains(*body) || stored.contains(body))
                .collect();
            assert_eq!(
                stored, expected,
                "seed {seed}: device {n}: lost, doubled or out of order"
            );
        }
    }

    fn now(&self) -> Now {
        Now {
            mono_ms: self.now_ms,
            unix_ms: super::UNIX_MS + self.now_ms,
        }
    }

    pub(super) fn later(&mut self, min_ms: u64, max_ms: u64, happening: Happening) {
        let at_ms = self.now_ms + self.rng.u64(min_ms..=max_ms);
        self.at(at_ms, happening);
    }

    pub(super) fn at(&mut self, at_ms: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((at_ms, self.order), happening);
    }
}
