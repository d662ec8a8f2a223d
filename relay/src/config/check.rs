//! From settings to a configuration, with every complaint at once.

use std::{collections::BTreeMap, net::SocketAddr, ops::RangeInclusive, path::PathBuf};

use seqline_protocol::{AppId, Heartbeat};

use super::{Config, ConfigError, Origin, Problem, Secret, Settings, Sources};
use crate::{drain::DrainRules, limits::SECRET_BYTES_MIN, store::CommitRules};

const LISTEN_DEFAULT: &str = "127.0.0.1:7340";
const DATABASE_DEFAULT: &str = "sqlite:data/seqline.db";
const DAY_MS: u64 = 24 * 3600 * 1000;

impl Sources {
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
        let heartbeat = Heartbeat::default();
        Config {
            is_dev,
            listen: self.listen(is_dev),
            database: self.database(),
            apps: self.apps(is_dev),
            app: self.app().map(|(app, _)| app),
            allowed_origins: self.allowed_origins(),
            log_format: self.sources.pick("log_format", |s| &s.log_format).0,
            log: self.log(),
            heartbeat: Heartbeat {
                interval_ms: self.number(
                    "heartbeat_interval_ms",
                    |s| &s.heartbeat_interval_ms,
                    heartbeat.interval_ms,
                    100..=600_000,
                ),
                background_interval_ms: self.number(
                    "heartbeat_background_interval_ms",
                    |s| &s.heartbeat_background_interval_ms,
                    heartbeat.background_interval_ms,
                    100..=150_000,
                ),
            },
            commit_rules: CommitRules {
                recall_window_ms: self.number(
                    "recall_window_ms",
                    |s| &s.recall_window_ms,
                    120_000,
                    0..=365 * DAY_MS,
                ),
                ..CommitRules::default()
            },
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
            readers: self.number("readers", |s| &s.readers, 4, 1..=64),
        }
    }

    fn listen(&mut self, is_dev: bool) -> SocketAddr {
        let (text, origin) = self.sources.pick("listen", |s| &s.listen);
        let text = text.unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
        let Ok(address) = text.parse::<SocketAddr>() else {
            let reason = format!(
                "{text:?} is not an IP address with a port, such as {LISTEN_DEFAULT} or [::]:7340"
            );
            self.problem("listen", origin, reason);
            return SocketAddr::from(([127, 0, 0, 1], 0));
        };
        if is_dev && !address.ip().is_loopback() {
            let reason = format!(
                "{address} can be reached from other machines, and with `dev` anyone there \
                 could be any user; listen on 127.0.0.1, or configure apps instead of `dev`"
            );
            self.problem("listen", origin, reason);
        }
        address
    }

    fn database(&mut self) -> PathBuf {
        let (text, origin) = self.sources.pick("database", |s| &s.database);
        let text = text.unwrap_or_else(|| DATABASE_DEFAULT.to_owned());
        let path = text
            .strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
            .filter(|path| !path.is_empty() && !path.starts_with(":memory:"));
        if let Some(path) = path {
            return PathBuf::from(path);
        }
        let reason = format!("{text:?} is not sqlite:PATH, such as {DATABASE_DEFAULT}");
        self.problem("database", origin, reason);
        PathBuf::new()
    }

    fn app(&mut self) -> Option<(AppId, Origin)> {
        let (name, origin) = self.sources.pick("app", |s| &s.app);
        Some((self.app_id("app", name?, &origin)?, origin))
    }

    fn apps(&mut self, is_dev: bool) -> BTreeMap<AppId, Secret> {
        let mut apps = BTreeMap::new();
        let (file, origin) = self.sources.file();
        for (name, settings) in &file.apps {
            let field = format!("apps.{name}.secret");
            if let Some(app) = self.app_id(&format!("apps.{name}"), name.clone(), &origin)
                && let Some(secret) = self.secret(&field, &settings.secret, &origin)
            {
                apps.insert(app, secret);
            }
        }
        let (secret, origin) = self.sources.pick("app_secret", |s| &s.app_secret);
        match (self.app(), secret) {
            (Some((app, _)), Some(secret)) => {
                if let Some(secret) = self.secret("app_secret", &secret, &origin) {
                    apps.insert(app, secret);
                }
            }
            (None, Some(_)) => {
                let reason = "the app whose secret this is has no name; set SEQLINE_APP or --app";
                self.problem("app_secret", origin, reason.to_owned());
            }
            _ => {}
        }
        if is_dev && !apps.is_empty() {
            let reason = "development has one app, `dev`, with a secret of its own; \
                          leave out either `dev` or the apps";
            self.problem("apps", Origin::Default, reason.to_owned());
        } else if !is_dev && apps.is_empty() && self.problems.is_empty() {
            let reason = format!(
                "no app is configured, so no one could connect; set SEQLINE_APP and \
                 SEQLINE_APP_SECRET (at least {SECRET_BYTES_MIN} bytes, for example from \
                 `openssl rand -base64 48`), or [apps.NAME] secret in a --config file; \
                 or use --dev for a first look on this machine"
            );
            self.problem("apps", Origin::Default, reason);
        }
        apps
    }

    fn app_id(&mut self, field: &str, name: String, origin: &Origin) -> Option<AppId> {
        AppId::new(name)
            .map_err(|error| self.problem(field, origin.clone(), error.to_string()))
            .ok()
    }

    fn secret(&mut self, field: &str, secret: &str, origin: &Origin) -> Option<Secret> {
        if secret.len() < SECRET_BYTES_MIN {
            let reason = format!(
                "a secret has at least {SECRET_BYTES_MIN} bytes, this one {}; make one, for \
                 example with `openssl rand -base64 48`",
                secret.len()
            );
            self.problem(field, origin.clone(), reason);
            return None;
        }
        Some(Secret::new(secret.to_owned()))
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
