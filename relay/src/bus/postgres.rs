//! Over the database itself: PostgreSQL's `NOTIFY` and `LISTEN`.
//!
//! `NOTIFY` is said in a transaction of its own, after the commit that it is about: inside, it
//! would make all commits of the server wait for each other. All relays hear everything.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use seqline_protocol::Epoch;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{Bus, BusError, Heard, Hint, NodeId, Topic, codec};
use crate::{entropy::Entropy, limits::BUS_RETRY_MS_MAX};

/// How the database is used as a bus.
#[derive(Debug, Clone)]
pub struct PostgresBusSettings {
    /// The database's URL.
    pub url: String,
    /// Relays say something so often at least: who hears nothing for three times as long, not
    /// even itself, connects anew.
    pub beat: Duration,
}

/// `LISTEN` on one connection, `NOTIFY` on another.
pub struct PostgresBus {
    node: NodeId,
    /// One for the hints of all apps and users.
    channel: String,
    pool: PgPool,
    beat: Duration,
    entropy: Arc<dyn Entropy>,
    listening: Mutex<Listening>,
}

#[derive(Default)]
struct Listening {
    listener: Option<PgListener>,
    /// Of a message that is being handed on.
    waiting: Vec<Heard>,
    failures: u32,
}

/// PostgreSQL takes less than 8,000.
const PAYLOAD_BYTES_MAX: usize = 7_900;

/// Time for one `NOTIFY`, and to get a connection.
const WAIT: Duration = Duration::from_secs(5);

impl PostgresBus {
    /// On a database that is there. Connects when it is first used.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn new(
        settings: &PostgresBusSettings,
        (node, epoch): (NodeId, Epoch),
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(&settings.url)?
            .application_name("seqline-relay bus")
            // Nothing is stored: what is said need not be on disk.
            .options([("synchronous_commit", "off")]);
        Ok(Self {
            node,
            channel: format!("seqline_{:x}", epoch.get()),
            pool: PgPoolOptions::new()
                .max_connections(2)
                .acquire_timeout(WAIT)
                .connect_lazy_with(options),
            beat: settings.beat,
            entropy,
            listening: Mutex::default(),
        })
    }

    async fn next(&self) -> Heard {
        let mut listening = self.listening.lock().await;
        loop {
            if let Some(heard) = listening.waiting.pop() {
                return heard;
            }
            if let Some(listener) = &mut listening.listener {
                let heard = timeout(3 * self.beat, listener.try_recv()).await;
                let Ok(Ok(Some(notification))) = heard else {
                    // Cut off, or silent although this relay itself has said something.
                    tracing::warn!("cannot hear other relays over the database; connecting anew");
                    listening.listener = None;
                    continue;
                };
                listening.take(self.node, notification.payload());
            } else {
                listening.pause(&*self.entropy).await;
                match self.listen().await {
                    Ok(listener) => {
                        let was_lost = std::mem::take(&mut listening.failures) > 1;
                        if was_lost {
                            tracing::info!("other relays are heard again over the database");
                        }
                        listening.listener = Some(listener);
                        return Heard::Gap;
                    }
                    Err(error) => tracing::warn!(%error, "cannot listen to other relays"),
                }
            }
        }
    }

    async fn listen(&self) -> Result<PgListener, sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.eager_reconnect(false);
        listener.listen(&self.channel).await?;
        Ok(listener)
    }
}

impl Listening {
    /// Not before the first attempt; then longer each time, up to a bound, with jitter.
    async fn pause(&mut self, entropy: &dyn Entropy) {
        if self.failures > 0 {
            let bound_ms = (100_u64 << self.failures.min(16)).min(BUS_RETRY_MS_MAX);
            sleep(Duration::from_millis(1 + entropy.number() % bound_ms)).await;
        }
        self.failures = self.failures.saturating_add(1);
    }

    fn take(&mut self, node: NodeId, payload: &str) {
        if let Some(message) = codec::decode(payload.as_bytes())
            && message.from != node
        {
            let from = message.from;
            let heard = message.hints.into_iter().rev();
            self.waiting
                .extend(heard.map(|hint| Heard::Hint { from, hint }));
        }
    }
}

impl Bus for PostgresBus {
    fn publish<'a>(&'a self, hints: &'a [Hint]) -> BoxFuture<'a, Result<(), BusError>> {
        Box::pin(async move {
            let payloads = codec::encode(self.node, hints, PAYLOAD_BYTES_MAX);
            let saying = sqlx::query(
                "SELECT pg_notify($1, payload)
                 FROM unnest($2::text[]) WITH ORDINALITY AS said (payload, at) ORDER BY at",
            )
            .bind(&self.channel)
            .bind(payloads)
            .execute(&self.pool);
            match timeout(WAIT, saying).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(BusError(error.to_string())),
                Err(_) => Err(BusError(format!("no answer within {WAIT:?}"))),
            }
        })
    }

    fn receive(&self) -> BoxFuture<'_, Heard> {
        Box::pin(self.next())
    }

    fn follow<'a>(&'a self, _: &'a [(Topic, bool)]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn is_sorted(&self) -> bool {
        false
    }
}
