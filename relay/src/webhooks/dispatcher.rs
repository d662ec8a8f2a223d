//! Tells one app's server.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{AppId, ConvId, Micros};
use tokio::{
    sync::Notify,
    task::{Id, JoinSet},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{WebhookParts, backoff, events, events::Event};
use crate::{
    callout::Endpoint,
    limits::WEBHOOKS_MAX,
    store::{Hook, HookId, StoreError},
    traces::{Role, TraceSpan, within},
};

/// Time for what is under way when the relay stops. What is cut off is told again.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// After storage failed.
const STORAGE_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Dispatcher {
    courier: Arc<Courier>,
    bell: Arc<Notify>,
    deliveries: JoinSet<(Hook, Outcome)>,
    /// The conversations of the deliveries.
    busy: Vec<(Id, ConvId)>,
    /// What the database is to be told of ended deliveries.
    done: Vec<HookId>,
    failed: Vec<(HookId, Micros)>,
    /// When the first of those that failed is due again.
    retry_at: Option<Instant>,
    /// How many were due when the database was last looked at.
    waiting: usize,
}

/// Carries the events of one message.
struct Courier {
    app: AppId,
    endpoint: Endpoint,
    parts: Arc<WebhookParts>,
}

enum Outcome {
    Taken,
    /// The server wants to hear of it no more.
    Gone,
    Failed(String),
}

impl Dispatcher {
    pub(super) fn new(
        app: AppId,
        endpoint: Endpoint,
        parts: Arc<WebhookParts>,
        bell: Arc<Notify>,
    ) -> Self {
        Self {
            courier: Arc::new(Courier {
                app,
                endpoint,
                parts,
            }),
            bell,
            deliveries: JoinSet::new(),
            busy: Vec::new(),
            done: Vec::new(),
            failed: Vec::new(),
            retry_at: None,
            waiting: 0,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.look().await {
                Ok(()) => self.pause(),
                Err(error) => {
                    tracing::error!(app = %self.courier.app, %error, "webhooks cannot be read or marked");
                    STORAGE_PAUSE
                }
            };
            tokio::select! {
                biased;
                Some(ended) = self.deliveries.join_next_with_id() => {
                    self.note(ended);
                    // Whatever else has ended: the database is told of all of them at once.
                    while let Some(ended) = self.deliveries.try_join_next_with_id() {
                        self.note(ended);
                    }
                }
                () = self.bell.notified(), if self.busy.len() < WEBHOOKS_MAX => {}
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
        let rest = async {
            while let Some(ended) = self.deliveries.join_next_with_id().await {
                self.note(ended);
            }
        };
        let _ = timeout(STOP_WAIT, rest).await;
        if let Err(error) = self.settle().await {
            tracing::warn!(app = %self.courier.app, %error, "some webhooks will be told again");
        }
    }

    /// Marks what has ended, and starts what is due.
    async fn look(&mut self) -> Result<(), StoreError> {
        self.settle().await?;
        let parts = &self.courier.parts;
        let now = parts.clock.now().wall;
        // Of those under way, each is among the oldest of its conversation: with room for
        // twice as many, the rest is there too.
        let due = parts
            .store
            .hooks(&self.courier.app, 2 * WEBHOOKS_MAX, now)
            .await?;
        let waiting = &parts.counters.webhooks_waiting;
        waiting.change(self.waiting, due.len());
        self.waiting = due.len();
        for hook in due {
            if self.busy.len() >= WEBHOOKS_MAX {
                break;
            }
            if self.busy.iter().all(|(_, conv)| *conv != hook.message.conv) {
                let conv = hook.message.conv.clone();
                let courier = Arc::clone(&self.courier);
                let delivery = self.deliveries.spawn(async move {
                    let outcome = courier.carry(&hook).await;
                    (hook, outcome)
                });
                self.busy.push((delivery.id(), conv));
            }
        }
        Ok(())
    }

    /// Writes down what has come of deliveries. What cannot be written stays, and keeps
    /// anything else from being told: it would be told again and again.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let store = &self.courier.parts.store;
        if !self.done.is_empty() {
            store.hooks_done(self.done.clone()).await?;
            self.done.clear();
        }
        while let Some((hook, due)) = self.failed.last().copied() {
            store.hook_failed(hook, due).await?;
            self.failed.pop();
        }
        Ok(())
    }

    fn note(&mut self, ended: Result<(Id, (Hook, Outcome)), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        self.busy.retain(|(delivery, _)| *delivery != id);
        let (hook, outcome) = match ended {
            Ok((_, ended)) => ended,
            Err(error) => {
                tracing::error!(app = %self.courier.app, %error, "a webhook broke off");
                return;
            }
        };
        match outcome {
            Outcome::Taken => self.done.push(hook.id),
            Outcome::Gone => self.give_up(&hook, "the server answered 410"),
            Outcome::Failed(error) => self.put_off(&hook, &error),
        }
    }

    fn put_off(&mut self, hook: &Hook, error: &str) {
        let parts = &self.courier.parts;
        let now_us = parts.clock.now().wall.get();
        let age_ms = now_us.saturating_sub(hook.message.created_us.get()) / 1_000;
        if age_ms >= parts.rules.give_up_ms {
            self.give_up(hook, error);
            return;
        }
        let failures = hook.attempts.saturating_add(1);
        let delay = backoff::delay(&parts.rules, failures, parts.entropy.number());
        tracing::warn!(
            app = %self.courier.app, conv = %hook.message.conv, msg_id = %hook.message.msg_id,
            failures, ?delay, error, "a webhook failed"
        );
        parts.counters.webhooks_failed.add(1);
        let delay_us = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        let due = Micros::saturating(now_us.saturating_add(delay_us));
        self.failed.push((hook.id, due));
        let retry_at = Instant::now() + delay;
        self.retry_at = Some(self.retry_at.map_or(retry_at, |at| at.min(retry_at)));
    }

    fn give_up(&mut self, hook: &Hook, error: &str) {
        tracing::error!(
            app = %self.courier.app, conv = %hook.message.conv, msg_id = %hook.message.msg_id,
            failures = hook.attempts, error, "a webhook was given up"
        );
        self.courier.parts.counters.webhooks_given_up.add(1);
        self.done.push(hook.id);
    }

    /// Until the next look, if nothing else happens.
    fn pause(&mut self) -> Duration {
        let poll = self.courier.parts.rules.poll();
        let now = Instant::now();
        self.retry_at = self.retry_at.filter(|at| *at > now);
        self.retry_at.map_or(poll, |at| poll.min(at - now))
    }
}

impl Courier {
    /// Within the message's trace, if this relay knows one, or one of its own.
    async fn carry(&self, hook: &Hook) -> Outcome {
        let parent = self.parts.traced.of(hook.message.msg_id);
        let mut span = self.parts.traces.begin("webhook", Role::Client, parent);
        let outcome = within(span.as_ref().map(TraceSpan::parent), self.tell(hook)).await;
        if let Some(span) = &mut span {
            span.set("seqline.app", self.app.to_string());
            span.set("seqline.attempt", i64::from(hook.attempts) + 1);
            match outcome {
                Outcome::Taken => {}
                Outcome::Gone => span.fail("gone"),
                Outcome::Failed(_) => span.fail("failed"),
            }
        }
        outcome
    }

    /// Both events of a message, one after the other.
    async fn tell(&self, hook: &Hook) -> Outcome {
        let stored = events::message_stored(&self.app, &hook.message);
        match self.post(stored).await {
            Outcome::Taken => {}
            other => return other,
        }
        let presence = &self.parts.presence;
        let offline = match presence.offline(&self.app, &hook.recipients).await {
            Ok(offline) => offline,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        if offline.is_empty() {
            return Outcome::Taken;
        }
        self.post(events::user_offline(&self.app, &hook.message, &offline))
            .await
    }

    async fn post(&self, event: Event) -> Outcome {
        let now = self.parts.clock.now().wall;
        let time_max = self.parts.rules.timeout();
        let answer = self
            .parts
            .callout
            .post(&self.endpoint, Some(&event.id), event.body, now, time_max)
            .await;
        match answer {
            Ok(answer) if answer.status.is_success() => {
                self.parts.counters.webhooks_sent.add(1);
                Outcome::Taken
            }
            Ok(answer) if answer.status == axum::http::StatusCode::GONE => Outcome::Gone,
            Ok(answer) if answer.status.is_redirection() => Outcome::Failed(format!(
                "the server answered {}; redirects are not followed: configure the final URL",
                answer.status
            )),
            Ok(answer) => Outcome::Failed(format!("the server answered {}", answer.status)),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}
