//! From settings to a configuration, with every complaint at once.

mod apps;
mod broadcasts;
mod fleet;
mod heartbeat;
mod listener;
mod traces;
mod traffic;

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use seqline_protocol::Secret;

use super::{Config, ConfigError, Origin, Problem, Settings, Sources, parse_time_s};
use crate::{
    drain::DrainRules,
    limits::{
        LOGINS_UNDER_WAY_MAX, LOGINS_UNDER_WAY_SHARED_MAX, POLL_WAIT_MS, POLL_WAIT_MS_MAX,
        POLL_WAIT_MS_MIN,
    },
    store::{CommitRules, Database, sqlite::SqliteSettings},
};

const DATABASE_DEFAULT: &str = "sqlite:data/seqline.db";
const SYNC_TTL_DEFAULT: &str = "30d";
const TOMBSTONE_TTL_DEFAULT: &str = "30d";
const TTL_MIN_S: u64 = 60;
const DAY_MS: u64 = 24 * 3600 * 1000;

impl Sources {
    /// The database alone, for what needs nothing else.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if it cannot be used.
    pub fn check_database(&self) -> Result<Database, ConfigError> {
        let mut check = Check {
            sources: self,
            problems: Vec::new(),
        };
        let database = check.database();
        if check.problems.is_empty() {
            Ok(database)
        } else {
            Err(ConfigError::Invalid(check.problems))
        }
    }

    /// Puts the sources together.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] lists all values that cannot be used.
    pub fn check(&self) -> Result<Config, ConfigError> {
        let mut check = Check {
            sources: self,
            problems: Vec::new(),
        };
        let config = check.config();
        if check.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Invalid(check.problems))
        }
    }
}

struct Check<'a> {
    sources: &'a Sources,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn config(&mut self) -> Config {
        let is_dev = self.sources.pick("dev", |s| &s.dev).0 == Some(true);
        let database = self.database();
        let logins_default = match &database {
            Database::Sqlite(_) => LOGINS_UNDER_WAY_MAX,
            Database::Postgres(_) => LOGINS_UNDER_WAY_SHARED_MAX,
        };
        Config {
            is_dev,
            listen: self.listen(is_dev),
            metrics_listen: self.metrics_listen(),
            tls: self.tls(),
            database_read_url: self.database_read_url(&database),
            bus: self.bus(&database),
            sweep_interval: self.sweep_interval(),
            database,
            apps: self.apps(is_dev),
            previous_secrets: self.previous_secrets(),
            app: self.app().map(|(app, _)| app),
            allowed_origins: self.allowed_origins(),
            log_format: self.sources.pick("log_format", |s| &s.log_format).0,
            log: self.log(),
            traces: self.traces(),
            heartbeat: self.heartbeat(),
            poll_wait_ms: self.number(
                "poll_wait_ms",
                |s| &s.poll_wait_ms,
                POLL_WAIT_MS,
                POLL_WAIT_MS_MIN..=POLL_WAIT_MS_MAX,
            ),
            commit_rules: self.commit_rules(),
            devices: self
                .sources
                .pick("devices", |s| &s.devices)
                .0
                .unwrap_or_default(),
            sync_ttl: self.time("sync_ttl", |s| &s.sync_ttl, SYNC_TTL_DEFAULT),
            public_rules: self.public_rules(),
            tombstone_ttl: self.time(
                "broadcast_tombstone_ttl",
                |s| &s.broadcast_tombstone_ttl,
                TOMBSTONE_TTL_DEFAULT,
            ),
            webhooks: self.webhooks(),
            checks: self.checks(),
            drain_rules: DrainRules {
                time_ms: self.number("drain_ms", |s| &s.drain_ms, 5_000, 0..=3_600_000),
                reconnect_window_ms: self.number(
                    "reconnect_window_ms",
                    |s| &s.reconnect_window_ms,
                    5_000,
                    0..=3_600_000,
                ),
            },
            sessions_max: self.number("sessions_max", |s| &s.sessions_max, 100_000, 1..=10_000_000),
            logins_under_way_max: self.number(
                "logins_under_way_max",
                |s| &s.logins_under_way_max,
                logins_default,
                1..=100_000,
            ),
            traffic_rules: self.traffic_rules(),
            listener_rules: self.listener_rules(),
            readers: self.number("readers", |s| &s.readers, 4, 1..=64),
            sqlite_cache_mib: self.number(
                "sqlite_cache_mib",
                |s| &s.sqlite_cache_mib,
                SqliteSettings::default().cache_mib,
                4..=1_048_576,
            ),
        }
    }

    fn commit_rules(&mut self) -> CommitRules {
        let rules = CommitRules::default();
        CommitRules {
            recall_window_ms: self.number(
                "recall_window_ms",
                |s| &s.recall_window_ms,
                rules.recall_window_ms,
                0..=365 * DAY_MS,
            ),
            edit_window_ms: self.number(
                "edit_window_ms",
                |s| &s.edit_window_ms,
                rules.edit_window_ms,
                0..=365 * DAY_MS,
            ),
            crowd_members_min: self.number(
                "crowd_members_min",
                |s| &s.crowd_members_min,
                rules.crowd_members_min,
                2..=5_000,
            ),
            group_members_max: self.number(
                "group_members_max",
                |s| &s.group_members_max,
                rules.group_members_max,
                2..=10_000_000,
            ),
            receipt_members_max: self.number(
                "receipt_members_max",
                |s| &s.receipt_members_max,
                rules.receipt_members_max,
                0..=1_000,
            ),
            shows_history_to_new: self
                .sources
                .pick("history_for_new", |s| &s.history_for_new)
                .0
                .unwrap_or(rules.shows_history_to_new),
            ..rules
        }
    }

    /// How long something is kept for devices that are away.
    fn time(
        &mut self,
        field: &str,
        of: impl Fn(&Settings) -> &Option<String>,
        default: &str,
    ) -> Duration {
        let (text, origin) = self.sources.pick(field, of);
        let text = text.unwrap_or_else(|| default.to_owned());
        let time_s = parse_time_s(&text).and_then(|time_s| {
            (time_s >= TTL_MIN_S).then_some(time_s).ok_or_else(|| {
                format!("{text:?} is less than {TTL_MIN_S}s: devices could not keep up")
            })
        });
        match time_s {
            Ok(time_s) => Duration::from_secs(time_s),
            Err(reason) => {
                self.problem(field, origin, reason);
                Duration::ZERO
            }
        }
    }

    fn database(&mut self) -> Database {
        let (text, origin) = self.sources.pick("database", |s| &s.database);
        let text = text.as_ref().map_or(DATABASE_DEFAULT, Secret::expose);
        Database::parse(text).unwrap_or_else(|reason| {
            self.problem("database", origin, reason);
            Database::Sqlite(PathBuf::new())
        })
    }

    fn database_read_url(&mut self, database: &Database) -> Option<Secret> {
        let (url, origin) = self
            .sources
            .pick("database_read_url", |s| &s.database_read_url);
        let url = url?;
        let reason = match (Database::parse(url.expose()), database) {
            (Ok(Database::Postgres(_)), Database::Postgres(_)) => return Some(url),
            (_, Database::Sqlite(_)) => {
                "a SQLite file has no standby; leave it away, or set `database` to the postgres:// \
                 URL of the primary server"
                    .to_owned()
            }
            (Ok(Database::Sqlite(_)), _) => "a standby is at a postgres:// URL".to_owned(),
            (Err(reason), _) => reason,
        };
        self.problem("database_read_url", origin, reason);
        None
    }

    fn allowed_origins(&mut self) -> Vec<String> {
        let (origins, origin) = self.sources.pick("allowed_origins", |s| &s.allowed_origins);
        let origins = origins.unwrap_or_default();
        for listed in &origins {
            let rest = listed
                .strip_prefix("https://")
                .or_else(|| listed.strip_prefix("http://"));
            if rest.is_none_or(|host| host.is_empty() || host.contains('/')) {
                let reason = format!(
                    "{listed:?} is not an origin such as https://chat.example (no path, no slash \
                     at the end)"
                );
                self.problem("allowed_origins", origin.clone(), reason);
            }
        }
        origins
    }

    fn log(&mut self) -> String {
        let (filter, origin) = self.sources.pick("log", |s| &s.log);
        let filter = filter.unwrap_or_else(|| "info".to_owned());
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
            let reason = format!("{filter:?} is not a log filter such as info or debug: {error}");
            self.problem("log", origin, reason);
        }
        filter
    }

    fn number<T: Copy + PartialOrd + std::fmt::Display>(
        &mut self,
        field: &str,
        of: impl Fn(&Settings) -> &Option<T>,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let (value, origin) = self.sources.pick(field, of);
        let value = value.unwrap_or(default);
        if !range.contains(&value) {
            let reason = format!("{value} is not from {} to {}", range.start(), range.end());
            self.problem(field, origin, reason);
        }
        value
    }

    fn problem(&mut self, field: &str, origin: Origin, reason: String) {
        self.problems.push(Problem {
            field: field.to_owned(),
            origin,
            reason,
        });
    }
}
