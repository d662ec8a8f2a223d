//! `idle`: connections that say nothing, and what each takes of the relay's memory.

use std::time::Duration;

use seqline_core::{ConnectionState, Event};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{
    fleet::{self, Gate},
    live_config,
};
use crate::{
    client::{App, Client},
    failure::Failure,
    measure::process::Watch,
    progress::Progress,
    relay::Relay,
    report::Run,
};

/// Connections before memory is first looked at: what is made once is there then.
const FIRST_SHARE: usize = 20;
/// For memory to come to rest, and devices to be noted.
const REST: Duration = Duration::from_secs(2);
/// For all connections to be gone.
const CLOSE_WAIT: Duration = Duration::from_secs(30);

/// How many, and for how long.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Connections, of a user each.
    pub connections: usize,
    /// How long they say nothing, in seconds.
    pub hold_s: u64,
}

/// Runs it.
///
/// # Errors
/// [`Failure`].
pub async fn run(relay: &Relay, settings: &Settings, progress: Progress) -> Result<Run, Failure> {
    let gate = Gate::new();
    let clients: Vec<Client> = (0..settings.connections)
        .map(|n| {
            let app = Idle {
                gate: gate.clone(),
                is_connected: false,
            };
            relay.client(n, &relay.user(n), live_config(), app)
        })
        .collect();
    let mut run = Run::new("seqline", relay.durability());
    let (first, rest) = clients.split_at((clients.len() / FIRST_SHARE).max(1).min(clients.len()));
    let watch = Watch::start(relay.processes());
    fleet::connect(first, &gate, progress).await?;
    sleep(REST).await;
    let before = relay.processes().usage();
    let began = Instant::now();
    fleet::connect(rest, &gate, progress).await?;
    let connecting = began.elapsed();
    sleep(REST).await;
    let after = relay.processes().usage();
    let phase = progress.timed("holding", Duration::from_secs(settings.hold_s));
    for second in 0..settings.hold_s {
        sleep(Duration::from_secs(1)).await;
        phase.reached(second + 1);
        phase.note(format!("{} connected", gate.count()));
    }
    drop(phase);
    let held = relay.processes().usage();
    run.process = watch.and_then(|watch| watch.taken());
    figures(&mut run, rest.len(), connecting, [before, after, held]);
    let away = settings.connections - gate.count();
    if away > 0 {
        run.problems.push(format!("connections lost: {away}"));
    }
    run.figure("connected to the end", count(gate.count()), "connections");
    for client in &clients {
        // Its handle is dropped in any case.
        let _ = client.disconnect();
    }
    if !gate.falls_to(0, Instant::now() + CLOSE_WAIT).await {
        run.problems.push("clients did not disconnect".to_owned());
    }
    sleep(REST).await;
    if let Some(closed) = relay.processes().usage() {
        run.figure("memory, all gone", mebibytes(closed.resident_kib), "MiB");
        run.figure("files, all gone", count_u64(closed.files), "files");
    }
    Ok(run)
}

type Look = Option<crate::measure::process::Usage>;

fn figures(run: &mut Run, added: usize, connecting: Duration, looks: [Look; 3]) {
    if added > 0 {
        let rate = count(added) / connecting.as_secs_f64();
        run.figure("connecting", rate, "connections/s");
    }
    let [Some(before), Some(after), Some(held)] = looks else {
        return;
    };
    if added > 0 {
        let each = |kib: u64| (count_u64(kib) - count_u64(before.resident_kib)) / count(added);
        run.figure("memory each, connected", each(after.resident_kib), "KiB");
        run.figure("memory each, held", each(held.resident_kib), "KiB");
    }
    run.figure("processor while held", held.cpu_s - after.cpu_s, "s");
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn count_u64(number: u64) -> f64 {
    number as f64
}

fn mebibytes(kib: u64) -> f64 {
    count_u64(kib) / 1024.0
}

struct Idle {
    gate: Gate,
    is_connected: bool,
}

impl App for Idle {
    fn told(&mut self, event: Event) {
        let Event::State(state) = event else { return };
        let is_connected = matches!(state, ConnectionState::Connected { .. });
        if is_connected != self.is_connected {
            self.is_connected = is_connected;
            if is_connected {
                self.gate.pass();
            } else {
                self.gate.leave();
            }
        }
    }
}
