//! `pull`: new devices appear, and pull all that waits for them.

use std::{sync::Arc, time::Duration};

use seqline_core::{Delivered, Event};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::{backlog, config, fleet::Gate};
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
    schedule::{Arrivals, Schedule},
};

/// For the last ones.
const WAIT: Duration = Duration::from_secs(60);

/// How many, how often, and what waits for them.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Devices, of a user each.
    pub devices: usize,
    /// Messages that wait for each.
    pub backlog: usize,
    /// New devices in a second, on average.
    pub rate_per_s: f64,
    /// Bytes of a message.
    pub payload_bytes: usize,
    /// Of when they appear.
    pub seed: u64,
}

/// Runs it.
///
/// # Errors
/// [`Failure`].
pub async fn run(relay: &Relay, settings: &Settings, progress: Progress) -> Result<Run, Failure> {
    #[expect(clippy::cast_precision_loss, reason = "a time to chart over")]
    let time = Duration::from_secs_f64(settings.devices as f64 / settings.rate_per_s);
    let traffic = Arc::new(Traffic::new(1, settings.devices, time));
    let (devices, messages) = (settings.devices, settings.backlog);
    let bytes = settings.payload_bytes;
    backlog::write(relay, &traffic, devices, messages, bytes, progress).await?;
    let scene = Scene {
        traffic,
        backlog: settings.backlog,
        first: Stopwatch::over(time),
        caught_up: Stopwatch::over(time),
        is_there: Gate::new(),
    };
    let watch = Watch::start(relay.processes());
    scene.first.start();
    scene.caught_up.start();
    let began = Instant::now();
    let clients = appear(relay, settings, &scene, progress).await;
    let until = Instant::now() + WAIT;
    let are_there = scene.is_there.reaches(devices, until).await;
    let took = began.elapsed();
    let mut run = Run::new("seqline", relay.durability());
    run.process = watch.and_then(|watch| watch.taken());
    drop(clients);
    for (name, stopwatch) in [
        ("appear → first message", &scene.first),
        ("appear → caught up", &scene.caught_up),
    ] {
        run.latencies.push(Latency::of(name, &stopwatch.series()));
    }
    let tally = scene.traffic.outcome().tally;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = tally.received as f64 / took.as_secs_f64();
    run.figure("pulled", rate, "messages/s");
    run.set_messages(tally);
    if !are_there {
        let missing = devices - scene.is_there.count();
        run.problems
            .push(format!("devices that did not catch up: {missing}"));
    }
    Ok(run)
}

async fn appear(
    relay: &Relay,
    settings: &Settings,
    scene: &Scene,
    progress: Progress,
) -> Vec<Client> {
    let phase = progress.phase("devices appear", settings.devices as u64);
    let began = Instant::now();
    let (arrivals, seed) = (Arrivals::Poisson, settings.seed);
    let mut schedule = Schedule::new(arrivals, settings.rate_per_s, began, seed);
    let mut clients = Vec::new();
    for n in 0..settings.devices {
        let intended = schedule.advance();
        sleep_until(intended).await;
        let app = Cold {
            n,
            intended,
            scene: scene.clone(),
            got: 0,
            is_synced: false,
            is_caught_up: false,
        };
        let client = relay.client(n, &relay.user(n), config(), app);
        // It was just started, and has nothing else to do.
        let _ = client.connect();
        clients.push(client);
        phase.reached(scene.is_there.count() as u64);
    }
    clients
}

#[derive(Clone)]
struct Scene {
    traffic: Arc<Traffic>,
    backlog: usize,
    first: Stopwatch,
    caught_up: Stopwatch,
    is_there: Gate,
}

/// A device that has nothing.
struct Cold {
    n: usize,
    intended: Instant,
    scene: Scene,
    got: usize,
    is_synced: bool,
    is_caught_up: bool,
}

impl Cold {
    fn look(&mut self) {
        let has_all = self.is_synced && self.got >= self.scene.backlog;
        if has_all && !std::mem::replace(&mut self.is_caught_up, true) {
            self.scene.caught_up.stop_since(self.intended);
            self.scene.is_there.pass();
        }
    }
}

impl App for Cold {
    fn delivered(&mut self, event: Delivered) {
        if let Delivered::Message { message, .. } = event
            && let Some(mark) = Mark::of(&message.body)
        {
            if self.got == 0 {
                self.scene.first.stop_since(self.intended);
            }
            self.got += 1;
            self.scene.traffic.received(self.n, mark);
            self.look();
        }
    }

    fn told(&mut self, event: Event) {
        if let Event::Synced { .. } = event {
            self.is_synced = true;
            self.look();
        }
    }
}
