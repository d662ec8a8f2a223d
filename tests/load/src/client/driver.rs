//! Runs one session: feeds it what happens, does what it asks for, and holds no rule of its own.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use seqline_core::{Config, Input, Output, Session, StoreOp};
use seqline_protocol::{Kind, Priority, Send, Target};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    App, Clock, Order, TokenSource,
    socket::{Socket, SocketEvent},
};

/// What one device is.
pub struct Device {
    /// How its session is set.
    pub config: Config,
    /// Whose tokens it gets.
    pub user: String,
    /// Where tokens come from.
    pub tokens: Arc<dyn TokenSource>,
    /// Where the relay listens.
    pub relay: SocketAddr,
    /// The address of this machine that its connections come from; the system's choice, if absent.
    pub from: Option<IpAddr>,
    /// Of ids and of backoffs.
    pub seed: [u8; 32],
    /// What time it is.
    pub clock: Clock,
}

pub(super) struct Driver<A> {
    session: Session,
    device: Device,
    app: A,
    socket: Socket,
    wake_at: Option<Instant>,
    /// What outputs led to: nothing may be fed while there are more of them.
    inputs: VecDeque<Input>,
    /// In memory; what would be on a phone's disk.
    store: BTreeMap<String, Vec<u8>>,
}

impl<A: App> Driver<A> {
    pub(super) fn new(device: Device, app: A) -> Self {
        let now = device.clock.now();
        Self {
            session: Session::new(device.config.clone(), device.seed, Vec::new(), now),
            device,
            app,
            socket: Socket::none(),
            wake_at: None,
            inputs: VecDeque::new(),
            store: BTreeMap::new(),
        }
    }

    /// Until its handle is dropped.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            self.drain();
            let wake_at = self.wake_at;
            tokio::select! {
                biased;
                event = self.socket.next() => self.happened(event),
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                () = sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {
                    self.wake_at = None;
                    self.inputs.push_back(Input::Timeout);
                }
            }
        }
        self.inputs.push_back(Input::Disconnect);
        self.drain();
    }

    fn happened(&mut self, event: SocketEvent) {
        self.inputs.push_back(match event {
            SocketEvent::Opened(conn) => Input::Opened(conn),
            SocketEvent::Received(conn, frame) => Input::Received(conn, frame),
            SocketEvent::Closed { conn, code } => Input::Closed { conn, code },
        });
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Input(input) => self.inputs.push_back(input),
            Order::Send { call, to, body } => {
                let draft = self.draft(to, body);
                let command = seqline_core::Command::Send(draft);
                self.inputs.push_back(Input::Call(call, command));
            }
            Order::Cut => {
                if let Some(conn) = self.socket.conn() {
                    self.socket.cut();
                    self.inputs.push_back(Input::Closed { conn, code: None });
                }
            }
            Order::Stats(answer) => {
                // Who asked may have gone.
                let _ = answer.send(self.session.stats());
            }
        }
    }

    fn draft(&mut self, to: Target, body: String) -> Send {
        Send {
            client_msg_id: self.session.new_message_id(),
            to,
            kind: Kind::text(),
            body,
            priority: Priority::Normal,
            expires_us: None,
            key: None,
            replace: false,
            business: None,
            mentions: Vec::new(),
        }
    }

    fn drain(&mut self) {
        loop {
            while let Some(output) = self.session.poll_output() {
                self.perform(output);
            }
            let Some(input) = self.inputs.pop_front() else {
                return;
            };
            self.session.handle(self.device.clock.now(), input);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::FetchToken(_) => {
                let token = self.device.tokens.token(&self.device.user);
                self.inputs.push_back(Input::Token(token.into()));
            }
            Output::Connect(conn) => self.socket.open(conn, self.device.relay, self.device.from),
            Output::Write(conn, frame) => self.socket.write(conn, frame),
            Output::Close { conn, code, reason } => self.socket.close(conn, code, reason),
            Output::Persist(write, ops) => {
                for op in ops {
                    match op {
                        StoreOp::Put(key, value) => self.store.insert(key, value),
                        StoreOp::Delete(key) => self.store.remove(&key),
                    };
                }
                self.inputs.push_back(Input::Persisted(write));
            }
            Output::Deliver(delivery, events) => {
                events
                    .into_iter()
                    .for_each(|event| self.app.delivered(event));
                self.inputs.push_back(Input::Taken(delivery));
            }
            Output::Emit(event) => self.app.told(event),
            Output::Answer(call, result) => self.app.answered(call, result),
            Output::WakeAt(at_ms) => {
                self.wake_at = at_ms.map(|at_ms| self.device.clock.at(at_ms));
            }
        }
    }
}

/// How a session's counters are asked for.
pub(super) type StatsAnswer = oneshot::Sender<seqline_core::Stats>;
