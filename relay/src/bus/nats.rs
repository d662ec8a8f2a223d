//! Over NATS: one subject for each connected or watched user, each large conversation and each
//! room, so that a hint reaches only the relays that hold such a device. Core NATS, at most once.

use std::{
    collections::BTreeMap,
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, Message, ServerAddr, Subscriber};
use futures_util::{
    future::BoxFuture,
    stream::{BoxStream, SelectAll, StreamExt as _},
};
use percent_encoding::percent_decode_str;
use seqline_protocol::{AppId, ConvId, Epoch};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::{Bus, BusError, Heard, Hint, NodeId, Topic, codec};
use crate::{
    account::Account,
    entropy::Entropy,
    limits::{BUS_HINTS_WAITING_MAX, BUS_RETRY_MS_MAX, BUS_TOPICS_MAX, BUS_TOPICS_WATCHED_MAX},
};

/// Where NATS is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsSettings {
    /// Servers of one cluster, with whatever it takes to log in.
    pub servers: Vec<ServerAddr>,
}

impl NatsSettings {
    /// With the user and password, or the token, that the first URL with any names: async-nats
    /// itself passes them over.
    pub(super) fn options(&self) -> ConnectOptions {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let named = self.servers.iter().find_map(|server| {
            let user = server.username()?;
            Some((decoded(user), server.password().map(decoded)))
        });
        match named {
            Some((user, Some(password))) => ConnectOptions::with_user_and_password(user, password),
            Some((token, None)) => ConnectOptions::with_token(token),
            None => ConnectOptions::new(),
        }
    }
}

/// A connection to a cluster.
pub struct NatsBus {
    node: NodeId,
    client: Client,
    /// What subjects begin with: relays of other databases may be on the same cluster.
    prefix: String,
    topics: Mutex<Topics>,
    hearing: Mutex<Hearing>,
}

/// What is subscribed to, and the way to end it.
struct Topics {
    subscribed: BTreeMap<Topic, oneshot::Sender<()>>,
    /// How many of them are about watched users.
    watched: usize,
    newcomers: mpsc::Sender<Newcomers>,
}

struct Newcomers {
    topics: Vec<Topic>,
    streams: Vec<BoxStream<'static, Message>>,
}

struct Hearing {
    streams: SelectAll<BoxStream<'static, Message>>,
    newcomers: mpsc::Receiver<Newcomers>,
    gaps: mpsc::Receiver<()>,
    /// Of a message that is being handed on.
    waiting: Vec<Heard>,
}

/// What NATS takes unless it is told otherwise is 1 MiB; one message is about one topic.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Time to hand something over. Longer is as good as lost.
const WAIT: Duration = Duration::from_secs(5);

impl NatsBus {
    /// Connects, or goes on trying to.
    ///
    /// # Errors
    /// If that can never be.
    pub async fn connect(
        settings: NatsSettings,
        (node, epoch): (NodeId, Epoch),
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BusError> {
        let (gap, gaps) = mpsc::channel(1);
        let options = settings
            .options()
            .name("seqline-relay")
            .no_echo()
            .retry_on_initial_connect()
            .subscription_capacity(BUS_HINTS_WAITING_MAX)
            .reconnect_delay_callback(move |attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(16).min(16);
                let bound_ms = (100_u64 << attempts).min(BUS_RETRY_MS_MAX);
                Duration::from_millis(1 + entropy.number() % bound_ms)
            })
            .event_callback(move |event| {
                log(&event);
                if matches!(event, Event::Connected | Event::SlowConsumer(_)) {
                    // One that waits to be noticed stands for all.
                    let _ = gap.try_send(());
                }
                ready(())
            });
        let client = options
            .connect(settings.servers)
            .await
            .map_err(|error| BusError(error.to_string()))?;
        let (newcomers, came) = mpsc::channel(1);
        let bus = Self {
            node,
            client,
            prefix: format!("seqline.{:x}", epoch.get()),
            topics: Mutex::new(Topics {
                subscribed: BTreeMap::new(),
                watched: 0,
                newcomers,
            }),
            hearing: Mutex::new(Hearing {
                streams: SelectAll::new(),
                newcomers: came,
                gaps,
                waiting: Vec::new(),
            }),
        };
        bus.change(&[(Topic::All, true)]).await;
        Ok(bus)
    }

    fn subject(&self, topic: &Topic) -> String {
        let of_account = |account: &Account| {
            (
                account.app.as_str().to_owned(),
                account.user.as_str().to_owned(),
            )
        };
        let of_conv = |app: &AppId, conv: &ConvId| (app.as_str().to_owned(), conv.to_string());
        let (kind, (app, name)) = match topic {
            Topic::All => return format!("{}.all", self.prefix),
            Topic::User(account) => ("user", of_account(account)),
            Topic::Presence(account) => ("presence", of_account(account)),
            Topic::Crowd(app, conv) => ("crowd", of_conv(app, conv)),
            Topic::Room(app, conv) => ("room", of_conv(app, conv)),
        };
        // Ids have dots, which mean something in a subject.
        let hash = Sha256::digest(format!("{app}/{name}"));
        let hex: String = hash
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{}.{kind}.{hex}", self.prefix)
    }

    async fn change(&self, changes: &[(Topic, bool)]) {
        let mut topics = self.topics.lock().await;
        let mut newcomers = Newcomers {
            topics: Vec::new(),
            streams: Vec::new(),
        };
        for (topic, is_wanted) in changes {
            if !is_wanted {
                if topics.subscribed.remove(topic).is_some() && is_watched(topic) {
                    topics.watched -= 1;
                }
            } else if !topics.subscribed.contains_key(topic) {
                if !has_room(topics.subscribed.len(), topics.watched, topic) {
                    tracing::debug!("more topics than the bus follows: sweeps look after the rest");
                    continue;
                }
                match self.client.subscribe(self.subject(topic)).await {
                    Ok(subscriber) => {
                        let (end, ended) = oneshot::channel();
                        topics.subscribed.insert(topic.clone(), end);
                        topics.watched += usize::from(is_watched(topic));
                        newcomers.topics.push(topic.clone());
                        newcomers.streams.push(until(subscriber, ended));
                    }
                    Err(error) => tracing::debug!(%error, "cannot follow a topic"),
                }
            }
        }
        if !newcomers.topics.is_empty() {
            let _ = timeout(WAIT, self.client.flush()).await;
            let _ = topics.newcomers.send(newcomers).await;
        }
    }
}

/// Those who watch many leave room for what nothing else makes up for as well: rooms.
fn has_room(subscribed: usize, watched: usize, topic: &Topic) -> bool {
    subscribed < BUS_TOPICS_MAX && (!is_watched(topic) || watched < BUS_TOPICS_WATCHED_MAX)
}

fn is_watched(topic: &Topic) -> bool {
    matches!(topic, Topic::Presence(_))
}

fn until(subscriber: Subscriber, ended: oneshot::Receiver<()>) -> BoxStream<'static, Message> {
    subscriber.take_until(ended).boxed()
}

impl Hearing {
    async fn next(&mut self, node: NodeId) -> Heard {
        loop {
            if let Some(heard) = self.waiting.pop() {
                return heard;
            }
            tokio::select! {
                biased;
                Some(()) = self.gaps.recv() => return Heard::Gap,
                Some(newcomers) = self.newcomers.recv() => {
                    self.streams.extend(newcomers.streams);
                    return Heard::Joined(newcomers.topics);
                }
                Some(message) = self.streams.next() => self.take(node, &message.payload),
                else => pending().await,
            }
        }
    }

    fn take(&mut self, node: NodeId, payload: &[u8]) {
        if let Some(message) = codec::decode(payload)
            && message.from != node
        {
            let from = message.from;
            let heard = message.hints.into_iter().rev();
            self.waiting
                .extend(heard.map(|hint| Heard::Hint { from, hint }));
        }
    }
}

impl Bus for NatsBus {
    fn publish<'a>(&'a self, hints: &'a [Hint]) -> BoxFuture<'a, Result<(), BusError>> {
        Box::pin(async move {
            for hint in hints {
                let subject = self.subject(&hint.topic());
                for message in
                    codec::encode(self.node, std::slice::from_ref(hint), MESSAGE_BYTES_MAX)
                {
                    let saying = self.client.publish(subject.clone(), message.into());
                    match timeout(WAIT, saying).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return Err(BusError(error.to_string())),
                        Err(_) => return Err(BusError(format!("no room within {WAIT:?}"))),
                    }
                }
            }
            Ok(())
        })
    }

    fn receive(&self) -> BoxFuture<'_, Heard> {
        Box::pin(async move { self.hearing.lock().await.next(self.node).await })
    }

    fn follow<'a>(&'a self, changes: &'a [(Topic, bool)]) -> BoxFuture<'a, ()> {
        Box::pin(self.change(changes))
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn is_sorted(&self) -> bool {
        true
    }
}

fn log(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("cut off from NATS; trying again"),
        Event::ServerError(error) => tracing::warn!(%error, "NATS refuses something"),
        Event::ClientError(error) => tracing::warn!(%error, "NATS failed"),
        event => tracing::debug!(%event, "NATS"),
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::UserId;

    use super::*;

    #[test]
    fn watched_users_leave_room_for_others() {
        let app = AppId::new("app").unwrap();
        let room = Topic::Room(app.clone(), ConvId::new("room:live").unwrap());
        let watched = Topic::Presence(Account {
            app,
            user: UserId::new("alice").unwrap(),
        });
        let max = BUS_TOPICS_WATCHED_MAX;
        assert!(has_room(max - 1, max - 1, &watched));
        assert!(!has_room(max, max, &watched));
        assert!(has_room(max, max, &room));
        assert!(!has_room(BUS_TOPICS_MAX, max, &room));
    }
}
