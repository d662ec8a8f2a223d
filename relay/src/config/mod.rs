//! Configuration: flags win over environment variables, those over the file, that over
//! defaults. All of it is checked before anything starts, and every complaint says which
//! setting, where its value came from, and what to do.

mod check;
mod reference;
mod settings;
mod sources;
mod time;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use seqline_protocol::{AppId, Heartbeat, Secret};
use thiserror::Error;

pub use reference::{Setting, settings};
pub use settings::{AppSettings, LogFormat, Settings};
pub use sources::{Origin, Sources};
pub use time::parse_time_s;

use crate::{
    broadcasts::PublicRules,
    bus::BusChoice,
    callout::Endpoint,
    check::CheckRules,
    drain::DrainRules,
    listener::{ListenerRules, TlsFiles},
    session::DevicePolicy,
    store::{CommitRules, Database},
    traces::TraceRules,
    traffic::TrafficRules,
};

/// Where the relay's own files are, if the database is a server.
const DATA_FOLDER: &str = "data";

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 for any free one.
    pub listen: SocketAddr,
    /// Where `/metrics` is served, if not there.
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate, for TLS.
    pub tls: Option<TlsFiles>,
    /// Where everything is kept.
    pub database: Database,
    /// A standby of it, which is read where that does.
    pub database_read_url: Option<Secret>,
    /// How relays on the same database wake each other's devices.
    pub bus: BusChoice,
    /// How often it is looked for what was not told.
    pub sweep_interval: Duration,
    /// Development conveniences.
    pub is_dev: bool,
    /// Each app's secret. In development the only app's is kept in the data folder.
    pub apps: BTreeMap<AppId, Secret>,
    /// Secrets that apps had before, of which tokens are still about.
    pub previous_secrets: BTreeMap<AppId, Secret>,
    /// Which app a token is for, if it was named.
    pub app: Option<AppId>,
    /// Origins of web pages that may connect, beside the relay's own.
    pub allowed_origins: Vec<String>,
    /// How logs are written; by default as fits the terminal.
    pub log_format: Option<LogFormat>,
    /// What is logged.
    pub log: String,
    /// Where traces go, if anywhere.
    pub traces: Option<TraceRules>,
    /// How signs of life are exchanged.
    pub heartbeat: Heartbeat,
    /// How long a poll waits for something to be answered with, in milliseconds.
    pub poll_wait_ms: u32,
    /// What the store decides by.
    pub commit_rules: CommitRules,
    /// Which devices of a user may be connected at a time.
    pub devices: DevicePolicy,
    /// How long timeline entries are kept.
    pub sync_ttl: Duration,
    /// How long it is known which broadcasts were taken back.
    pub tombstone_ttl: Duration,
    /// How the public mailbox goes.
    pub public_rules: PublicRules,
    /// Where which apps' servers are told of what happens.
    pub webhooks: BTreeMap<AppId, Endpoint>,
    /// Which apps' servers are asked before a message is stored, and how.
    pub checks: BTreeMap<AppId, CheckRules>,
    /// How to stop.
    pub drain_rules: DrainRules,
    /// Connections at most.
    pub sessions_max: usize,
    /// Log-ins under way at a time.
    pub logins_under_way_max: u32,
    /// What is asked of whoever connects.
    pub listener_rules: ListenerRules,
    /// What addresses, users and connections may cost.
    pub traffic_rules: TrafficRules,
    /// Reading database connections.
    pub readers: u32,
    /// SQLite's memory for pages, in MiB.
    pub sqlite_cache_mib: u32,
}

impl Config {
    /// Where the relay keeps its own files: the folder of the database, if that is a file.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        let folder = self.database.folder();
        folder.unwrap_or(Path::new(DATA_FOLDER)).to_owned()
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the configuration file {path} is not valid: {place}: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where: line and setting. What it is set to is not shown: it may be a secret.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Some values cannot be used.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

/// One value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} ({origin}): {reason}")]
pub struct Problem {
    /// The setting.
    pub field: String,
    /// Where its value came from.
    pub origin: Origin,
    /// What is wrong, and what to do.
    pub reason: String,
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(|one| format!("\n  {one}")).collect();
    format!("the configuration cannot be used:{}", lines.concat())
}

#[cfg(test)]
mod tests;
