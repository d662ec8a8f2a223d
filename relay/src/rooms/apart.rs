//! Rooms that people are in on several relays.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{AppId, ConvId, ConvKind};
use tokio::time::timeout;

use super::{Joined, RoomKey, Rooms, State, room::Room};
use crate::{
    account::Account,
    bus::{Hint, NodeId, RoomNews},
    limits::ROOM_ASK_WAIT_MS,
};

impl Rooms {
    /// Whether anyone here is in a room.
    #[must_use]
    pub fn has(&self, app: &AppId, conv: &ConvId) -> bool {
        let key = key(app, conv);
        self.state().rooms.contains_key(&key)
    }

    /// What other relays say of a room is heard from now on.
    pub fn followed(self: &Arc<Self>, app: &AppId, conv: &ConvId) {
        let key = key(app, conv);
        self.change(|state| {
            state.ask(&key);
        });
    }

    /// Another relay says something of a room. False if no one here is in it.
    pub fn hear(
        self: &Arc<Self>,
        from: NodeId,
        app: &AppId,
        conv: &ConvId,
        news: RoomNews,
    ) -> bool {
        if conv.kind() != ConvKind::Room {
            return true;
        }
        let key = key(app, conv);
        let now = self.now();
        self.change(|state| {
            let is_here = state.rooms.contains_key(&key);
            if is_here {
                let answers = state.change(&key, |room| room.hear(from, news, now));
                let answers = answers.into_iter();
                state
                    .news
                    .extend(answers.map(|answer| (key.clone(), answer)));
            }
            is_here
        })
    }

    /// Another relay is heard that was not before: it may not know who is here.
    pub fn met(self: &Arc<Self>) {
        let now = self.now();
        self.change(|state| state.change_all(|room| room.met(now)));
    }

    /// Other relays are there no longer.
    pub fn gone(self: &Arc<Self>, nodes: &[NodeId]) {
        let now = self.now();
        self.change(|state| state.change_all(|room| room.gone(nodes, now)));
    }

    /// Waits until other relays have told of a room, or a moment. None if it was known before, or
    /// the room is no more.
    pub(super) async fn informed(&self, account: &Account, conv: &ConvId) -> Option<Joined> {
        let key = key(&account.app, conv);
        let answered = self.state().rooms.get(&key)?.answered()?;
        let wait = Duration::from_millis(ROOM_ASK_WAIT_MS);
        if timeout(wait, answered.cancelled()).await.is_err() {
            // The next ones do not wait again.
            answered.cancel();
        }
        let state = self.state();
        state.rooms.get(&key).map(Joined::of)
    }

    /// The first one is about to come into a room.
    pub(super) fn begin(&self, state: &mut State, key: &RoomKey) {
        let voice = &self.voice;
        if !voice.is_alone() {
            let mut room = Room::among(voice.node(), state.number);
            if voice.has_company() {
                room.expect_answers();
            }
            state.rooms.insert(key.clone(), room);
            state.turned.push(key.clone());
        }
    }

    /// The first one has come in.
    pub(super) fn begun(&self, state: &mut State, key: &RoomKey) {
        // Where answers are heard only about what was asked for, it is asked for first.
        if self.voice.has_company() && !self.voice.is_sorted() {
            state.ask(key);
        }
    }

    pub(super) fn tell(&self, news: Vec<(RoomKey, RoomNews)>) {
        for (key, news) in news {
            self.voice.tell_if_room(Hint::Room {
                app: key.app,
                conv: key.conv,
                news,
            });
        }
    }

    fn now(&self) -> Duration {
        self.ticker.clock().now().uptime
    }
}

impl State {
    fn ask(&mut self, key: &RoomKey) {
        if let Some(room) = self.rooms.get_mut(key) {
            self.news.push((key.clone(), room.ask()));
        }
    }

    fn change_all(&mut self, change: impl Fn(&mut Room)) {
        let keys: Vec<_> = self.rooms.keys().cloned().collect();
        for key in keys {
            self.change(&key, &change);
        }
    }
}

fn key(app: &AppId, conv: &ConvId) -> RoomKey {
    RoomKey {
        app: app.clone(),
        conv: conv.clone(),
    }
}
