//! What the relay does on the side: entries that have aged are removed, messages are made
//! searchable. Both in small steps with pauses between, so that commits go first.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{Item, Micros};
use tokio::{sync::Notify, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    counters::Counters,
    hub::WakeUp,
    store::{Store, StoreError, TimelineAppend},
};

/// When and how fast it is done.
#[derive(Debug, Clone, Copy)]
pub struct UpkeepRules {
    /// How long timeline entries are kept. Default 30 days.
    pub sync_ttl: Duration,
    /// How often it is looked for older ones. Default 10 minutes.
    pub age_every: Duration,
    /// A commit's messages are made searchable after so long, together with those of the
    /// commits in between. Default 200 ms.
    pub index_after: Duration,
    /// Between two steps. Default 10 ms; but at least twice as long as the step took.
    pub pause: Duration,
    /// After storage failed; twice as long each time, up to a minute. Default 1 s.
    pub retry_after: Duration,
}

/// Longest wait after storage failed.
const RETRY_MAX: Duration = Duration::from_secs(60);

impl Default for UpkeepRules {
    fn default() -> Self {
        Self {
            sync_ttl: Duration::from_secs(30 * 24 * 3600),
            age_every: Duration::from_secs(600),
            index_after: Duration::from_millis(200),
            pause: Duration::from_millis(10),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl UpkeepRules {
    /// For entries that are kept so long.
    #[must_use]
    pub fn for_ttl(sync_ttl: Duration) -> Self {
        let rules = Self::default();
        Self {
            sync_ttl,
            // Often enough that an entry outlives its time by little.
            age_every: rules.age_every.min(sync_ttl / 10),
            ..rules
        }
    }
}

/// Wakes the indexing when there is something new to find.
#[derive(Debug, Default)]
pub struct IndexBell(Notify);

impl WakeUp for IndexBell {
    fn committed(&self, appends: &[TimelineAppend]) {
        let is_text = |item: &Arc<Item>| matches!(**item, Item::Message(_) | Item::Edit(_));
        if appends
            .iter()
            .any(|append| append.items.iter().any(is_text))
        {
            self.0.notify_one();
        }
    }
}

/// The tasks on the side.
#[derive(Clone)]
pub struct Upkeep {
    /// What is kept up.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// When and how fast.
    pub rules: UpkeepRules,
}

impl Upkeep {
    /// Starts them. They end when told to stop, after the step under way.
    pub fn start(self, bell: Arc<IndexBell>, tasks: &TaskTracker, stop: &CancellationToken) {
        let (indexing, stop_indexing) = (self.clone(), stop.clone());
        tasks.spawn(async move { indexing.index(&bell, &stop_indexing).await });
        let stop = stop.clone();
        tasks.spawn(async move { self.age(&stop).await });
    }

    async fn age(&self, stop: &CancellationToken) {
        let ttl_us = u64::try_from(self.rules.sync_ttl.as_micros()).unwrap_or(u64::MAX);
        let step = || async {
            let now_us = self.clock.now().wall.get();
            let before = Micros::saturating(now_us.saturating_sub(ttl_us));
            let more = self.store.age(before).await?;
            self.counters.age_steps.add(1);
            Ok(more)
        };
        while self.to_the_end("ageing", step, stop).await
            && goes_on(stop, sleep(self.rules.age_every)).await
        {}
    }

    async fn index(&self, bell: &IndexBell, stop: &CancellationToken) {
        let step = || async {
            let more = self.store.index().await?;
            self.counters.index_steps.add(1);
            Ok(more)
        };
        while self.to_the_end("indexing", step, stop).await
            && goes_on(stop, bell.0.notified()).await
            && goes_on(stop, sleep(self.rules.index_after)).await
        {}
    }

    /// Step after step until there is nothing more to do. False if told to stop.
    async fn to_the_end<F>(
        &self,
        what: &str,
        step: impl Fn() -> F,
        stop: &CancellationToken,
    ) -> bool
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
                    self.rules.pause.max(2 * took)
                }
                Err(error) => {
                    tracing::error!(%error, ?retry_after, "{what} failed");
                    let pause = retry_after;
                    retry_after = (2 * retry_after).min(RETRY_MAX);
                    pause
                }
            };
            if !goes_on(stop, sleep(pause)).await {
                return false;
            }
        }
    }
}

/// Waits. False if told to stop before.
async fn goes_on(stop: &CancellationToken, wait: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        () = wait => true,
    }
}

#[cfg(test)]
mod tests;
