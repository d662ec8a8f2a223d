//! A relay: opens its database, listens, and stops.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    assembly::{Assembled, Parts, assemble},
    counters::Counters,
    drain::{DrainRules, drain},
    http::{Watched, router},
    listener::{Listener, ListenerRules},
    store::{Database, OpenError, StoreSettings},
};

/// Everything that a relay is started with.
pub struct Plan {
    /// Where to listen; port 0 for any free one.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub database: Database,
    /// Reading connections.
    pub readers: u32,
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
    assembled: Assembled,
    drain_rules: DrainRules,
    stop_accepting: CancellationToken,
    server: JoinHandle<()>,
}

/// Opens the database and listens.
///
/// # Errors
/// [`StartError`].
pub async fn start(plan: Plan) -> Result<Running, StartError> {
    let parts = plan.parts;
    let settings = StoreSettings {
        readers: plan.readers,
        sync_ttl: parts.upkeep_rules.sync_ttl,
    };
    let rules = parts.commit_rules();
    let store = plan.database.open(settings, rules, &*parts.entropy).await?;
    let listener = TcpListener::bind(plan.listen)
        .await
        .and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = listener.map_err(|source| StartError::Listen {
        address: plan.listen,
        source,
    })?;
    let assembled = assemble(parts, store).await;
    let stop_accepting = CancellationToken::new();
    let app = &assembled.app;
    let counters = Arc::clone(&app.counters);
    let visitors = plan.listener_rules.visitors();
    let watched = Watched::new(Arc::clone(app), Arc::clone(&visitors));
    let router = router(Arc::clone(app), Some(watched));
    let server = Listener::new(router, plan.listener_rules, visitors, counters);
    let server = tokio::spawn(server.serve(listener, stop_accepting.clone()));
    Ok(Running {
        address,
        assembled,
        drain_rules: plan.drain_rules,
        stop_accepting,
        server,
    })
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
        &self.assembled.app.counters
    }

    /// Stops: takes in no more sessions, ends those that there are, finishes what was
    /// begun. Until then `/readyz` says that it is stopping.
    pub async fn stop(self) {
        drain(&self.assembled.app, self.drain_rules).await;
        self.stop_accepting.cancel();
        let mut server = self.server;
        if timeout(REST_WAIT, &mut server).await.is_err() {
            server.abort();
            let _ = server.await;
        }
        self.assembled.stop().await;
    }
}

/// Time for requests under way when all sessions have ended, or have been given up.
const REST_WAIT: Duration = Duration::from_secs(1);
