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

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    failure::Failure,
    measure::traffic::Traffic,
    progress::Progress,
    relay::process::{ServerProcess, StartError},
    report::Run,
    scenarios::traffic::{self, Load, Publisher},
};

/// For a server to take connections.
const START_WAIT: Duration = Duration::from_secs(30);
/// Messages that a client has unacknowledged: as many as ours.
const WINDOW: u16 = 64;
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
    let phase = progress.phase(format!("starting {peer:?}").to_lowercase(), 1);
    let started = start(peer, places, pairs, &traffic).await?;
    drop(phase);
    let pid = Some(started.process.pid());
    let (outcome, taken) = traffic::drive(
        &started.publishers,
        (&traffic, answers),
        load,
        pid,
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

/// A port that nobody has at the moment, for servers that cannot choose one.
#[cfg_attr(
    not(feature = "peers"),
    expect(dead_code, reason = "those servers are left out")
)]
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Until it takes connections.
#[cfg_attr(
    not(feature = "peers"),
    expect(dead_code, reason = "those servers are left out")
)]
async fn listening(program: &str, address: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + START_WAIT;
    while Instant::now() < until {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(Failure::Start(StartError::Silent {
        program: program.to_owned(),
        log: String::new(),
    }))
}
