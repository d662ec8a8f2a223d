//! Feeds client sessions, and does what they ask for.

use std::collections::BTreeMap;

use seqline_core::{
    Config, Event as ClientEvent, Input, Now, Output, Session, Status, StoreOp, WriteId,
};
use seqline_protocol::{
    ClientFrame, ClientMsgId, DeviceId, Encoded, Micros, UserId, decode_binary,
    limits::{INBOX_ENTRIES_MAX, OUTBOX_MESSAGES_MAX},
};
use seqline_relay::{
    account::Account,
    auth::{Identity, Profile, Scope},
};

use super::{
    Event, World,
    device::{Device, Process, ProcessId, Role, Writing, cursor_of, position_of},
    link::{Link, LinkId},
};
use crate::{
    clock::{Skew, UNIX_MS},
    exits::{app_id, user_id},
    model::{AppView, Checked, Drafts, Held, Promise, ensure},
    plan::User,
};

impl World<'_> {
    pub(super) fn add_device(&mut self, user: User) -> Checked {
        let device = self.devices.len();
        self.devices.push(Device {
            user: user_id(user.0),
            current: ProcessId(0),
            store: BTreeMap::new(),
            view: AppView::default(),
            held: Held::new(),
            held_kept: Held::new(),
            claimed: Vec::new(),
            drafts: Drafts::default(),
            newest: None,
            unconfirmed: BTreeMap::new(),
            clock_stops: false,
            slept_at_ms: 0,
            skew: Skew::default(),
            lag_ms: 0,
            sleeps_until_ms: None,
            missed: Vec::new(),
            handler_fails: None,
            store_fails: false,
            token_fails: false,
            had_tabs: false,
            epoch: None,
            epoch_told: None,
            bodies: 0,
            cursor_told: 0,
            last_draft: None,
        });
        self.start_process(device)
    }

    /// The app starts on a device, with what its store holds, and connects.
    pub(super) fn start_process(&mut self, device: usize) -> Checked {
        let id = ProcessId(self.processes.len());
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        let node = &mut self.devices[device];
        node.restart_app(&self.truth)?;
        node.current = id;
        let stored = node.store.clone().into_iter().collect();
        let now = self.now_of(device);
        let config = Config {
            device: DeviceId::new(format!("d{device}")).ok(),
            ..Config::default()
        };
        let session = Session::new(config, seed, stored, now);
        self.processes.push(Process {
            device,
            session,
            role: Role::Current,
            wants_connection: false,
            link: None,
            wake_at_ms: None,
            calls: BTreeMap::new(),
            last_call: 0,
            writing: None,
            store_failed: false,
        });
        self.claim_held(id)?;
        self.feed(id, Input::Connect)
    }

    pub(super) fn now_of(&self, device: usize) -> Now {
        let node = &self.devices[device];
        Now {
            mono_ms: self.now_ms - node.lag_ms,
            unix_ms: node.skew.unix_ms(self.now_ms),
        }
    }

    /// Feeds one input, and does all that follows.
    pub(super) fn feed(&mut self, id: ProcessId, input: Input) -> Checked {
        let process = &self.processes[id.0];
        if process.role == Role::Ended {
            return Ok(());
        }
        let now = self.now_of(process.device);
        let process = &mut self.processes[id.0];
        match &input {
            Input::Connect => process.wants_connection = true,
            Input::Disconnect => process.wants_connection = false,
            _ => {}
        }
        process.session.handle(now, input);
        while let Some(output) = self.processes[id.0].session.poll_output() {
            self.carry_out(id, output)?;
        }
        self.check_session(id)
    }

    fn check_session(&self, id: ProcessId) -> Checked {
        let process = &self.processes[id.0];
        let stats = process.session.stats();
        ensure(
            stats.outbox <= OUTBOX_MESSAGES_MAX,
            Promise::Bounded,
            || format!("{} messages wait in an outbox", stats.outbox),
        )?;
        ensure(
            stats.inbox <= 2 * INBOX_ENTRIES_MAX + 2,
            Promise::Bounded,
            || format!("{} entries wait for an app", stats.inbox),
        )?;
        if process.role == Role::Current {
            let node = &self.devices[process.device];
            let cursor = stats.cursor.get();
            node.view
                .check_cursor(cursor, None, &node.user, &self.truth)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, id: ProcessId, output: Output) -> Checked {
        let device = self.processes[id.0].device;
        match output {
            Output::FetchToken(_) => self.soon(50, Event::Token(id)),
            Output::Connect(conn) => {
                let process = &mut self.processes[id.0];
                let wants_connection = process.wants_connection;
                ensure(wants_connection, Promise::ExplicitBeatsAutomatic, || {
                    format!("device {device} connects, and was told not to")
                })?;
                let link = LinkId(self.links.len());
                self.links.push(Link::new(id, conn, self.rng.u64(..)));
                self.processes[id.0].link = Some(link);
                self.trace.note(b"connect", device as u64);
                let latency_ms = self.plan.setup.latency_ms;
                self.soon(2 * latency_ms, Event::Opened(link));
            }
            Output::Write(conn, frame) => {
                self.check_ack(id, &frame)?;
                if let Some(link) = self.link_of(id, conn) {
                    self.watch_up(link, &frame)?;
                    self.send_up(link, &frame);
                }
            }
            Output::Close { conn, .. } => {
                if let Some(link) = self.link_of(id, conn) {
                    self.processes[id.0].link = None;
                    self.leave(link);
                }
            }
            Output::Persist(write, ops) => {
                self.check_persist(id, &ops)?;
                let has_place =
                    |op: &StoreOp| matches!(op, StoreOp::Put(key, _) if key == "position");
                let held = &self.devices[device].held;
                let held = ops.iter().any(has_place).then(|| held.clone());
                self.processes[id.0].writing = Some(Writing { ops, held });
                self.soon(30, Event::Persisted(id, write));
            }
            Output::Deliver(delivery, events) => {
                self.soon(60, Event::Taken(id, delivery, events));
            }
            Output::Emit(event) => self.emitted(id, &event)?,
            Output::Answer(call, answer) => {
                let asked = self.processes[id.0].calls.remove(&call.0);
                if let Some(asked) = asked {
                    self.answered(id, &asked, answer)?;
                }
            }
            Output::WakeAt(at_ms) => {
                let at_ms = at_ms.map(|at_ms| at_ms + self.devices[device].lag_ms);
                self.processes[id.0].wake_at_ms = at_ms;
                if let Some(at_ms) = at_ms {
                    self.at(at_ms, Event::Wake(id));
                }
            }
        }
        Ok(())
    }

    /// What is said to the relay of the cursor is true.
    fn check_ack(&self, id: ProcessId, frame: &Encoded) -> Checked {
        let process = &self.processes[id.0];
        // `ack` is the only frame that is worth a look, and among the shortest.
        if process.role != Role::Current || frame.as_bytes().len() > 32 {
            return Ok(());
        }
        let Ok(ClientFrame::Ack { cursor }) = decode_binary(frame.as_bytes()) else {
            return Ok(());
        };
        let node = &self.devices[process.device];
        node.view
            .check_cursor(cursor.get(), None, &node.user, &self.truth)
    }

    fn check_persist(&mut self, id: ProcessId, ops: &[StoreOp]) -> Checked {
        let process = &self.processes[id.0];
        if process.role != Role::Current {
            return Ok(());
        }
        let node = &mut self.devices[process.device];
        for op in ops {
            if let StoreOp::Put(key, value) = op
                && let Some(position) = position_of(key, value)
            {
                node.epoch = Some(position.epoch);
                let place = position.public.after;
                self.public.check_place(place, &node.held, &node.user)?;
            }
            if let StoreOp::Put(key, value) = op
                && let Some((conv, cursor)) = cursor_of(key, value)
            {
                node.view
                    .check_cursor(cursor, conv.as_ref(), &node.user, &self.truth)?;
            }
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, id: ProcessId) -> Checked {
        let process = &mut self.processes[id.0];
        if process.wake_at_ms.is_some_and(|at_ms| at_ms <= self.now_ms) {
            process.wake_at_ms = None;
            return self.feed(id, Input::Timeout);
        }
        Ok(())
    }

    pub(super) fn give_token(&mut self, id: ProcessId) -> Checked {
        let device = self.processes[id.0].device;
        if std::mem::take(&mut self.devices[device].token_fails) {
            self.count("token_failed");
            return self.feed(id, Input::TokenFailed("no server".to_owned()));
        }
        let user = self.devices[device].user.clone();
        let token = self.token(user);
        self.feed(id, Input::Token(token.into()))
    }

    /// As the app's server gives it. Whole seconds count, so few are signed.
    fn token(&mut self, user: UserId) -> String {
        let expires_ms = UNIX_MS + self.now_ms + self.plan.setup.token_ttl_ms;
        let expires_s = expires_ms / 1_000;
        let key = (user, expires_s);
        if let Some(token) = self.tokens.get(&key) {
            return token.clone();
        }
        let (user, _) = key.clone();
        let identity = Identity {
            account: Account {
                app: app_id(),
                user,
            },
            scope: Scope::User,
            expires: Micros::saturating(expires_s * 1_000_000),
            profile: Profile::default(),
        };
        let token = self.keyring.sign(&identity).unwrap_or_default();
        self.tokens.insert(key, token.clone());
        token
    }

    pub(super) fn persisted(&mut self, id: ProcessId, write: WriteId) -> Checked {
        let process = &mut self.processes[id.0];
        if process.role == Role::Ended {
            return Ok(());
        }
        let writing = process.writing.take();
        let device = process.device;
        // An earlier tab has lost the store to the later one.
        if process.role == Role::Current {
            if std::mem::take(&mut self.devices[device].store_fails) {
                self.processes[id.0].store_failed = true;
                self.count("device_store_failed");
                let input = Input::PersistFailed(write, "the disk is full".to_owned());
                return self.feed(id, input);
            }
            if let Some(writing) = writing {
                self.keep(device, writing);
            }
        }
        self.feed(id, Input::Persisted(write))
    }

    /// A device's store takes a write.
    pub(super) fn keep(&mut self, device: usize, writing: Writing) {
        let node = &mut self.devices[device];
        for op in writing.ops {
            match op {
                StoreOp::Put(key, value) => node.store.insert(key, value),
                StoreOp::Delete(key) => node.store.remove(&key),
            };
        }
        if let Some(held) = writing.held {
            node.held_kept = held;
        }
    }

    fn emitted(&mut self, id: ProcessId, event: &ClientEvent) -> Checked {
        let process = &mut self.processes[id.0];
        let device = process.device;
        match event {
            ClientEvent::Status {
                client_msg_id,
                status,
                sent,
                ..
            } => {
                let is_kept = process.role == Role::Current && !process.store_failed;
                let node = &mut self.devices[device];
                if *status == Status::Sending && is_kept {
                    node.drafts.promised(client_msg_id);
                }
                let who = (&node.user, &self.truth);
                node.drafts
                    .told(client_msg_id, *status, sent.as_ref(), id.0, who)
            }
            ClientEvent::Kicked { reason, .. } => {
                process.wants_connection = false;
                let had_tabs = self.devices[device].had_tabs;
                self.count("kicked");
                ensure(had_tabs, Promise::ExplicitBeatsAutomatic, || {
                    format!("device {device} was kicked: {reason:?}")
                })
            }
            ClientEvent::State(state) => {
                self.retries.note(device, state, self.now_ms);
                if let seqline_core::ConnectionState::Disconnected { .. } = state {
                    self.processes[id.0].wants_connection = false;
                }
                self.retries.check()
            }
            ClientEvent::Error(_)
            | ClientEvent::Synced { .. }
            | ClientEvent::Ephemeral { .. }
            | ClientEvent::Event { .. } => Ok(()),
        }
    }

    /// A fresh message of a device.
    pub(super) fn draft_id(&mut self, device: usize) -> ClientMsgId {
        let current = self.devices[device].current;
        self.processes[current.0].session.new_message_id()
    }
}
