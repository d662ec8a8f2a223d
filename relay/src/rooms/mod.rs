//! Rooms: live comments, told to whoever is there at the moment, and kept nowhere.
//!
//! What is said is gathered for [`ROOM_BATCH_MS`](crate::limits::ROOM_BATCH_MS) and told
//! in one `event` frame, encoded once for all. Under load the least important is
//! dropped, and counted. A room begins with the first who joins, and ends with the last
//! who leaves.
//!
//! Who is in the same room on several relays is told by all of them: each batch of one is told
//! to the others, too, best effort, and gathered there with what is said there.

mod apart;
mod others;
mod room;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::{
    AppId, ConvId, ConvKind, ErrorCode, Kind, Priority, RelayFrame,
    limits::{EPHEMERAL_BODY_BYTES_MAX, json_bytes},
};
use serde::Serialize;

pub use self::room::{Batch, Comment};
use self::room::{Room, Unsaid};
use crate::{
    account::Account,
    api::ApiError,
    bus::{RoomNews, Topic},
    clock::Clock,
    counters::Counters,
    fleet::Voice,
    frames::{self, Shared},
    hub::Hub,
    limits::{ROOMS_MAX, ROOMS_PER_SESSION_MAX},
    mailbox::Mailbox,
    ticker::{Tick, Ticker},
};

/// The rooms of this process.
pub struct Rooms {
    state: Mutex<State>,
    ticker: Ticker,
    counters: Arc<Counters>,
    hub: Arc<Hub>,
    voice: Arc<Voice>,
}

#[derive(Default)]
struct State {
    rooms: BTreeMap<RoomKey, Room>,
    of_session: BTreeMap<u64, Vec<RoomKey>>,
    due: BTreeSet<(Duration, RoomKey)>,
    /// The highest number that this relay gave to anything that it said of rooms that ended.
    number: u64,
    /// What other relays are to be told.
    news: Vec<(RoomKey, RoomNews)>,
    /// Rooms that have begun or ended.
    turned: Vec<RoomKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RoomKey {
    app: AppId,
    conv: ConvId,
}

/// What someone finds who comes into a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Joined {
    /// Users who are in it, oneself included.
    pub online: usize,
    /// The last that was said, oldest first.
    pub recent: Vec<Comment>,
}

/// The value of the `event` frames named `room`.
#[derive(Serialize)]
struct RoomEvent<'a> {
    conv: &'a ConvId,
    online: usize,
    messages: &'a [Comment],
    dropped: u64,
}

impl Rooms {
    /// No rooms yet.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        (hub, voice): (Arc<Hub>, Arc<Voice>),
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            ticker: Ticker::new(clock),
            counters,
            hub,
            voice,
        })
    }

    /// A session comes into a room; it is told what is said there from now on. Coming
    /// again changes nothing.
    ///
    /// # Errors
    /// [`ErrorCode::FieldInvalid`] if it is no room, [`ErrorCode::ConversationFull`] if the
    /// session is in too many, [`ErrorCode::Overloaded`] if there are too many.
    pub fn join(
        self: &Arc<Self>,
        account: &Account,
        conv: &ConvId,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Joined, ApiError> {
        let key = room_key(account, conv)?;
        let now = self.ticker.clock().now().uptime;
        self.change(|state| {
            let State {
                rooms, of_session, ..
            } = &mut *state;
            if rooms.len() >= ROOMS_MAX && !rooms.contains_key(&key) {
                let text = format!("there are {ROOMS_MAX} rooms already; try again later");
                return Err(ApiError::new(ErrorCode::Overloaded, text));
            }
            let own = of_session.entry(mailbox.key()).or_default();
            if !own.contains(&key) {
                if own.len() >= ROOMS_PER_SESSION_MAX {
                    let text = format!(
                        "a session is in at most {ROOMS_PER_SESSION_MAX} rooms; leave one first"
                    );
                    return Err(ApiError::new(ErrorCode::ConversationFull, text));
                }
                own.push(key.clone());
            }
            let is_first = !rooms.contains_key(&key);
            if is_first {
                self.begin(state, &key);
            }
            let joined = state.change(&key, |room| {
                room.join(&account.user, mailbox, now);
                Joined::of(room)
            });
            if is_first {
                self.begun(state, &key);
            }
            Ok(joined)
        })
    }

    /// The same; the first one here waits a moment for what other relays know of the room.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn enter(
        self: &Arc<Self>,
        account: &Account,
        conv: &ConvId,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Joined, ApiError> {
        let joined = self.join(account, conv, mailbox)?;
        Ok(self.informed(account, conv).await.unwrap_or(joined))
    }

    /// A session goes out of a room. No matter if it is not there.
    ///
    /// # Errors
    /// [`ErrorCode::FieldInvalid`] if it is no room.
    pub fn leave(
        self: &Arc<Self>,
        account: &Account,
        conv: &ConvId,
        mailbox: &Mailbox,
    ) -> Result<(), ApiError> {
        let key = room_key(account, conv)?;
        let now = self.ticker.clock().now().uptime;
        self.change(|state| state.leave(&key, mailbox.key(), now));
        Ok(())
    }

    /// Says something in a room that the session is in. Best effort: it may be dropped.
    ///
    /// # Errors
    /// [`ErrorCode::FieldInvalid`] if it is no room, [`ErrorCode::BodyTooLarge`],
    /// [`ErrorCode::ConversationUnknown`] before joining, [`ErrorCode::RateLimited`] if the
    /// session says too much.
    pub fn send(
        self: &Arc<Self>,
        account: &Account,
        mailbox: &Mailbox,
        conv: &ConvId,
        kind: Kind,
        body: String,
        priority: Priority,
    ) -> Result<(), ApiError> {
        let key = room_key(account, conv)?;
        if json_bytes(&body) > EPHEMERAL_BODY_BYTES_MAX {
            let text =
                format!("a comment's body has at most {EPHEMERAL_BODY_BYTES_MAX} bytes as JSON");
            return Err(ApiError::new(ErrorCode::BodyTooLarge, text));
        }
        let now = self.ticker.clock().now();
        let comment = Comment {
            sender: account.user.clone(),
            kind,
            body,
            priority,
            at_us: now.wall,
        };
        self.change(|state| {
            if !state.rooms.contains_key(&key) {
                return Err(Unsaid::NotJoined.into());
            }
            let said = state.change(&key, |room| room.add(mailbox.key(), now.uptime, comment));
            said.map_err(ApiError::from)
        })
    }

    /// A session has ended.
    pub fn forget(self: &Arc<Self>, mailbox: &Mailbox) {
        let now = self.ticker.clock().now().uptime;
        self.change(|state| {
            for key in state.of_session.remove(&mailbox.key()).unwrap_or_default() {
                state.leave(&key, mailbox.key(), now);
            }
        });
    }

    /// How many rooms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().rooms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, is_sooner, said, turned) = {
            let mut state = self.state();
            let before = state.due.first().map(|(at, _)| *at);
            let result = change(&mut state);
            let after = state.due.first().map(|(at, _)| *at);
            let is_sooner = after.is_some_and(|after| before.is_none_or(|before| after < before));
            let said = std::mem::take(&mut state.news);
            let turned = std::mem::take(&mut state.turned);
            (result, is_sooner, said, turned)
        };
        self.tell(said);
        for key in turned {
            self.hub.doubt_interest(Topic::Room(key.app, key.conv));
        }
        if is_sooner {
            Ticker::wake(self);
        }
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tick for Rooms {
    fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    fn tick(&self, now: Duration) -> Option<Duration> {
        loop {
            let (key, told, news) = {
                let mut state = self.state();
                let (at, key) = state.due.first()?.clone();
                if at > now {
                    return Some(at);
                }
                let (told, news) = state.change(&key, |room| {
                    let batch = room.tick(now);
                    let told = batch.map(|batch| (batch, room.listeners()));
                    (told, room.take_news(now))
                });
                (key, told, news)
            };
            let news = news.into_iter();
            self.tell(news.map(|news| (key.clone(), news)).collect());
            let Some((batch, listeners)) = told else {
                continue;
            };
            self.counters.room_batches.add(1);
            self.counters.room_comments.add(batch.messages.len());
            let dropped = usize::try_from(batch.dropped).unwrap_or(usize::MAX);
            self.counters.room_comments_dropped.add(dropped);
            let frame = Arc::new(Shared::new(event(&key.conv, &batch)));
            for mailbox in &listeners {
                mailbox.post_notice(&frame);
            }
        }
    }
}

impl Joined {
    fn of(room: &Room) -> Self {
        Self {
            online: room.online(),
            recent: room.recent(),
        }
    }
}

impl State {
    /// Changes a room, which begins with this if it must, and keeps its time.
    fn change<T>(&mut self, key: &RoomKey, change: impl FnOnce(&mut Room) -> T) -> T {
        let room = self.rooms.entry(key.clone()).or_default();
        let before = room.due();
        let result = change(room);
        let after = room.due();
        if room.is_empty() {
            let farewell = room.farewell();
            self.number = self.number.max(room.number());
            self.news.extend(farewell.map(|news| (key.clone(), news)));
            self.turned.push(key.clone());
            self.rooms.remove(key);
        }
        let is_gone = !self.rooms.contains_key(key);
        if let Some(at) = before
            && (before != after || is_gone)
        {
            self.due.remove(&(at, key.clone()));
        }
        if let Some(at) = after
            && before != after
            && !is_gone
        {
            self.due.insert((at, key.clone()));
        }
        result
    }

    fn leave(&mut self, key: &RoomKey, session: u64, now: Duration) {
        if let Some(own) = self.of_session.get_mut(&session) {
            own.retain(|one| one != key);
            if own.is_empty() {
                self.of_session.remove(&session);
            }
        }
        if self.rooms.get(key).is_some_and(|room| room.has(session)) {
            self.change(key, |room| room.leave(session, now));
        }
    }
}

impl From<Unsaid> for ApiError {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::NotJoined => Self::new(
                ErrorCode::ConversationUnknown,
                "you are not in this room; come in with `rooms.join` first",
            ),
            Unsaid::TooFast(wait) => Self {
                retry_after_ms: Some(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)),
                ..Self::new(
                    ErrorCode::RateLimited,
                    "that is too much at once for a room",
                )
            },
        }
    }
}

fn room_key(account: &Account, conv: &ConvId) -> Result<RoomKey, ApiError> {
    if conv.kind() != ConvKind::Room {
        let text = format!("`conv` is a room (`room:…`), not {conv}");
        return Err(ApiError::new(ErrorCode::FieldInvalid, text));
    }
    Ok(RoomKey {
        app: account.app.clone(),
        conv: conv.clone(),
    })
}

fn event(conv: &ConvId, batch: &Batch) -> RelayFrame {
    let event = RoomEvent {
        conv,
        online: batch.online,
        messages: &batch.messages,
        dropped: batch.dropped,
    };
    frames::event("room", &event)
}

#[cfg(test)]
mod tests;
