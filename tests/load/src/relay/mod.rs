//! What is under load: a relay that runs already, or relays that are started for the run.

mod addresses;
pub mod api;
pub mod process;
pub mod token;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::join_all;
use seqline_core::Config;
use tempfile::TempDir;
use tokio::process::Command;

use self::{
    addresses::Addresses,
    api::Api,
    process::{ServerProcess, StartError},
    token::Signer,
};
use crate::{
    client::{App, Client, Clock, Device},
    measure::process::Processes,
};

const APP: &str = "load";
const SECRET: &str = "a secret of the load generator, for one run";
const CONFIG: &str = "seqline.toml";
/// Connections that come from one address: ports are few, and so is what one address may have.
const CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// How to start relays.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// The program.
    pub binary: PathBuf,
    /// The database's URL; a SQLite file in a temporary folder, if absent.
    pub database: Option<String>,
    /// The main process of the database server, if that is known.
    pub database_pid: Option<u32>,
    /// Lines of their configuration.
    pub config: String,
    /// How many, on one database.
    pub count: u16,
}

/// Where a relay is, and what its app's server knows.
#[derive(Debug, Clone)]
pub struct Address {
    /// Where it listens.
    pub socket: SocketAddr,
    /// The app.
    pub app: String,
    /// The app's secret.
    pub secret: String,
}

/// A relay under load, or several of one fleet.
pub struct Relay {
    /// Where they listen.
    addresses: Addresses,
    /// What time it is.
    pub clock: Clock,
    /// Their HTTP API.
    pub api: Api,
    signer: Arc<Signer>,
    seed: u64,
    /// Of one that runs already.
    pid: Option<u32>,
    own: Option<Own>,
}

/// Relays that were started here.
struct Own {
    settings: RelaySettings,
    folder: TempDir,
    processes: Vec<ServerProcess>,
}

impl Relay {
    /// One that runs already, with the id of its process if that is on this machine.
    #[must_use]
    pub fn attach(address: &Address, pid: Option<u32>, seed: u64) -> Self {
        let clock = Clock::start();
        let signer = Signer::new(&address.app, &address.secret, &clock);
        Self::at(Addresses::of(address.socket), signer, clock, seed, pid)
    }

    fn at(addresses: Addresses, signer: Signer, clock: Clock, seed: u64, pid: Option<u32>) -> Self {
        Self {
            api: Api::new(addresses.clone(), signer.clone()),
            addresses,
            clock,
            signer: Arc::new(signer),
            seed,
            pid,
            own: None,
        }
    }

    /// Starts them; they end when this is dropped. `TMPDIR` chooses the disk.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: RelaySettings, seed: u64) -> Result<Self, StartError> {
        let folder = TempDir::with_prefix("seqline-load-")?;
        let config = format!("{}\n[apps.{APP}]\nsecret = \"{SECRET}\"\n", settings.config);
        fs::write(folder.path().join(CONFIG), config)?;
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (first, address) = serve(&settings, folder.path(), 0, any_port).await?;
        let mut processes = vec![first];
        let mut addresses = Addresses::of(address);
        for at in 1..settings.count {
            let (process, address) = serve(&settings, folder.path(), at.into(), any_port).await?;
            processes.push(process);
            addresses.add(address);
        }
        let own = Own {
            settings,
            folder,
            processes,
        };
        let clock = Clock::start();
        let signer = Signer::new(APP, SECRET, &clock);
        Ok(Self {
            own: Some(own),
            ..Self::at(addresses, signer, clock, seed, None)
        })
    }

    /// Kills the relays that were started here, all at once, and starts them again on their data.
    ///
    /// # Errors
    /// [`StartError`]; also if it was not started here.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        let Some(own) = self.own.take() else {
            return Err(StartError::NotOurs);
        };
        join_all(own.processes.into_iter().map(ServerProcess::stop)).await;
        let mut processes = Vec::new();
        for (at, address) in self.addresses.all().enumerate() {
            let (process, _) = serve(&own.settings, own.folder.path(), at, address).await?;
            processes.push(process);
        }
        self.own = Some(Own { processes, ..own });
        Ok(())
    }

    /// What the relay does before it acknowledges.
    #[must_use]
    pub fn durability(&self) -> String {
        match &self.own {
            Some(own) if own.is_postgres() => {
                "PostgreSQL, acknowledged after the commit, as the server is set to sync".to_owned()
            }
            Some(_) => "SQLite, every commit is synced before it is acknowledged".to_owned(),
            None => "as the relay is set: by default, synced before it is acknowledged".to_owned(),
        }
    }

    /// A user of this run: no other run's.
    #[must_use]
    pub fn user(&self, n: usize) -> String {
        format!("load-{:x}-{n}", self.seed)
    }

    /// Its processes, as far as they are known.
    #[must_use]
    pub fn processes(&self) -> Processes {
        match &self.own {
            None => Processes::of(self.pid),
            Some(own) => Processes {
                servers: own.processes.iter().map(ServerProcess::pid).collect(),
                database: own.settings.database_pid,
            },
        }
    }

    /// A client of a user's device, the `n`th of this run. Clients are spread over all relays.
    pub fn client(&self, n: usize, user: &str, config: Config, app: impl App) -> Client {
        let device = Device {
            config,
            user: user.to_owned(),
            tokens: Arc::clone(&self.signer) as _,
            relay: self.addresses.of_client(n),
            from: self.source(n),
            seed: self.seed_of(n),
            clock: self.clock,
        };
        Client::start(device, app)
    }

    /// Ends it, if it was started here.
    pub async fn stop(self) {
        if let Some(own) = self.own {
            join_all(own.processes.into_iter().map(ServerProcess::stop)).await;
        }
    }

    /// Loopback has millions of addresses; elsewhere the system chooses.
    fn source(&self, n: usize) -> Option<IpAddr> {
        let last = u8::try_from(2 + n / CONNECTIONS_PER_ADDRESS).ok()?;
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let is_loopback = self.addresses.all().all(|address| address.ip() == here);
        is_loopback.then_some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)))
    }

    fn seed_of(&self, n: usize) -> [u8; 32] {
        let mut random = fastrand::Rng::with_seed(self.seed ^ (n as u64).rotate_left(32));
        std::array::from_fn(|_| random.u8(..))
    }
}

impl Own {
    fn is_postgres(&self) -> bool {
        let database = self.settings.database.as_deref();
        database.is_some_and(|url| url.starts_with("postgres"))
    }
}

async fn serve(
    settings: &RelaySettings,
    folder: &Path,
    at: usize,
    listen: SocketAddr,
) -> Result<(ServerProcess, SocketAddr), StartError> {
    let database = settings
        .database
        .clone()
        .unwrap_or_else(|| format!("sqlite:{}/seqline.db", folder.display()));
    let mut command = Command::new(&settings.binary);
    command
        .args(["serve", "--log", "warn", "--listen", &listen.to_string()])
        .args(["--database", &database, "--config"])
        .arg(folder.join(CONFIG));
    let log = folder.join(format!("relay-{at}.log"));
    let advice = "build it with `npm run build`, or name another with --relay";
    let mut process = ServerProcess::spawn(&mut command, &log, advice)?;
    let said = process.announced("listening on http://", &log).await?;
    let address = said.parse().map_err(|_| StartError::Silent {
        program: settings.binary.display().to_string(),
        log: said,
    })?;
    Ok((process, address))
}
