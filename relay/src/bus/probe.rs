//! Tries a bus out: whether what is said on it is heard. Relays hear nothing of it.

use std::{future::ready, str::FromStr as _, time::Duration};

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, Subscriber};
use futures_util::{StreamExt as _, future::join_all};
use sqlx::{
    Executor as _, PgPool,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use thiserror::Error;
use tokio::{
    sync::mpsc,
    time::{interval, timeout},
};

use super::NatsSettings;
use crate::entropy::Entropy;

/// Why a bus would not work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProbeFailure {
    /// There is no connection.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// User or password are not taken.
    #[error("does not let this relay in: {0}")]
    LogIn(String),
    /// This user may not say or hear it, or nobody may.
    #[error("refuses it: {0}")]
    Refused(String),
    /// What was prepared is another session's.
    #[error("hands out sessions of others: {0}")]
    Pooled(String),
    /// Nothing came back.
    #[error("what was said there was not heard within {0:?}")]
    Unheard(Duration),
}

/// A NATS server: where it is, and its version if all is well.
pub type NatsProbe = (String, Result<String, ProbeFailure>);

/// Time to connect, and to be heard.
const WAIT: Duration = Duration::from_secs(5);

/// Servers of a cluster take a moment to tell each other who listens.
const SAY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A prepared statement that is there already, or is not there (any more).
const POOLED: [&str; 2] = ["42P05", "26000"];

/// Says something on each server of a cluster, and listens on the first that can be reached.
pub async fn probe_nats(settings: &NatsSettings, entropy: &dyn Entropy) -> Vec<NatsProbe> {
    let subject = format!("seqline.probe.{:x}", entropy.number());
    let connecting = settings.servers.iter();
    let connecting = connecting.map(|address| connect(settings.options(), address));
    let mut servers = join_all(connecting).await;
    let mut listening = None;
    if let Some(first) = servers.iter_mut().find_map(|server| server.as_mut().ok()) {
        listening = Some(listen(first, &subject).await);
    }
    let mut found = Vec::new();
    for (address, server) in settings.servers.iter().zip(servers) {
        let shown = format!("{}:{}", address.host(), address.port());
        let result = match (server, &mut listening) {
            (Ok(server), Some(Ok(subscriber))) => server.hear_itself(&subject, subscriber).await,
            (Ok(_), Some(Err(failure))) => Err(failure.clone()),
            (Ok(_), None) => Err(ProbeFailure::Unheard(WAIT)),
            (Err(failure), _) => Err(failure),
        };
        found.push((shown, result));
    }
    found
}

/// A connection to one server, and what that complains of.
struct Server {
    client: Client,
    complaints: mpsc::Receiver<String>,
}

async fn connect(options: ConnectOptions, address: &ServerAddr) -> Result<Server, ProbeFailure> {
    let (complain, complaints) = mpsc::channel(1);
    let connecting = options
        .name("seqline-relay probe")
        .connection_timeout(WAIT)
        .event_callback(move |event| {
            if let Event::ServerError(error) = event {
                let _ = complain.try_send(error.to_string());
            }
            ready(())
        })
        .connect(address.clone());
    let client = match timeout(WAIT, connecting).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            let is_log_in = matches!(
                error.kind(),
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation
            );
            let text = error.to_string();
            return Err(if is_log_in {
                ProbeFailure::LogIn(text)
            } else {
                ProbeFailure::Unreachable(text)
            });
        }
        Err(_) => return Err(ProbeFailure::Unreachable(format!("no answer in {WAIT:?}"))),
    };
    Ok(Server { client, complaints })
}

async fn listen(server: &mut Server, subject: &str) -> Result<Subscriber, ProbeFailure> {
    let unheard = |_| ProbeFailure::Unheard(WAIT);
    let subscribed = server.client.subscribe(subject.to_owned()).await;
    let subscriber = subscribed.map_err(|error| ProbeFailure::Refused(error.to_string()))?;
    let flushed = timeout(WAIT, server.client.flush())
        .await
        .map_err(unheard)?;
    flushed.map_err(|error| ProbeFailure::Unreachable(error.to_string()))?;
    Ok(subscriber)
}

impl Server {
    async fn hear_itself(
        mut self,
        subject: &str,
        subscriber: &mut Subscriber,
    ) -> Result<String, ProbeFailure> {
        let info = self.client.server_info();
        let mine = info.server_id.clone();
        let mut again = interval(SAY_AGAIN_AFTER);
        let heard = async {
            loop {
                tokio::select! {
                    biased;
                    Some(complaint) = self.complaints.recv() => {
                        return Err(ProbeFailure::Refused(complaint));
                    }
                    Some(message) = subscriber.next() => {
                        if *message.payload == *mine.as_bytes() {
                            return Ok(());
                        }
                    }
                    _ = again.tick() => {
                        let said = self.client.publish(subject.to_owned(), mine.clone().into());
                        said.await.map_err(|error| ProbeFailure::Refused(error.to_string()))?;
                    }
                }
            }
        };
        let heard = timeout(WAIT, heard).await;
        heard.unwrap_or(Err(ProbeFailure::Unheard(WAIT)))?;
        Ok(info.version)
    }
}

/// Says something with `NOTIFY`, and hears it with `LISTEN` on another connection.
///
/// # Errors
/// [`ProbeFailure`].
pub async fn probe_postgres(url: &str, entropy: &dyn Entropy) -> Result<(), ProbeFailure> {
    let unreachable = |error: sqlx::Error| ProbeFailure::Unreachable(error.to_string());
    let options = PgConnectOptions::from_str(url).map_err(unreachable)?;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(WAIT)
        .connect_with(options.application_name("seqline-relay probe"))
        .await
        .map_err(unreachable)?;
    let channel = format!("seqline_probe_{:x}", entropy.number());
    let heard = timeout(WAIT, notify_oneself(&pool, &channel)).await;
    match heard {
        Ok(heard) => heard.map_err(|error| {
            let code = error.as_database_error().and_then(DatabaseError::code);
            let is_pooled = code.is_some_and(|code| POOLED.contains(&&*code));
            let text = error.to_string();
            if is_pooled {
                ProbeFailure::Pooled(text)
            } else {
                ProbeFailure::Refused(text)
            }
        }),
        Err(_) => Err(ProbeFailure::Unheard(WAIT)),
    }
}

async fn notify_oneself(pool: &PgPool, channel: &str) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    let said = sqlx::query("SELECT pg_notify($1, '')").bind(channel);
    pool.execute(said).await?;
    listener.recv().await.map(drop)
}
