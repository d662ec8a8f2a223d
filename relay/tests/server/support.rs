//! A relay to test, and clients of it.

mod api;
mod app_server;
mod broadcasts;
mod client;
mod collector;
mod device;
mod nats;
mod polled;
pub(crate) mod presence;
mod process;
pub(crate) mod rooms;
pub(crate) mod table;
mod web;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use seqline_protocol::{AppId, Epoch, Heartbeat, Micros, Secret, UserId};
use seqline_relay::{
    account::Account,
    assembly::{Assembled, Parts, assemble},
    auth::{Identity, Keyring, Profile, Scope},
    broadcasts::PublicRules,
    bus::BusChoice,
    callout::Endpoint,
    check::CheckRules,
    clock::{Clock, Now, SystemClock},
    drain::DrainRules,
    entropy::SystemEntropy,
    http::AllowedOrigins,
    limits::{LOGINS_UNDER_WAY_MAX, POLL_WAIT_MS},
    listener::{ListenerRules, TlsFiles},
    relay::{Plan, Running, start},
    session::DevicePolicy,
    store::{CommitRules, Database, memory::MemoryStore},
    traces::{TraceRules, Traces},
    traffic::TrafficRules,
    upkeep::UpkeepRules,
    webhooks::WebhookRules,
};
use tempfile::TempDir;

pub(crate) use api::{Refused, guards, refused, texts};
pub(crate) use app_server::{Answer, AppServer, Seen, WEBHOOK_SECRET};
pub(crate) use broadcasts::{draft, names};
pub(crate) use client::{Client, send, send_to};
pub(crate) use collector::Collector;
pub(crate) use device::Device;
pub(crate) use nats::Nats;
pub(crate) use polled::{Polled, poll};
pub(crate) use process::{BINARY, Process, cannot_serve, run};
pub(crate) use web::{Reply, request};

/// No test waits longer than this for anything; none that passes comes near it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const SECRET: &str = "the secret of the app, 32 bytes and more";
pub(crate) const OTHER_SECRET: &str = "the secret of another app, 32 bytes and more";

/// The machine's clock, and what a test adds to it.
#[derive(Debug)]
pub(crate) struct TestClock {
    system: SystemClock,
    ahead: Mutex<Duration>,
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let now = self.system.now();
        let ahead = *self.ahead.lock().unwrap();
        let ahead_us = u64::try_from(ahead.as_micros()).unwrap();
        Now {
            wall: Micros::new(now.wall.get() + ahead_us).unwrap(),
            uptime: now.uptime + ahead,
        }
    }
}

pub(crate) struct Relay {
    pub(crate) running: Running,
    pub(crate) clock: Arc<TestClock>,
    keyring: Keyring,
    folder: TempDir,
}

/// What a test wants different.
#[derive(Clone)]
pub(crate) struct Wish {
    /// By default a SQLite file.
    pub(crate) database: Option<Database>,
    pub(crate) read_url: Option<Secret>,
    pub(crate) bus: BusChoice,
    pub(crate) sweep_interval: Duration,
    pub(crate) is_dev: bool,
    pub(crate) sessions_max: usize,
    pub(crate) logins_under_way_max: u32,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) commit_rules: CommitRules,
    pub(crate) devices: DevicePolicy,
    pub(crate) upkeep_rules: UpkeepRules,
    pub(crate) webhooks: BTreeMap<AppId, Endpoint>,
    pub(crate) webhook_rules: WebhookRules,
    pub(crate) checks: BTreeMap<AppId, CheckRules>,
    pub(crate) public_rules: PublicRules,
    pub(crate) listener_rules: ListenerRules,
    pub(crate) traffic_rules: TrafficRules,
    pub(crate) has_metrics_listener: bool,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) traces: Option<TraceRules>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            database: None,
            read_url: None,
            bus: BusChoice::None,
            sweep_interval: Duration::from_secs(5),
            is_dev: false,
            sessions_max: 1000,
            logins_under_way_max: LOGINS_UNDER_WAY_MAX,
            allowed_origins: Vec::new(),
            commit_rules: CommitRules {
                recall_window_ms: 60_000,
                ..CommitRules::default()
            },
            devices: DevicePolicy::Any,
            upkeep_rules: UpkeepRules::default(),
            webhooks: BTreeMap::new(),
            webhook_rules: WebhookRules::default(),
            checks: BTreeMap::new(),
            public_rules: PublicRules::default(),
            listener_rules: ListenerRules::default(),
            traffic_rules: TrafficRules::default(),
            has_metrics_listener: false,
            tls: None,
            traces: None,
        }
    }
}

impl Relay {
    pub(crate) async fn start() -> Self {
        Self::start_with(Wish::default()).await
    }

    pub(crate) async fn start_with(wish: Wish) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), wish).await
    }

    /// Stops it, and starts another one with the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(Wish::default()).await
    }

    pub(crate) async fn restart_with(self, wish: Wish) -> Self {
        self.running.stop().await;
        Self::start_in(self.folder, wish).await
    }

    async fn start_in(folder: TempDir, wish: Wish) -> Self {
        let clock = Arc::new(TestClock {
            system: SystemClock::start(),
            ahead: Mutex::default(),
        });
        let plan = plan(folder.path(), wish, Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            running: start(plan).await.unwrap(),
            clock,
            keyring: keyring(),
            folder,
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.clock.ahead.lock().unwrap() += time;
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("seqline.db")
    }

    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}/v1/socket", self.running.address())
    }

    pub(crate) fn token(&self, user: &str) -> String {
        self.token_of("app", user, Scope::User, Duration::from_secs(3600))
    }

    pub(crate) fn token_of(&self, app: &str, user: &str, scope: Scope, ttl: Duration) -> String {
        self.sign(app, user, scope, ttl, Profile::default())
    }

    /// A user's of whom more is said.
    pub(crate) fn token_with(&self, user: &str, profile: Profile) -> String {
        let ttl = Duration::from_secs(36_000);
        self.sign("app", user, Scope::User, ttl, profile)
    }

    fn sign(&self, app: &str, user: &str, scope: Scope, ttl: Duration, profile: Profile) -> String {
        let expires_us = u128::from(self.clock.now().wall.get()) + ttl.as_micros();
        let identity = Identity {
            account: Account {
                app: AppId::new(app).unwrap(),
                user: UserId::new(user).unwrap(),
            },
            scope,
            expires: Micros::new(u64::try_from(expires_us).unwrap()).unwrap(),
            profile,
        };
        self.keyring.sign(&identity).unwrap()
    }

    /// How often a code was answered.
    pub(crate) fn refusals(&self, code: seqline_protocol::ErrorCode) -> u64 {
        let mut all = self.running.counters().refusals();
        all.find(|(one, _)| *one == code).unwrap().1
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        request(self.running.address(), "GET", path, &[], "").await
    }

    /// What `/metrics` says of one.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let reply = self.get("/metrics").await;
        let prefix = format!("{name} ");
        let text = reply.text();
        let value = text.lines().find_map(|line| line.strip_prefix(&prefix));
        value.unwrap().parse().unwrap()
    }

    /// Asks until a metric is no less.
    pub(crate) async fn until(&self, metric: &str, least: u64) {
        let reached = async { while self.metric(metric).await < least {} };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("{metric} comes to {least}"));
    }
}

/// A user's token, for an hour.
pub(crate) fn token(user: &str) -> String {
    scoped_token(user, Scope::User)
}

/// The same of any scope.
pub(crate) fn scoped_token(user: &str, scope: Scope) -> String {
    let now_us = SystemClock::start().now().wall.get();
    let identity = Identity {
        account: Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new(user).unwrap(),
        },
        scope,
        expires: Micros::new(now_us + 3_600_000_000).unwrap(),
        profile: Profile::default(),
    };
    keyring().sign(&identity).unwrap()
}

/// What a relay without a listener is made from.
pub(crate) fn parts() -> Parts {
    parts_of(Wish::default(), Arc::new(SystemClock::start()))
}

/// What a relay works with, without a listener.
pub(crate) async fn assembled(wish: Wish) -> Assembled {
    let parts = parts_of(wish, Arc::new(SystemClock::start()));
    let store = MemoryStore::new(parts.commit_rules(), Epoch::new(1).unwrap());
    assemble(parts, Arc::new(store)).await
}

fn keyring() -> Keyring {
    let app = |name: &str| AppId::new(name).unwrap();
    Keyring::new([
        (&app("app"), SECRET),
        (&app("dev"), SECRET),
        (&app("other"), OTHER_SECRET),
    ])
}

fn plan(folder: &Path, wish: Wish, clock: Arc<dyn Clock>) -> Plan {
    Plan {
        listen: ([127, 0, 0, 1], 0).into(),
        metrics_listen: wish
            .has_metrics_listener
            .then_some(([127, 0, 0, 1], 0).into()),
        tls: wish.tls.clone(),
        database: wish
            .database
            .clone()
            .unwrap_or_else(|| Database::Sqlite(folder.join("seqline.db"))),
        read_url: wish.read_url.clone(),
        bus: wish.bus.clone(),
        sweep_interval: wish.sweep_interval,
        readers: 2,
        sqlite_cache_mib: 8,
        listener_rules: wish.listener_rules.clone(),
        drain_rules: DrainRules {
            time_ms: 10_000,
            reconnect_window_ms: 700,
        },
        parts: parts_of(wish, clock),
    }
}

fn parts_of(wish: Wish, clock: Arc<dyn Clock>) -> Parts {
    Parts {
        keyring: keyring(),
        is_dev: wish.is_dev,
        origins: AllowedOrigins::new(wish.allowed_origins, wish.is_dev),
        sessions_max: wish.sessions_max,
        logins_under_way_max: wish.logins_under_way_max,
        poll_wait_ms: POLL_WAIT_MS,
        heartbeat: Heartbeat::default(),
        commit_rules: wish.commit_rules,
        devices: wish.devices,
        upkeep_rules: wish.upkeep_rules,
        webhooks: wish.webhooks,
        webhook_rules: wish.webhook_rules,
        checks: wish.checks,
        traffic_rules: wish.traffic_rules,
        public_rules: wish.public_rules,
        traces: traces(wish.traces.as_ref(), &clock),
        clock,
        entropy: Arc::new(SystemEntropy),
    }
}

fn traces(rules: Option<&TraceRules>, clock: &Arc<dyn Clock>) -> Traces {
    let Some(rules) = rules else {
        return Traces::default();
    };
    Traces::new(rules, Arc::clone(clock), Arc::new(SystemEntropy)).unwrap()
}
