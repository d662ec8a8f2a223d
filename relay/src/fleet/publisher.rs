//! What this relay says to others.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::{
    bus::{BusError, Hint, Topic},
    limits::BUS_TOPICS_STEP,
    store::Timeline,
};

/// Time to say that this relay ends.
const BYE_WAIT: Duration = Duration::from_secs(1);

impl Fleet {
    /// Says what waits, as fast as the bus takes it: what comes meanwhile goes together.
    pub(super) async fn publish(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.voice.outbox.filled() => {}
            }
            let hints = self.voice.outbox.take();
            if !hints.is_empty() {
                self.count(&hints, self.rules.bus.publish(&hints).await);
            }
        }
    }

    /// Says again and again that it is there, and in the end that it no longer is.
    pub(super) async fn beat(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let hints = [Hint::Beat];
            self.count(&hints, self.rules.bus.publish(&hints).await);
            let gone = self.voice.take_gone();
            if !gone.is_empty() {
                self.rooms.gone(&gone);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep(self.rules.sweep_interval) => {}
            }
        }
        let hints = [Hint::Bye];
        let saying = timeout(BYE_WAIT, self.rules.bus.publish(&hints)).await;
        if let Ok(result) = saying {
            self.count(&hints, result);
        }
    }

    /// Keeps a bus that sorts by topic in step with who is connected.
    pub(super) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let topics = self.hub.take_interest(BUS_TOPICS_STEP).into_iter();
            let changes: Vec<_> = topics
                .map(|topic| {
                    let is_wanted = self.wants(&topic);
                    (topic, is_wanted)
                })
                .collect();
            let following = async {
                if changes.is_empty() {
                    self.hub.interest_changed().await;
                } else {
                    self.rules.bus.follow(&changes).await;
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = following => {}
            }
        }
    }

    fn wants(&self, topic: &Topic) -> bool {
        match topic {
            Topic::All => true,
            Topic::User(account) => self.hub.is_online(account),
            Topic::Presence(account) => self.presence.is_watched(account),
            Topic::Crowd(app, conv) => {
                let timeline = Timeline::Crowd(app.clone(), conv.clone());
                self.hub.has(&timeline)
            }
            Topic::Room(app, conv) => self.rooms.has(app, conv),
        }
    }

    fn count(&self, hints: &[Hint], result: Result<(), BusError>) {
        match result {
            Ok(()) => self.counters.hints_told.add(hints.len()),
            Err(error) => {
                self.counters.hints_lost.add(hints.len());
                tracing::debug!(%error, hints = hints.len(), "other relays were not told");
            }
        }
    }
}
