//! Tells the apps' servers what was stored, and who was not there to receive it.
//!
//! What is to be told stands in the database, written in the commit that stored the
//! message ([`crate::store::Hook`]). One [`Dispatcher`](dispatcher) an app takes it from
//! there: of each conversation the oldest one only, so that each is told in order; several
//! conversations at a time. It forgets a message only after the app's server took it:
//! after a crash it is told again.

mod backoff;
mod dispatcher;
mod events;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seqline_protocol::{AppId, Item};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::dispatcher::Dispatcher;
use crate::{
    callout::{Callout, Endpoint},
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    hub::WakeUp,
    limits::WEBHOOK_TIMEOUT_MS,
    presence::Presence,
    store::{Store, Timeline, TimelineAppend},
    traces::{Recent, Told, Traces},
};

/// How events are told. Times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct WebhookRules {
    /// Time for one delivery. Default 10 s.
    pub timeout_ms: u64,
    /// About so long after the first failure it is tried again; then twice as long, and so on.
    /// Default 1 s.
    pub backoff_min_ms: u64,
    /// But never longer. Default 1 h.
    pub backoff_max_ms: u64,
    /// A message that was stored so long ago is given up when it fails once more. Default 24 h.
    pub give_up_ms: u64,
    /// The database is looked at so often at least, whatever woke it. Default 5 s.
    pub poll_ms: u64,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self {
            timeout_ms: WEBHOOK_TIMEOUT_MS,
            backoff_min_ms: 1_000,
            backoff_max_ms: 3_600_000,
            give_up_ms: 24 * 3_600_000,
            poll_ms: 5_000,
        }
    }
}

/// What dispatchers work with.
pub struct WebhookParts {
    /// What waits to be told.
    pub store: Arc<dyn Store>,
    /// Who is connected.
    pub presence: Arc<Presence>,
    /// The way out.
    pub callout: Callout,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub entropy: Arc<dyn Entropy>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Where traces go.
    pub traces: Traces,
    /// The messages of this relay that were traced.
    pub traced: Arc<Recent>,
    /// How events are told.
    pub rules: WebhookRules,
}

/// Wakes the dispatchers when a message of their app was stored.
#[derive(Debug, Default)]
pub struct WebhookBells {
    bells: BTreeMap<AppId, Arc<Notify>>,
    traced: Arc<Recent>,
}

impl WebhookBells {
    /// Bells for these apps.
    #[must_use]
    pub fn new<'a>(apps: impl Iterator<Item = &'a AppId>) -> Self {
        Self {
            bells: apps.map(|app| (app.clone(), Arc::default())).collect(),
            traced: Arc::default(),
        }
    }

    /// The messages of this relay that were traced.
    #[must_use]
    pub fn traced(&self) -> Arc<Recent> {
        Arc::clone(&self.traced)
    }

    /// Starts a dispatcher for each app that has a bell and an endpoint. They end when told to
    /// stop, after a moment for what is under way.
    pub fn start(
        &self,
        endpoints: BTreeMap<AppId, Endpoint>,
        parts: WebhookParts,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let parts = Arc::new(parts);
        for (app, endpoint) in endpoints {
            if let Some(bell) = self.bells.get(&app) {
                let dispatcher =
                    Dispatcher::new(app, endpoint, Arc::clone(&parts), Arc::clone(bell));
                tasks.spawn(dispatcher.run(stop.clone()));
            }
        }
    }
}

impl WakeUp for WebhookBells {
    fn committed(&self, appends: &[TimelineAppend], told: &Told) {
        if self.bells.is_empty() {
            return;
        }
        self.traced.add(told);
        for append in appends {
            let app = match &append.timeline {
                Timeline::User(account) => &account.app,
                Timeline::Crowd(app, _) => app,
            };
            let is_message = |item: &Arc<Item>| matches!(**item, Item::Message(_));
            if let Some(bell) = self.bells.get(app)
                && append.items.iter().any(is_message)
            {
                bell.notify_one();
            }
        }
    }
}

impl WebhookRules {
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }
}
