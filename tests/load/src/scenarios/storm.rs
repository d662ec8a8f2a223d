//! `storm`: many clients come back at once, and have something to catch up with.

use std::{sync::Arc, time::Duration};

use seqline_core::{ConnectionState, Delivered, Event};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{
    backlog,
    fleet::{self, Gate},
    live_config,
};
use crate::{
    client::{App, Client},
    failure::Failure,
    measure::{
        process::Watch,
        stopwatch::Stopwatch,
        traffic::{Mark, Traffic},
    },
    progress::Progress,
    relay::Relay,
    report::{Latency, Run},
};

/// For all to be gone, and for all to be back.
const WAIT: Duration = Duration::from_secs(120);

/// Why they are all away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// They disconnect, messages come in for them, and all connect at the same moment.
    Leave,
    /// All connections break at the same moment; they return as clients do.
    Cut,
    /// The relay is killed and started again; they return as clients do.
    Restart,
}

/// How many, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Clients, of a user each.
    pub clients: usize,
    /// Why they are away.
    pub cause: Cause,
    /// Messages that wait for each when they return; only where they leave.
    pub waiting: usize,
    /// Bytes of one.
    pub payload_bytes: usize,
}

/// Runs it.
///
/// # Errors
/// [`Failure`].
pub async fn run(
    relay: &mut Relay,
    settings: &Settings,
    progress: Progress,
) -> Result<Run, Failure> {
    let waiting = match settings.cause {
        Cause::Leave => settings.waiting,
        Cause::Cut | Cause::Restart => 0,
    };
    let scene = Scene {
        connected: Gate::new(),
        caught_up: Gate::new(),
        until_connected: Stopwatch::over(WAIT),
        until_caught_up: Stopwatch::over(WAIT),
        traffic: Arc::new(Traffic::new(1, settings.clients, WAIT)),
        waiting,
    };
    let clients: Vec<Client> = (0..settings.clients)
        .map(|n| {
            let app = Returning::new(n, scene.clone());
            relay.client(n, &relay.user(n), live_config(), app)
        })
        .collect();
    fleet::connect(&clients, &scene.connected, progress).await?;
    // Devices are noted in the background.
    sleep(Duration::from_secs(1)).await;
    let watch = leave_and_return(relay, &clients, &scene, settings, progress).await?;
    let mut run = Run::new("seqline", relay.durability());
    let are_back = all_return(&scene, settings.clients, progress).await;
    run.process = watch.and_then(|watch| watch.taken());
    let connected = scene.until_connected.series();
    let caught_up = scene.until_caught_up.series();
    for (name, series) in [("all connected", &connected), ("all caught up", &caught_up)] {
        run.figure(name, series.percentiles().max_ms / 1_000.0, "s");
    }
    run.latencies
        .push(Latency::of("return → connected", &connected));
    run.latencies
        .push(Latency::of("return → caught up", &caught_up));
    if waiting > 0 {
        run.set_messages(scene.traffic.outcome().tally);
    }
    if !are_back {
        let missing = settings.clients - scene.caught_up.count();
        run.problems
            .push(format!("clients that did not catch up: {missing}"));
    }
    Ok(run)
}

async fn leave_and_return(
    relay: &mut Relay,
    clients: &[Client],
    scene: &Scene,
    settings: &Settings,
    progress: Progress,
) -> Result<Option<Watch>, Failure> {
    match settings.cause {
        Cause::Leave => {
            for client in clients {
                // Nothing else waits for it.
                let _ = client.disconnect();
            }
            let until = Instant::now() + WAIT;
            if !scene.connected.falls_to(0, until).await {
                return Err(Failure::Unsuitable("clients did not disconnect".to_owned()));
            }
            let (count, bytes) = (settings.waiting, settings.payload_bytes);
            backlog::write(relay, &scene.traffic, clients.len(), count, bytes, progress).await?;
            let watch = Watch::start(relay.processes());
            scene.start();
            for client in clients {
                let _ = client.connect();
            }
            Ok(watch)
        }
        Cause::Cut => {
            let watch = Watch::start(relay.processes());
            scene.start();
            for client in clients {
                let _ = client.cut();
            }
            Ok(watch)
        }
        Cause::Restart => {
            scene.start();
            relay.restart().await?;
            Ok(Watch::start(relay.processes()))
        }
    }
}

async fn all_return(scene: &Scene, clients: usize, progress: Progress) -> bool {
    let phase = progress.phase("returning", clients as u64);
    let until = Instant::now() + WAIT;
    while scene.caught_up.count() < clients && Instant::now() < until {
        let soon = until.min(Instant::now() + Duration::from_secs(1));
        scene.caught_up.reaches(clients, soon).await;
        phase.reached(scene.caught_up.count() as u64);
        phase.note(format!("{} connected", scene.connected.count()));
    }
    scene.caught_up.count() >= clients
}

/// What all clients share.
#[derive(Clone)]
struct Scene {
    connected: Gate,
    caught_up: Gate,
    until_connected: Stopwatch,
    until_caught_up: Stopwatch,
    traffic: Arc<Traffic>,
    waiting: usize,
}

impl Scene {
    fn start(&self) {
        self.until_connected.start();
        self.until_caught_up.start();
    }
}

struct Returning {
    n: usize,
    scene: Scene,
    times_connected: usize,
    is_connected: bool,
    got: usize,
    is_synced: bool,
    is_caught_up: bool,
}

impl Returning {
    fn new(n: usize, scene: Scene) -> Self {
        Self {
            n,
            scene,
            times_connected: 0,
            is_connected: false,
            got: 0,
            is_synced: false,
            is_caught_up: false,
        }
    }

    fn look(&mut self) {
        let has_all = self.is_synced && self.got >= self.scene.waiting;
        if has_all && self.times_connected > 1 && !self.is_caught_up {
            self.is_caught_up = true;
            self.scene.until_caught_up.stop();
            self.scene.caught_up.pass();
        }
    }
}

impl App for Returning {
    fn delivered(&mut self, event: Delivered) {
        if let Delivered::Message { message, .. } = event
            && let Some(mark) = Mark::of(&message.body)
        {
            self.scene.traffic.received(self.n, mark);
            self.got += 1;
            self.look();
        }
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::State(ConnectionState::Connected { .. }) => {
                self.is_connected = true;
                self.is_synced = false;
                self.times_connected += 1;
                self.scene.connected.pass();
                if self.times_connected == 2 {
                    self.scene.until_connected.stop();
                }
            }
            Event::State(_) if std::mem::take(&mut self.is_connected) => {
                self.scene.connected.leave();
            }
            Event::Synced { .. } => {
                self.is_synced = true;
                self.look();
            }
            _ => {}
        }
    }
}
