//! Puts the parts of a relay together, above a store and below whatever listens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seqline_protocol::{AppId, Heartbeat, ServerLimits};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    account::Account,
    admission::Logins,
    app::App,
    auth::Keyring,
    broadcasts::{
        PublicMailbox, PublicRules, Witness,
        lookup::HttpLookup,
        reach::{Reach, ReachFlush, ReachSource},
        wave::Waves,
    },
    callout::{Callout, Endpoint},
    check::{Check, CheckRules, HttpCheck},
    circles::Circles,
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    fleet::{Fleet, FleetRules, Voice},
    http::{AllowedOrigins, Polling},
    hub::{Hub, WakeUp},
    presence::Presence,
    rooms::Rooms,
    session::{DevicePolicy, SessionRules},
    store::{BroadcastStore, CommitRules, Store, TimelineAppend},
    traces::{Told, Traces},
    traffic::{Traffic, TrafficRules},
    upkeep::{self, IndexBell, UpkeepRules},
    webhooks::{WebhookBells, WebhookParts, WebhookRules},
    writer::Writer,
};

/// What a relay is made from, apart from where it listens and where it keeps what it stores.
pub struct Parts {
    /// The apps' keys.
    pub keyring: Keyring,
    /// Whether development conveniences are on.
    pub is_dev: bool,
    /// Which web pages may connect.
    pub origins: AllowedOrigins,
    /// Connections at most.
    pub sessions_max: usize,
    /// Log-ins under way at a time.
    pub logins_under_way_max: u32,
    /// How long a poll waits for something to be answered with, in milliseconds.
    pub poll_wait_ms: u32,
    /// How signs of life are exchanged.
    pub heartbeat: Heartbeat,
    /// What the store decides by; its `hook_apps` come from `webhooks`.
    pub commit_rules: CommitRules,
    /// Which devices of a user may be connected at a time.
    pub devices: DevicePolicy,
    /// What is done on the side.
    pub upkeep_rules: UpkeepRules,
    /// The apps whose servers are told of what happens.
    pub webhooks: BTreeMap<AppId, Endpoint>,
    /// How they are told.
    pub webhook_rules: WebhookRules,
    /// The apps whose servers are asked before a message is stored.
    pub checks: BTreeMap<AppId, CheckRules>,
    /// What addresses, users and connections may cost.
    pub traffic_rules: TrafficRules,
    /// How the public mailbox goes.
    pub public_rules: PublicRules,
    /// Where traces go; off by default.
    pub traces: Traces,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Parts {
    /// What a store for this relay has to decide by.
    #[must_use]
    pub fn commit_rules(&self) -> CommitRules {
        CommitRules {
            hook_apps: self.webhooks.keys().cloned().collect(),
            ..self.commit_rules.clone()
        }
    }
}

/// A relay without a listener: connections are made with [`crate::connection::Connection`].
pub struct Assembled {
    /// What connections, requests and methods work with.
    pub app: Arc<App>,
    writer: JoinHandle<()>,
    background: Background,
}

/// Webhooks and upkeep.
#[derive(Default)]
struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Whoever is to learn of a commit.
struct WakeAll(Vec<Arc<dyn WakeUp>>);

impl WakeUp for WakeAll {
    fn committed(&self, appends: &[TimelineAppend], told: &Told) {
        for one in &self.0 {
            one.committed(appends, told);
        }
    }

    fn attended(&self, of: &[Arc<Account>]) {
        for one in &self.0 {
            one.attended(of);
        }
    }
}

/// Starts everything but a listener, on a store that was opened with
/// [`Parts::commit_rules`]. Other relays may share the store, and are not heard.
pub async fn assemble(parts: Parts, store: Arc<dyn Store>) -> Assembled {
    assemble_in(FleetRules::default(), parts, store).await
}

/// The same, beside other relays.
pub async fn assemble_in(fleet: FleetRules, parts: Parts, store: Arc<dyn Store>) -> Assembled {
    let hub = Arc::new(Hub::default());
    let counters = Arc::new(Counters::default());
    let voice = Voice::new(&fleet, Arc::clone(&parts.clock));
    let presence = Presence::new(
        Arc::clone(&hub),
        Arc::clone(&store),
        Arc::clone(&parts.clock),
    );
    let rooms = Rooms::new(
        Arc::clone(&parts.clock),
        Arc::clone(&counters),
        (Arc::clone(&hub), Arc::clone(&voice)),
    );
    let fleet = Fleet::new(
        (fleet, voice),
        (Arc::clone(&hub), Arc::clone(&store)),
        (Arc::clone(&presence), Arc::clone(&rooms)),
        (
            Arc::clone(&parts.entropy),
            Arc::clone(&counters),
            parts.traces.clone(),
        ),
    );
    fleet.arrive().await;
    let index_bell = Arc::new(IndexBell::default());
    let webhook_bells = Arc::new(WebhookBells::new(parts.webhooks.keys()));
    let wake_all = WakeAll(vec![
        Arc::clone(&hub) as Arc<dyn WakeUp>,
        Arc::clone(&index_bell) as Arc<dyn WakeUp>,
        Arc::clone(&webhook_bells) as Arc<dyn WakeUp>,
        Arc::clone(&fleet) as Arc<dyn WakeUp>,
    ]);
    let (queue, writer) = Writer::new(
        Arc::clone(&store),
        Arc::new(wake_all),
        Arc::clone(&parts.clock),
        Arc::clone(&counters),
        parts.traces.clone(),
    );
    let callout = Callout::default();
    let reach = Arc::new(Reach::new(&*parts.entropy));
    let waves = Arc::new(Waves::new(
        reach.node().to_owned(),
        Arc::clone(&hub),
        Arc::clone(&parts.clock),
        Arc::clone(&counters),
    ));
    let lookup = HttpLookup::new(
        parts.public_rules.lookups.clone(),
        parts.public_rules.attribute_names.clone(),
        callout.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&counters),
    );
    let flush = ReachFlush {
        reach: Arc::clone(&reach),
        beside: Arc::clone(&waves) as Arc<dyn ReachSource>,
        store: Arc::clone(&store) as Arc<dyn BroadcastStore>,
        clock: Arc::clone(&parts.clock),
        counters: Arc::clone(&counters),
        every: Duration::from_millis(parts.public_rules.reach_flush_ms),
    };
    let public = PublicMailbox::new(
        Arc::clone(&store) as Arc<dyn BroadcastStore>,
        Arc::clone(&parts.clock),
        Arc::clone(&parts.entropy),
        Arc::clone(&counters),
        parts.public_rules,
    );
    let public = public
        .with_lookup(Arc::new(lookup))
        .with_witness(Arc::clone(&reach) as Arc<dyn Witness>);
    let public = Arc::new(public);
    // Known before anyone comes, so that nobody is told of an empty mailbox.
    public.refresh().await;
    let traffic = Arc::new(Traffic::new(parts.traffic_rules));
    let rules = SessionRules {
        traffic: Arc::clone(&traffic),
        keyring: parts.keyring,
        heartbeat: parts.heartbeat,
        limits: ServerLimits::default(),
        devices: parts.devices,
        public: Arc::clone(&public),
        is_shared: store.shared_as().is_some(),
    };
    let background = Background::default();
    let polling = Arc::clone(&public).run(background.stop.clone());
    background.tasks.spawn(polling);
    let following = Arc::clone(&waves).follow(public.changed(), background.stop.clone());
    background.tasks.spawn(following);
    background.tasks.spawn(flush.run(background.stop.clone()));
    fleet.start(&background.tasks, &background.stop);
    background
        .tasks
        .spawn(parts.traces.run(background.stop.clone()));
    upkeep::start(
        &store,
        &parts.clock,
        &counters,
        parts.upkeep_rules,
        index_bell,
        &background.tasks,
        &background.stop,
    );
    let courier = WebhookParts {
        store: Arc::clone(&store),
        presence: Arc::clone(&presence),
        callout: callout.clone(),
        clock: Arc::clone(&parts.clock),
        entropy: Arc::clone(&parts.entropy),
        counters: Arc::clone(&counters),
        traces: parts.traces.clone(),
        traced: webhook_bells.traced(),
        rules: parts.webhook_rules,
    };
    webhook_bells.start(parts.webhooks, courier, &background.tasks, &background.stop);
    let check: Option<Arc<dyn Check>> = (!parts.checks.is_empty()).then(|| {
        let (clock, counters) = (Arc::clone(&parts.clock), Arc::clone(&counters));
        Arc::new(HttpCheck::new(parts.checks, callout, clock, counters)) as Arc<dyn Check>
    });
    let app = Arc::new(App {
        rooms,
        presence,
        circles: Arc::new(Circles::new(
            Arc::clone(&fleet),
            Arc::clone(&store),
            Arc::clone(&parts.clock),
        )),
        is_dev: parts.is_dev,
        origins: parts.origins,
        sessions_max: parts.sessions_max,
        logins: Logins::new(
            parts.logins_under_way_max,
            Arc::clone(&parts.clock),
            Arc::clone(&parts.entropy),
            Arc::clone(&counters),
        ),
        traffic,
        polling: Arc::new(Polling::new(parts.poll_wait_ms)),
        rules: Arc::new(rules),
        public,
        reach,
        waves,
        store,
        store_health: writer.health(),
        writer: queue,
        check,
        hub,
        fleet,
        traces: parts.traces,
        clock: parts.clock,
        entropy: parts.entropy,
        counters,
        connections: TaskTracker::new(),
        draining: CancellationToken::new(),
    });
    Assembled {
        app,
        writer: tokio::spawn(writer.run()),
        background,
    }
}

impl Assembled {
    /// Ends what runs, once no connection is left: what is queued is still committed.
    pub async fn stop(self) {
        // The writer's queue ends with the last session and this.
        drop(self.app);
        let mut writer = self.writer;
        if timeout(REST_WAIT, &mut writer).await.is_err() {
            writer.abort();
            let _ = writer.await;
        }
        self.background.stop().await;
    }
}

impl Background {
    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(BACKGROUND_WAIT, self.tasks.wait()).await.is_err() {
            tracing::warn!("webhooks or upkeep did not end in time; leaving");
        }
    }
}

/// Time for what is queued when all sessions have ended, or have been given up.
const REST_WAIT: Duration = Duration::from_secs(1);

/// Time for webhooks under way, and for a step of upkeep.
const BACKGROUND_WAIT: Duration = Duration::from_secs(3);
