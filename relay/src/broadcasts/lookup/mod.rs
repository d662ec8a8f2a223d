//! Attributes of users from the apps' own servers, for texts with placeholders that a token
//! does not fill.
//!
//! A device's pull waits for the first answer, for a bounded time; after that it is in memory.
//! Where there is none, the texts' defaults hold until it is asked again.

mod cache;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use seqline_protocol::{AppId, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use self::cache::Cache;
use super::{Attributes, Lookup, attribute_value};
use crate::{
    account::Account,
    callout::{Callout, Desk, Endpoint},
    clock::Clock,
    counters::Counters,
    limits::{LOOKUP_RETRY_MS, LOOKUPS_MAX, LOOKUPS_WAITING_MAX},
};

/// How an app's server is asked about its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupRules {
    /// Where.
    pub endpoint: Endpoint,
    /// How long its answer is waited for, in milliseconds: as long, a device may wait for its
    /// first page.
    pub timeout_ms: u64,
    /// How long an answer holds.
    pub ttl: Duration,
}

/// Asks the apps' servers.
pub struct HttpLookup {
    apps: BTreeMap<AppId, AskedApp>,
    /// Those that placeholders may name: others are not kept.
    names: BTreeSet<String>,
    cache: Cache,
    callout: Callout,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

struct AskedApp {
    desk: Desk,
    ttl: Duration,
    /// Taken by each question that is asked or waits for its turn.
    places: Semaphore,
}

/// What is asked.
#[derive(Serialize)]
struct Question<'a> {
    app: &'a AppId,
    user: &'a UserId,
    attributes: &'a BTreeSet<String>,
}

/// What is answered.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    attributes: BTreeMap<String, Option<String>>,
}

impl HttpLookup {
    /// For these apps, and attributes of these names.
    #[must_use]
    pub fn new(
        apps: BTreeMap<AppId, LookupRules>,
        names: BTreeSet<String>,
        callout: Callout,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> Self {
        let apps = apps.into_iter().map(|(app, rules)| {
            let asked = AskedApp {
                desk: Desk::new(rules.endpoint, rules.timeout_ms, LOOKUPS_MAX),
                ttl: rules.ttl,
                places: Semaphore::new(LOOKUPS_MAX + LOOKUPS_WAITING_MAX),
            };
            (app, asked)
        });
        Self {
            apps: apps.collect(),
            names,
            cache: Cache::default(),
            callout,
            clock,
            counters,
        }
    }

    async fn attributes(&self, app: &AskedApp, account: &Account) -> Result<Attributes, String> {
        let Ok(_place) = app.places.try_acquire() else {
            return Err("too many are waited for already".to_owned());
        };
        let question = Question {
            app: &account.app,
            user: &account.user,
            attributes: &self.names,
        };
        let answer = app.desk.ask(&self.callout, &question, &*self.clock).await?;
        self.understand(&answer)
    }

    /// What is too long for a text is as good as unknown.
    fn understand(&self, answer: &[u8]) -> Result<Attributes, String> {
        let Answer { attributes } = serde_json::from_slice(answer)
            .map_err(|error| format!("answered what are no attributes: {error}"))?;
        let usable = attributes.into_iter().filter_map(|(name, value)| {
            let value = attribute_value(value.as_deref()?)?.to_owned();
            self.names.contains(&name).then_some((name, value))
        });
        Ok(usable.collect())
    }
}

impl Lookup for HttpLookup {
    fn known(&self, account: &Account) -> Option<Arc<Attributes>> {
        if !self.apps.contains_key(&account.app) {
            // Nothing to be asked for.
            return Some(Arc::default());
        }
        self.cache.get(account, self.clock.now().uptime)
    }

    fn ask(&self, account: Arc<Account>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(app) = self.apps.get(&account.app) else {
                return;
            };
            let (attributes, holds) = match self.attributes(app, &account).await {
                Ok(attributes) => {
                    self.counters.lookups.add(1);
                    (attributes, app.ttl)
                }
                Err(error) => {
                    self.counters.lookups_failed.add(1);
                    tracing::warn!(app = %account.app, %error, "a lookup of attributes failed");
                    // What was known is better than nothing.
                    let known = self.cache.last_known(&account);
                    let holds = Duration::from_millis(LOOKUP_RETRY_MS);
                    (known.unwrap_or_default(), holds)
                }
            };
            let until = self.clock.now().uptime + holds;
            self.cache.put(&account, attributes, until);
        })
    }
}

#[cfg(test)]
mod tests;
