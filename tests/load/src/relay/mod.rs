//! The relay under load: one that runs already, or one that is started for the run.

pub mod api;
pub mod process;
pub mod token;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use seqline_core::Config;
use tempfile::TempDir;
use tokio::process::Command;

use self::{
    api::Api,
    process::{ServerProcess, StartError},
    token::Signer,
};
use crate::client::{App, Client, Clock, Device};

const APP: &str = "load";
const SECRET: &str = "a secret of the load generator, for one run";
const CONFIG: &str = "seqline.toml";
/// Connections that come from one address: ports are few, and so is what one address may have.
const CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// How to start a relay.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// The program.
    pub binary: PathBuf,
    /// The database's URL; a SQLite file in a temporary folder, if absent.
    pub database: Option<String>,
    /// Lines of its configuration.
    pub config: String,
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

/// A relay under load.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    /// What time it is.
    pub clock: Clock,
    /// Its HTTP API.
    pub api: Api,
    signer: Arc<Signer>,
    seed: u64,
    /// Of one that runs already.
    pid: Option<u32>,
    own: Option<Own>,
}

/// A relay that was started here.
struct Own {
    settings: RelaySettings,
    folder: TempDir,
    process: ServerProcess,
}

impl Relay {
    /// One that runs already, with the id of its process if that is on this machine.
    #[must_use]
    pub fn attach(address: &Address, pid: Option<u32>, seed: u64) -> Self {
        let clock = Clock::start();
        let signer = Signer::new(&address.app, &address.secret, &clock);
        Self {
            address: address.socket,
            clock,
            api: Api::new(address.socket, signer.clone()),
            signer: Arc::new(signer),
            seed,
            pid,
            own: None,
        }
    }

    /// Starts one, which ends when this is dropped. `TMPDIR` chooses the disk.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: RelaySettings, seed: u64) -> Result<Self, StartError> {
        let folder = TempDir::with_prefix("seqline-load-")?;
        let config = format!("{}\n[apps.{APP}]\nsecret = \"{SECRET}\"\n", settings.config);
        fs::write(folder.path().join(CONFIG), config)?;
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (process, socket) = serve(&settings, folder.path(), any_port).await?;
        let address = Address {
            socket,
            app: APP.to_owned(),
            secret: SECRET.to_owned(),
        };
        let own = Own {
            settings,
            folder,
            process,
        };
        Ok(Self {
            own: Some(own),
            ..Self::attach(&address, None, seed)
        })
    }

    /// Kills the relay that was started here, and starts it again on its data.
    ///
    /// # Errors
    /// [`StartError`]; also if it was not started here.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        let Some(own) = self.own.take() else {
            return Err(StartError::NotOurs);
        };
        own.process.stop().await;
        let (process, _) = serve(&own.settings, own.folder.path(), self.address).await?;
        self.own = Some(Own { process, ..own });
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

    /// The id of its process, if that is known.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let own = self.own.as_ref();
        own.map(|own| own.process.pid()).or(self.pid)
    }

    /// A client of a user's device, the `n`th of this run.
    pub fn client(&self, n: usize, user: &str, config: Config, app: impl App) -> Client {
        let device = Device {
            config,
            user: user.to_owned(),
            tokens: Arc::clone(&self.signer) as _,
            relay: self.address,
            from: self.source(n),
            seed: self.seed_of(n),
            clock: self.clock,
        };
        Client::start(device, app)
    }

    /// Ends it, if it was started here.
    pub async fn stop(self) {
        if let Some(own) = self.own {
            own.process.stop().await;
        }
    }

    /// Loopback has millions of addresses; elsewhere the system chooses.
    fn source(&self, n: usize) -> Option<IpAddr> {
        let last = u8::try_from(2 + n / CONNECTIONS_PER_ADDRESS).ok()?;
        let is_loopback = self.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST);
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
    let log = folder.join("relay.log");
    let advice = "build it with `npm run build`, or name another with --relay";
    let mut process = ServerProcess::spawn(&mut command, &log, advice)?;
    let said = process.announced("listening on http://", &log).await?;
    let address = said.parse().map_err(|_| StartError::Silent {
        program: settings.binary.display().to_string(),
        log: said,
    })?;
    Ok((process, address))
}
