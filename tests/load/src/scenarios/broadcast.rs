//! `broadcast`: operators write to all users; each device is told in a wave, and pulls.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use seqline_core::{ConnectionState, Delivered, Event};
use seqline_protocol::BroadcastId;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    fleet::{self, Gate},
    live_config,
};
use crate::{
    client::{App, Client},
    failure::Failure,
    measure::{
        process::Watch,
        traffic::{Mark, Traffic},
    },
    progress::Progress,
    relay::{Relay, token::Scope},
    report::{Latency, Run},
};

/// Beyond the wave, for the last devices.
const GRACE: Duration = Duration::from_secs(20);
/// The relay's counts that are reported.
const COUNTS: [(&str, &str); 2] = [
    ("pulls_total", "pulls"),
    ("pulls_from_memory_total", "pulls from memory"),
];

/// How many, to whom, and how fast.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Devices, of a user each.
    pub devices: usize,
    /// Broadcasts.
    pub broadcasts: usize,
    /// Between two of them, in milliseconds.
    pub every_ms: u64,
    /// Over which all are told, in milliseconds.
    pub wave_ms: u64,
}

/// Runs it.
///
/// # Errors
/// [`Failure`].
pub async fn run(relay: &Relay, settings: &Settings, progress: Progress) -> Result<Run, Failure> {
    let every = Duration::from_millis(settings.every_ms);
    let count = u32::try_from(settings.broadcasts).unwrap_or(u32::MAX);
    let time = every * count;
    let scene = Scene {
        traffic: Arc::new(Traffic::new(1, settings.devices, time)),
        marks: Arc::default(),
        gate: Gate::new(),
    };
    let clients: Vec<Client> = (0..settings.devices)
        .map(|n| {
            let app = Reader {
                n,
                scene: scene.clone(),
                versions: BTreeMap::new(),
            };
            relay.client(n, &relay.user(n), live_config(), app)
        })
        .collect();
    fleet::connect(&clients, &scene.gate, progress).await?;
    // Devices are noted in the background.
    sleep(Duration::from_secs(1)).await;
    let drafts = write(relay, &scene, settings.broadcasts).await?;
    let before = counts(relay).await?;
    let watch = Watch::start(relay.processes());
    let from = Instant::now();
    scene.traffic.measure_from(from);
    let phase = progress.phase("publishing", settings.broadcasts as u64);
    for (n, draft) in (0_u32..).zip(&drafts) {
        let intended = from + every * n;
        sleep_until(intended).await;
        publish(relay, &scene, draft, intended, settings.wave_ms).await?;
        phase.reached(u64::from(n) + 1);
    }
    drop(phase);
    let phase = progress.phase("waves", 1);
    let wait = Duration::from_millis(settings.wave_ms) + GRACE;
    // What did not come by then is counted.
    let _ = timeout(wait, scene.traffic.settled()).await;
    drop(phase);
    let mut run = Run::new("seqline", relay.durability());
    run.process = watch.and_then(|watch| watch.taken());
    for ((_, name), (before, after)) in COUNTS
        .into_iter()
        .zip(before.into_iter().zip(counts(relay).await?))
    {
        run.figure(name, after - before, "");
    }
    let outcome = scene.traffic.outcome();
    let latencies = [
        ("publish → stored", &outcome.acknowledged),
        ("publish → received", &outcome.received),
    ];
    for (name, series) in latencies {
        run.latencies.push(Latency::of(name, series));
    }
    run.set_messages(outcome.tally);
    Ok(run)
}

struct Draft {
    id: Value,
    mark: usize,
}

/// Drafts, which nobody sees yet.
async fn write(relay: &Relay, scene: &Scene, count: usize) -> Result<Vec<Draft>, Failure> {
    let mut drafts = Vec::new();
    for number in 0..count {
        let content = json!({ "title": "News", "body": format!("Number {number} of a load test") });
        let params = json!({ "content": content });
        let answer = relay
            .api
            .call(Scope::Operator, "broadcasts.create", &params)
            .await?;
        let id = find_id(&answer).cloned().unwrap_or_default();
        if let Some(id) = id.as_u64().and_then(|id| BroadcastId::new(id).ok()) {
            scene.mark(id, number);
        }
        drafts.push(Draft { id, mark: number });
    }
    Ok(drafts)
}

fn find_id(answer: &Value) -> Option<&Value> {
    answer
        .get("id")
        .or_else(|| answer.get("broadcast")?.get("id"))
}

async fn publish(
    relay: &Relay,
    scene: &Scene,
    draft: &Draft,
    intended: Instant,
    wave_ms: u64,
) -> Result<(), Failure> {
    let mark = scene.traffic.begin(0, intended);
    debug_assert_eq!(mark.map(|mark| mark.number), Some(draft.mark));
    let params = json!({ "id": draft.id, "revision": 1, "wave": { "window_ms": wave_ms } });
    let method = "broadcasts.publish";
    relay.api.call(Scope::Operator, method, &params).await?;
    if let Some(mark) = mark {
        scene.traffic.acknowledged(mark);
    }
    Ok(())
}

async fn counts(relay: &Relay) -> Result<Vec<f64>, Failure> {
    let mut counts = Vec::new();
    for (name, _) in COUNTS {
        counts.push(relay.api.metric(name).await?.unwrap_or(0.0));
    }
    Ok(counts)
}

/// What all devices share.
#[derive(Clone)]
struct Scene {
    traffic: Arc<Traffic>,
    /// Which broadcast is the how manieth.
    marks: Arc<Mutex<BTreeMap<BroadcastId, usize>>>,
    gate: Gate,
}

impl Scene {
    fn mark(&self, id: BroadcastId, number: usize) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.insert(id, number);
    }

    fn mark_of(&self, id: BroadcastId) -> Option<Mark> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(&id).map(|number| Mark {
            lane: 0,
            number: *number,
        })
    }
}

struct Reader {
    n: usize,
    scene: Scene,
    /// A list that begins anew repeats what the device has; its version tells.
    versions: BTreeMap<BroadcastId, u32>,
}

impl App for Reader {
    fn delivered(&mut self, event: Delivered) {
        let Delivered::Public { news } = event else {
            return;
        };
        for broadcast in news
            .changes
            .into_iter()
            .filter_map(|change| change.broadcast)
        {
            let known = self.versions.insert(broadcast.id, broadcast.version);
            if known != Some(broadcast.version)
                && let Some(mark) = self.scene.mark_of(broadcast.id)
            {
                self.scene.traffic.received(self.n, mark);
            }
        }
    }

    fn told(&mut self, event: Event) {
        if let Event::State(ConnectionState::Connected { .. }) = event {
            self.scene.gate.pass();
        }
    }
}
