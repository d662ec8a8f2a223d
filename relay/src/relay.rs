//! Puts the parts together and runs them.

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt as _;
use seqline_protocol::{AppId, Heartbeat, ServerLimits};
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
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
    drain::{DrainRules, drain},
    entropy::Entropy,
    http::{AllowedOrigins, App, Polling, router},
    hub::{Hub, WakeUp},
    presence::Presence,
    rooms::Rooms,
    session::{DevicePolicy, SessionRules},
    store::{BroadcastStore, CommitRules, Database, OpenError, StoreSettings, TimelineAppend},
    upkeep::{self, IndexBell, UpkeepRules},
    webhooks::{Online, WebhookBells, WebhookParts, WebhookRules},
    writer::Writer,
};

/// Everything that a relay is started with.
pub struct Plan {
    /// Where to listen; port 0 for any free one.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub database: Database,
    /// Reading connections.
    pub readers: u32,
    /// The apps' keys.
    pub keyring: Keyring,
    /// Whether development conveniences are on.
    pub is_dev: bool,
    /// Which web pages may connect.
    pub origins: AllowedOrigins,
    /// Connections at most.
    pub sessions_max: usize,
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
    /// How the public mailbox goes.
    pub public_rules: PublicRules,
    /// How to stop.
    pub drain_rules: DrainRules,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Why a relay cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// No database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// No address.
    #[error("cannot listen on {address}: {source}; choose another --listen")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A relay that is running.
pub struct Running {
    address: SocketAddr,
    app: Arc<App>,
    drain_rules: DrainRules,
    stop_accepting: CancellationToken,
    server: JoinHandle<io::Result<()>>,
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
    fn committed(&self, appends: &[TimelineAppend]) {
        for one in &self.0 {
            one.committed(appends);
        }
    }
}

/// Opens the database and listens.
///
/// # Errors
/// [`StartError`].
pub async fn start(plan: Plan) -> Result<Running, StartError> {
    let settings = StoreSettings {
        readers: plan.readers,
        sync_ttl: plan.upkeep_rules.sync_ttl,
    };
    let rules = CommitRules {
        hook_apps: plan.webhooks.keys().cloned().collect(),
        ..plan.commit_rules
    };
    let store = plan.database.open(settings, rules, &*plan.entropy).await?;
    let listener = TcpListener::bind(plan.listen)
        .await
        .and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = listener.map_err(|source| StartError::Listen {
        address: plan.listen,
        source,
    })?;
    let hub = Arc::new(Hub::default());
    let counters = Arc::new(Counters::default());
    let index_bell = Arc::new(IndexBell::default());
    let webhook_bells = Arc::new(WebhookBells::new(plan.webhooks.keys()));
    let wake_all = WakeAll(vec![
        Arc::clone(&hub) as Arc<dyn WakeUp>,
        Arc::clone(&index_bell) as Arc<dyn WakeUp>,
        Arc::clone(&webhook_bells) as Arc<dyn WakeUp>,
    ]);
    let (queue, writer) = Writer::new(
        Arc::clone(&store),
        Arc::new(wake_all),
        Arc::clone(&plan.clock),
        Arc::clone(&counters),
    );
    let callout = Callout::default();
    let reach = Arc::new(Reach::new(&*plan.entropy));
    let waves = Arc::new(Waves::new(
        reach.node().to_owned(),
        Arc::clone(&hub),
        Arc::clone(&plan.clock),
        Arc::clone(&counters),
    ));
    let lookup = HttpLookup::new(
        plan.public_rules.lookups.clone(),
        plan.public_rules.attribute_names.clone(),
        callout.clone(),
        Arc::clone(&plan.clock),
        Arc::clone(&counters),
    );
    let flush = ReachFlush {
        reach: Arc::clone(&reach),
        beside: Arc::clone(&waves) as Arc<dyn ReachSource>,
        store: Arc::clone(&store) as Arc<dyn BroadcastStore>,
        clock: Arc::clone(&plan.clock),
        counters: Arc::clone(&counters),
        every: Duration::from_millis(plan.public_rules.reach_flush_ms),
    };
    let public = PublicMailbox::new(
        Arc::clone(&store) as Arc<dyn BroadcastStore>,
        Arc::clone(&plan.clock),
        Arc::clone(&plan.entropy),
        Arc::clone(&counters),
        plan.public_rules,
    );
    let public = public
        .with_lookup(Arc::new(lookup))
        .with_witness(Arc::clone(&reach) as Arc<dyn Witness>);
    let public = Arc::new(public);
    // Known before anyone comes, so that nobody is told of an empty mailbox.
    public.refresh().await;
    let rules = SessionRules {
        keyring: plan.keyring,
        heartbeat: plan.heartbeat,
        limits: ServerLimits::default(),
        devices: plan.devices,
        public: Arc::clone(&public),
    };
    let background = Background::default();
    let polling = Arc::clone(&public).run(background.stop.clone());
    background.tasks.spawn(polling);
    let following = Arc::clone(&waves).follow(public.changed(), background.stop.clone());
    background.tasks.spawn(following);
    background.tasks.spawn(flush.run(background.stop.clone()));
    upkeep::start(
        &store,
        &plan.clock,
        &counters,
        plan.upkeep_rules,
        index_bell,
        &background.tasks,
        &background.stop,
    );
    let parts = WebhookParts {
        store: Arc::clone(&store),
        online: Arc::clone(&hub) as Arc<dyn Online>,
        callout: callout.clone(),
        clock: Arc::clone(&plan.clock),
        entropy: Arc::clone(&plan.entropy),
        counters: Arc::clone(&counters),
        rules: plan.webhook_rules,
    };
    webhook_bells.start(plan.webhooks, parts, &background.tasks, &background.stop);
    let check: Option<Arc<dyn Check>> = (!plan.checks.is_empty()).then(|| {
        let (clock, counters) = (Arc::clone(&plan.clock), Arc::clone(&counters));
        Arc::new(HttpCheck::new(plan.checks, callout, clock, counters)) as Arc<dyn Check>
    });
    let app = Arc::new(App {
        rooms: Rooms::new(Arc::clone(&plan.clock), Arc::clone(&counters)),
        presence: Presence::new(
            Arc::clone(&hub),
            Arc::clone(&store),
            Arc::clone(&plan.clock),
        ),
        circles: Arc::new(Circles::new(
            Arc::clone(&hub),
            Arc::clone(&store),
            Arc::clone(&plan.clock),
        )),
        is_dev: plan.is_dev,
        origins: plan.origins,
        sessions_max: plan.sessions_max,
        polling: Arc::new(Polling::new(plan.poll_wait_ms)),
        rules: Arc::new(rules),
        public,
        reach,
        waves,
        store,
        writer: queue,
        check,
        hub,
        clock: plan.clock,
        entropy: plan.entropy,
        counters,
        connections: TaskTracker::new(),
        draining: CancellationToken::new(),
    });
    let stop_accepting = CancellationToken::new();
    let server = tokio::spawn(serve(listener, Arc::clone(&app), stop_accepting.clone()));
    Ok(Running {
        address,
        app,
        drain_rules: plan.drain_rules,
        stop_accepting,
        server,
        writer: tokio::spawn(writer.run()),
        background,
    })
}

async fn serve(listener: TcpListener, app: Arc<App>, stop: CancellationToken) -> io::Result<()> {
    // Small frames that someone waits for: never held back to be sent together.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, router(app))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.app.counters
    }

    /// Stops: takes in no more sessions, ends those that there are, finishes what was
    /// begun. Until then `/readyz` says that it is stopping.
    pub async fn stop(self) {
        drain(&self.app, self.drain_rules).await;
        self.stop_accepting.cancel();
        let mut server = self.server;
        if timeout(REST_WAIT, &mut server).await.is_err() {
            server.abort();
            let _ = server.await;
        }
        // Its queue ends with the last session and this.
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

/// Time for what is left when all sessions have ended, or have been given up.
const REST_WAIT: Duration = Duration::from_secs(1);

/// Time for webhooks under way, and for a step of upkeep.
const BACKGROUND_WAIT: Duration = Duration::from_secs(3);
