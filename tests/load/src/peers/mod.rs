//! Other servers, under the same load on the same machine: what a figure is worth shows beside
//! another one.
//!
//! Each is started with its data in a temporary folder, and driven through an adapter: who
//! sends publishes to a topic of its own, whom it is for subscribes to that. What each does
//! before it acknowledges is said beside its figures.

#[cfg(feature = "peers")]
mod mosquitto;
#[cfg(feature = "peers")]
mod nats;
mod socket_io;
#[cfg(feature = "peers")]
mod startup;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum as _;
use tempfile::TempDir;

use crate::{
    failure::Failure,
    measure::{process::Processes, traffic::Traffic},
    progress::Progress,
    relay::process::ServerProcess,
    report::Run,
    scenarios::traffic::{self, Load, Publisher},
};

/// Messages that wait for a client: as many as our outbox holds.
const WAITING_MAX: usize = 1_000;

/// A server to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Peer {
    /// MQTT with QoS 1 and persistence.
    Mosquitto,
    /// NATS JetStream, files synced from time to time.
    Nats,
    /// NATS JetStream, files synced before each acknowledgement.
    NatsSynced,
    /// socket.io: acknowledged when the server has it; nothing is kept.
    #[value(name = "socket.io")]
    SocketIo,
}

impl Peer {
    /// As it is called on the command line.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Where peers are found.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder in which npm installed socket.io.
    pub socket_io: PathBuf,
}

/// A peer that runs, with its clients.
struct Started {
    server: String,
    durability: String,
    publishers: Vec<Box<dyn Publisher>>,
    process: ServerProcess,
    /// Its data; removed in the end.
    folder: TempDir,
}

/// Runs the scenario `send` against a peer.
///
/// # Errors
/// [`Failure`].
pub async fn send(
    peer: Peer,
    places: &Places,
    pairs: usize,
    load: &Load,
    progress: Progress,
) -> Result<Run, Failure> {
    let (traffic, answers) = load.traffic(pairs, 1);
    let phase = progress.phase(format!("starting {}", peer.name()), 1);
    let started = start(peer, places, pairs, &traffic).await?;
    drop(phase);
    let processes = Processes::of(Some(started.process.pid()));
    let (outcome, taken) = traffic::drive(
        &started.publishers,
        (&traffic, answers),
        load,
        processes,
        progress,
    )
    .await;
    let mut run = Run::new(started.server, started.durability);
    run.is_peer = true;
    traffic::report(&mut run, &outcome, load.time);
    run.process = taken;
    drop(started.publishers);
    started.process.stop().await;
    drop(started.folder);
    Ok(run)
}

async fn start(
    peer: Peer,
    places: &Places,
    lanes: usize,
    traffic: &Arc<Traffic>,
) -> Result<Started, Failure> {
    match peer {
        Peer::SocketIo => socket_io::start(&places.socket_io, lanes, traffic).await,
        #[cfg(feature = "peers")]
        Peer::Mosquitto => mosquitto::start(lanes, traffic).await,
        #[cfg(feature = "peers")]
        Peer::Nats => nats::start(nats::Sync::Sometimes, lanes, traffic).await,
        #[cfg(feature = "peers")]
        Peer::NatsSynced => nats::start(nats::Sync::Always, lanes, traffic).await,
        #[cfg(not(feature = "peers"))]
        Peer::Mosquitto | Peer::Nats | Peer::NatsSynced => Err(Failure::Unsuitable(
            "this binary was built without clients of other servers; use `npm run load`, or build \
             with `--features peers`"
                .to_owned(),
        )),
    }
}
