//! Questions to an app's server that someone waits for.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};

use super::{Callout, Endpoint};
use crate::clock::Clock;

/// An app's server, which is asked a bounded number of questions at a time, each for a bounded
/// time: waiting for its turn is part of it.
pub struct Desk {
    endpoint: Endpoint,
    time_max: Duration,
    slots: Semaphore,
}

impl Desk {
    /// One that answers so many at a time.
    #[must_use]
    pub fn new(endpoint: Endpoint, timeout_ms: u64, slots: usize) -> Self {
        Self {
            endpoint,
            time_max: Duration::from_millis(timeout_ms),
            slots: Semaphore::new(slots),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// For the log: why there is no answer of a status from 200 to 299 in time.
    pub async fn ask(
        &self,
        callout: &Callout,
        question: &impl Serialize,
        clock: &dyn Clock,
    ) -> Result<Bytes, String> {
        let body = serde_json::to_string(question).map_err(|error| error.to_string())?;
        let exchange = async {
            let _slot = self.slots.acquire().await;
            let now = clock.now().wall;
            callout
                .post(&self.endpoint, None, body, now, self.time_max)
                .await
        };
        let answer = timeout(self.time_max, exchange)
            .await
            .map_err(|_| format!("no answer within {} ms", self.time_max.as_millis()))?
            .map_err(|error| error.to_string())?;
        if answer.status.is_success() {
            Ok(answer.body)
        } else {
            Err(format!("answered {}", answer.status))
        }
    }
}
