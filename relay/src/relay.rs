//! A relay: opens its database, listens, and stops.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use seqline_protocol::Secret;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    admission::Logins,
    assembly::{Assembled, Parts, assemble_in},
    bus::{BusChoice, BusError},
    counters::Counters,
    drain::{DrainRules, drain},
    fleet::FleetRules,
    http::{Watched, router, watch_router},
    listener::{Certificates, Listener, ListenerRules, TlsError, TlsFiles},
    store::{Database, OpenError, StoreSettings},
};

/// Everything that a relay is started with.
pub struct Plan {
    /// Where to listen; port 0 for any free one.
    pub listen: SocketAddr,
    /// Where `/metrics` is served, if not there.
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate, for TLS.
    pub tls: Option<TlsFiles>,
    /// Where everything is kept.
    pub database: Database,
    /// A standby of it to read from.
    pub read_url: Option<Secret>,
    /// The way to other relays on the same database.
    pub bus: BusChoice,
    /// How often it is looked for what they did not tell.
    pub sweep_interval: Duration,
    /// Reading connections.
    pub readers: u32,
    /// SQLite's memory for pages, in MiB.
    pub sqlite_cache_mib: u32,
    /// How to stop.
    pub drain_rules: DrainRules,
    /// What is asked of whoever connects.
    pub listener_rules: ListenerRules,
    /// Everything else.
    pub parts: Parts,
}

/// Why a relay cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// No database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// No way to other relays.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// No address.
    #[error("cannot listen on {address}: {source}; choose another {flag}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
        /// Which setting says so.
        flag: &'static str,
    },
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A relay that is running.
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    certificates: Option<Arc<Certificates>>,
    assembled: Assembled,
    drain_rules: DrainRules,
    stop_accepting: CancellationToken,
    servers: JoinSet<()>,
}

/// Opens the database and listens.
///
/// # Errors
/// [`StartError`].
pub async fn start(plan: Plan) -> Result<Running, StartError> {
    let parts = plan.parts;
    let certificates = plan.tls.map(Certificates::load).transpose()?.map(Arc::new);
    let settings = StoreSettings {
        read_url: plan.read_url,
        readers: plan.readers,
        sqlite_cache_mib: plan.sqlite_cache_mib,
        sync_ttl: parts.upkeep_rules.sync_ttl,
    };
    let rules = parts.commit_rules();
    let store = plan.database.open(settings, rules, &*parts.entropy).await?;
    let (address, listener) = bind(plan.listen, "--listen").await?;
    let metrics_listener = match plan.metrics_listen {
        Some(address) => Some(bind(address, "--metrics-listen").await?),
        None => None,
    };
    let shared = (&plan.database, store.shared_as());
    let entropy = Arc::clone(&parts.entropy);
    let fleet = FleetRules {
        bus: plan.bus.open(shared, plan.sweep_interval, entropy).await?,
        sweep_interval: plan.sweep_interval,
    };
    let assembled = assemble_in(fleet, parts, store).await;
    let app = &assembled.app;
    let stop_accepting = CancellationToken::new();
    let mut servers = JoinSet::new();
    let visitors = plan.listener_rules.visitors();
    let watched = Watched::new(Arc::clone(app), Arc::clone(&visitors));
    let metrics_address = metrics_listener.as_ref().map(|(address, _)| *address);
    let public_metrics = match metrics_listener {
        Some((_, listener)) => {
            let rules = plan.listener_rules.clone();
            let (router, visitors) = (watch_router(app, watched), rules.visitors());
            let server = Listener::new(router, rules, visitors, Arc::clone(&app.counters));
            servers.spawn(server.serve(listener, stop_accepting.clone()));
            None
        }
        None => Some(watched),
    };
    let router = router(Arc::clone(app), public_metrics);
    let counters = Arc::clone(&app.counters);
    let server = Listener::new(router, plan.listener_rules, visitors, counters);
    let server = server.with_tls(certificates.clone());
    servers.spawn(server.serve(listener, stop_accepting.clone()));
    if let Some(certificates) = &certificates {
        let counters = Arc::clone(&app.counters);
        servers.spawn(Arc::clone(certificates).follow(counters, stop_accepting.clone()));
    }
    Ok(Running {
        address,
        metrics_address,
        certificates,
        assembled,
        drain_rules: plan.drain_rules,
        stop_accepting,
        servers,
    })
}

async fn bind(
    address: SocketAddr,
    flag: &'static str,
) -> Result<(SocketAddr, TcpListener), StartError> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    bound.map_err(|source| StartError::Listen {
        address,
        source,
        flag,
    })
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves `/metrics`, if not there.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.certificates.is_some()
    }

    /// Reads the certificate's files again. One that cannot be used is told to the log, and the one
    /// before goes on to be served.
    pub async fn reload_certificate(&self) {
        if let Some(certificates) = &self.certificates {
            certificates.reload_and_tell(self.counters()).await;
        }
    }

    /// Log-ins under way, and those that wait for their turn.
    #[must_use]
    pub fn logins(&self) -> &Arc<Logins> {
        &self.assembled.app.logins
    }

    /// What is counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.assembled.app.counters
    }

    /// Stops: takes in no more sessions, ends those that there are, finishes what was
    /// begun. Until then `/readyz` says that it is stopping.
    pub async fn stop(self) {
        drain(&self.assembled.app, self.drain_rules).await;
        self.stop_accepting.cancel();
        let mut servers = self.servers;
        let all = async { while servers.join_next().await.is_some() {} };
        if timeout(REST_WAIT, all).await.is_err() {
            servers.shutdown().await;
        }
        self.assembled.stop().await;
    }
}

/// Time for requests under way when all sessions have ended, or have been given up.
const REST_WAIT: Duration = Duration::from_secs(1);
