//! What the relay does on the side: entries that have aged are removed, and tombstones of
//! broadcasts; messages are made searchable. All in small steps with pauses between, so that commits go first.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use seqline_protocol::{Item, Micros};
use tokio::{sync::Notify, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    counters::Counters,
    hub::WakeUp,
    store::{Store, StoreError, TimelineAppend},
    traces::Told,
};

/// When and how fast it is done.
#[derive(Debug, Clone, Copy)]
pub struct UpkeepRules {
    /// How long timeline entries are kept. Default 30 days.
    pub sync_ttl: Duration,
    /// How often it is looked for older ones. Default 10 minutes.
    pub age_every: Duration,
    /// How long it is known which broadcasts were taken back. Default 30 days.
    pub tombstone_ttl: Duration,
    /// A commit's messages are made searchable after so long, together with those of the
    /// commits in between. Default 200 ms.
    pub index_after: Duration,
    /// Between two steps. Default 10 ms; but at least twice as long as the step took.
    pub pause: Duration,
    /// After storage failed; twice as long each time, up to a minute. Default 1 s.
    pub retry_after: Duration,
}

/// Longest pause between two steps, however long one took.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Longest wait after storage failed.
const RETRY_MAX: Duration = Duration::from_secs(60);

impl Default for UpkeepRules {
    fn default() -> Self {
        Self {
            sync_ttl: Duration::from_secs(30 * 24 * 3600),
            age_every: Duration::from_secs(600),
            tombstone_ttl: Duration::from_secs(30 * 24 * 3600),
            index_after: Duration::from_millis(200),
            pause: Duration::from_millis(10),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl UpkeepRules {
    /// For entries and tombstones that are kept so long.
    #[must_use]
    pub fn for_ttl(sync_ttl: Duration, tombstone_ttl: Duration) -> Self {
        let rules = Self::default();
        Self {
            sync_ttl,
            tombstone_ttl,
            // Often enough that an entry outlives its time by little.
            age_every: rules.age_every.min(sync_ttl.min(tombstone_ttl) / 10),
            ..rules
        }
    }
}

/// Wakes the indexing when there is something new to find.
#[derive(Debug, Default)]
pub struct IndexBell(Notify);

impl WakeUp for IndexBell {
    fn committed(&self, appends: &[TimelineAppend], _: &Told) {
        let is_text = |item: &Arc<Item>| matches!(**item, Item::Message(_) | Item::Edit(_));
        if appends
            .iter()
            .any(|append| append.items.iter().any(is_text))
        {
            self.0.notify_one();
        }
    }
}

/// Starts the tasks. They end when told to stop, after the step under way.
pub fn start(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    counters: &Arc<Counters>,
    rules: UpkeepRules,
    index_bell: Arc<IndexBell>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let pace = Pace {
        clock: Arc::clone(clock),
        rules,
        stop: stop.clone(),
    };
    let age = {
        let (store, clock, counters) = (Arc::clone(store), Arc::clone(clock), Arc::clone(counters));
        move || {
            let (store, counters) = (Arc::clone(&store), Arc::clone(&counters));
            let before = before(&*clock, rules.sync_ttl);
            async move {
                let more = store.age(before).await?;
                counters.age_steps.add(1);
                Ok(more)
            }
        }
    };
    let age_broadcasts = {
        let (store, clock, counters) = (Arc::clone(store), Arc::clone(clock), Arc::clone(counters));
        move || {
            let (store, counters) = (Arc::clone(&store), Arc::clone(&counters));
            let before = before(&*clock, rules.tombstone_ttl);
            async move {
                let more = store.age_broadcasts(before).await?;
                counters.broadcast_age_steps.add(1);
                Ok(more)
            }
        }
    };
    let index = {
        let (store, counters) = (Arc::clone(store), Arc::clone(counters));
        move || {
            let (store, counters) = (Arc::clone(&store), Arc::clone(&counters));
            async move {
                let more = store.index().await?;
                counters.index_steps.add(1);
                Ok(more)
            }
        }
    };
    let ageing = pace.clone();
    tasks.spawn(async move { ageing.age("ageing", age).await });
    let ageing = pace.clone();
    tasks.spawn(async move { ageing.age("ageing of broadcasts", age_broadcasts).await });
    tasks.spawn(async move { pace.index(&index_bell, index).await });
}

/// So long ago.
fn before(clock: &dyn Clock, ttl: Duration) -> Micros {
    let ttl_us = u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX);
    Micros::saturating(clock.now().wall.get().saturating_sub(ttl_us))
}

/// When steps are taken. A step tells whether there is more to do.
#[derive(Clone)]
struct Pace {
    clock: Arc<dyn Clock>,
    rules: UpkeepRules,
    stop: CancellationToken,
}

impl Pace {
    async fn age<F>(&self, what: &str, step: impl Fn() -> F)
    where
        F: Future<Output = Result<bool, StoreError>>,
    {
        while self.to_the_end(what, &step).await && self.goes_on(sleep(self.rules.age_every)).await
        {
        }
    }

    async fn index<F>(&self, bell: &IndexBell, step: impl Fn() -> F)
    where
        F: Future<Output = Result<bool, StoreError>>,
    {
        while self.to_the_end("indexing", &step).await
            && self.goes_on(bell.0.notified()).await
            && self.goes_on(sleep(self.rules.index_after)).await
        {
            // The commits of meanwhile are indexed with the first one.
            let _ = bell.0.notified().now_or_never();
        }
    }

    /// Step after step until there is nothing more to do. False if told to stop.
    async fn to_the_end<F>(&self, what: &str, step: &impl Fn() -> F) -> bool
    where
        F: Future<Output = Result<bool, StoreError>>,
    {
        let mut retry_after = self.rules.retry_after;
        loop {
            let began = self.clock.now().uptime;
            let pause = match step().await {
                Ok(false) => return true,
                Ok(true) => {
                    retry_after = self.rules.retry_after;
                    let took = self.clock.now().uptime.saturating_sub(began);
                    (2 * took).min(PAUSE_MAX).max(self.rules.pause)
                }
                Err(error) => {
                    tracing::error!(%error, ?retry_after, "{what} failed");
                    let pause = retry_after;
                    retry_after = (2 * retry_after).min(RETRY_MAX);
                    pause
                }
            };
            if !self.goes_on(sleep(pause)).await {
                return false;
            }
        }
    }

    /// Waits. False if told to stop before.
    async fn goes_on(&self, wait: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = wait => true,
        }
    }
}

#[cfg(test)]
mod tests;
