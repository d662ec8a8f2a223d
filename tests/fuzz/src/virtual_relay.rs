//! A relay in memory, on time that stands still.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seqline_protocol::{AppId, Epoch, Heartbeat, Micros};
use seqline_relay::{
    assembly::{Assembled, Parts, assemble},
    auth::Keyring,
    broadcasts::PublicRules,
    clock::{Clock, Now},
    entropy::Entropy,
    http::AllowedOrigins,
    limits::LOGINS_UNDER_WAY_MAX,
    session::DevicePolicy,
    store::{CommitRules, Store, memory::MemoryStore},
    traces::Traces,
    traffic::TrafficRules,
    upkeep::UpkeepRules,
    webhooks::WebhookRules,
};
use tokio::runtime::Runtime;

/// The moment at which everything happens, in microseconds since the Unix epoch.
pub(crate) const NOW_US: u64 = 1_700_000_000_000_000;

/// The app whose relay it is.
pub(crate) const APP: &str = "demo";

/// One thread, and a clock that is turned when nothing else is left to do.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// A relay with nothing in it.
pub(crate) async fn relay() -> Assembled {
    let rules = CommitRules {
        // So that conversations of a few calls get there.
        crowd_members_min: 4,
        group_members_max: 16,
        ..CommitRules::default()
    };
    let app = AppId::new(APP).expect("a name");
    let parts = Parts {
        keyring: Keyring::new([(&app, "0123456789abcdef0123456789abcdef")]),
        is_dev: false,
        origins: AllowedOrigins::default(),
        sessions_max: 100,
        logins_under_way_max: LOGINS_UNDER_WAY_MAX,
        poll_wait_ms: 25_000,
        heartbeat: Heartbeat::default(),
        commit_rules: rules,
        devices: DevicePolicy::default(),
        upkeep_rules: UpkeepRules::default(),
        webhooks: BTreeMap::new(),
        webhook_rules: WebhookRules::default(),
        checks: BTreeMap::new(),
        traffic_rules: TrafficRules::default(),
        public_rules: PublicRules::default(),
        traces: Traces::default(),
        clock: Arc::new(StandingClock),
        entropy: Arc::new(KnownEntropy),
    };
    let epoch = Epoch::saturating(7);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(parts.commit_rules(), epoch));
    assemble(parts, store).await
}

#[derive(Debug)]
struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Now {
        Now {
            wall: now(),
            uptime: Duration::from_secs(1),
        }
    }
}

/// The one moment.
pub(crate) fn now() -> Micros {
    Micros::saturating(NOW_US)
}

/// The same bytes each time.
#[derive(Debug)]
pub(crate) struct KnownEntropy;

impl Entropy for KnownEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        fastrand::Rng::with_seed(7).fill(buffer);
    }
}
