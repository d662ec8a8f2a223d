//! One process of the relay: its own code, on virtual time. To drop it is to kill it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seqline_protocol::Heartbeat;
use seqline_relay::{
    admission::admit,
    api::{self, Caller},
    app::App,
    assembly::{Assembled, Parts, assemble},
    auth::Keyring,
    broadcasts::PublicRules,
    connection::Connection,
    drain::{DrainRules, drain},
    http::AllowedOrigins,
    session::DevicePolicy,
    store::{CommitRules, Store},
    traces::Traces,
    traffic::TrafficRules,
    upkeep::UpkeepRules,
    webhooks::WebhookRules,
};
use tokio::{
    runtime::{Builder, Runtime},
    time::sleep_until,
};

use crate::{
    clock::{RelayClock, SeededEntropy, Skew},
    exits::{Exit, Exits, app_id},
    plan::Setup,
    wire::{Line, LineId, SimulatedWire},
};

/// Shorter than what is configured by default, as scenarios are.
const DRAIN_RULES: DrainRules = DrainRules {
    time_ms: 2_000,
    reconnect_window_ms: 2_000,
};

/// How often devices look into the public mailbox by themselves.
const PUBLIC_REFRESH_MS: u64 = 20_000;

/// What tokens are signed with.
pub const SECRET: &str = "a secret that only this world knows";

/// A relay that runs.
pub struct RelayProcess {
    // Before the runtime, whose tasks hold it as well.
    assembled: Assembled,
    clock: Arc<RelayClock>,
    exits: Arc<Exits>,
    runtime: Runtime,
}

/// What outlives a process.
pub struct Outside {
    /// What comes out of it.
    pub exits: Arc<Exits>,
    /// What it keeps everything in.
    pub store: Arc<dyn Store>,
    /// How far its calendar is off.
    pub skew: Skew,
}

/// The keys of the one app.
#[must_use]
pub fn keyring() -> Keyring {
    Keyring::new([(&app_id(), SECRET)])
}

/// What every process decides commits by.
#[must_use]
pub fn commit_rules(setup: &Setup) -> CommitRules {
    CommitRules {
        crowd_members_min: setup.crowd_members_min,
        ..CommitRules::default()
    }
}

impl RelayProcess {
    /// Starts one.
    ///
    /// # Panics
    /// If the machine has no memory for a runtime.
    #[must_use]
    pub fn start(setup: &Setup, outside: &Outside, now_ms: u64, seed: u64) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime of one thread");
        let guard = runtime.enter();
        let clock = Arc::new(RelayClock::start(now_ms, outside.skew.clone()));
        drop(guard);
        let parts = parts(setup, Arc::clone(&clock), seed);
        let assembled = runtime.block_on(assemble(parts, Arc::clone(&outside.store)));
        Self {
            assembled,
            clock,
            exits: Arc::clone(&outside.exits),
            runtime,
        }
    }

    /// Takes a connection in; false if the relay refuses it.
    #[must_use]
    pub fn accept(&self, id: LineId, line: Arc<Line>) -> bool {
        let _guard = self.runtime.enter();
        let app = self.app();
        let Ok(membership) = admit(app) else {
            return false;
        };
        let wire = SimulatedWire::new(id, line, Arc::clone(&self.exits));
        let connection = Connection::new(Arc::clone(app), wire, membership);
        app.connections.spawn(connection.run());
        true
    }

    /// Calls a method of the API, as an HTTP request does. The answer comes out as an [`Exit`].
    pub fn call(&self, number: u32, caller: Caller, method: &'static str, params: String) {
        let app = Arc::clone(self.app());
        let exits = Arc::clone(&self.exits);
        self.runtime.spawn(async move {
            let answer = api::call(&app, &caller, method, &params).await;
            let answer = answer.map_err(|error| error.code);
            exits.push(Exit::Answered(number, answer));
        });
    }

    /// Begins to stop; the process goes on until it is dropped.
    pub fn drain(&self) {
        let app = Arc::clone(self.app());
        self.runtime.spawn(async move {
            drain(&app, DRAIN_RULES).await;
        });
    }

    /// Lets time pass until something comes out, at most until then. Gives the time.
    #[must_use]
    pub fn run_until(&self, world_ms: u64) -> u64 {
        let until = self.clock.instant_at(world_ms);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.exits.filled() => {}
                () = sleep_until(until) => {}
            }
            self.clock.world_ms()
        })
    }

    fn app(&self) -> &Arc<App> {
        &self.assembled.app
    }
}

fn parts(setup: &Setup, clock: Arc<RelayClock>, seed: u64) -> Parts {
    let sync_ttl = Duration::from_millis(setup.sync_ttl_ms);
    Parts {
        keyring: keyring(),
        is_dev: false,
        origins: AllowedOrigins::default(),
        sessions_max: 10_000,
        // Fewer than there are devices, so that some wait for their turn.
        logins_under_way_max: 2,
        poll_wait_ms: 20_000,
        heartbeat: Heartbeat::default(),
        commit_rules: commit_rules(setup),
        devices: DevicePolicy::Any,
        upkeep_rules: UpkeepRules::for_ttl(sync_ttl, Duration::from_secs(30 * 24 * 3600)),
        webhooks: BTreeMap::new(),
        webhook_rules: WebhookRules::default(),
        checks: BTreeMap::new(),
        traffic_rules: TrafficRules::default(),
        public_rules: PublicRules {
            poll_ms: setup.public_poll_ms,
            refresh_ms: Some(PUBLIC_REFRESH_MS),
            ..PublicRules::default()
        },
        traces: Traces::default(),
        clock,
        entropy: Arc::new(SeededEntropy::new(seed)),
    }
}
