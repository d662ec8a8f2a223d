//! One room as plain state: who is in it, what was said, and what is told next.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use seqline_protocol::{Kind, Micros, Priority, UserId, limits::json_bytes};
use serde::Serialize;

use crate::{
    limits::{
        ROOM_BATCH_BYTES_MAX, ROOM_BATCH_COMMENTS_MAX, ROOM_BATCH_MS, ROOM_ONLINE_MS,
        ROOM_RECENT_COMMENTS_MAX, ROOM_SENDER_COMMENTS_MAX, ROOM_SENDER_WINDOW_MS,
    },
    mailbox::Mailbox,
};

/// Something said in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Comment {
    /// Who.
    pub sender: UserId,
    /// What the body is.
    pub kind: Kind,
    /// Opaque to the relay.
    pub body: String,
    /// Which is dropped first under load.
    pub priority: Priority,
    /// When.
    pub at_us: Micros,
}

/// What those in a room are told, at most once in [`ROOM_BATCH_MS`].
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// Users who are in the room.
    pub online: usize,
    /// What was said, oldest first.
    pub messages: Vec<Comment>,
    /// How many comments were said beside these, and dropped.
    pub dropped: u64,
}

/// Why a comment is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    NotJoined,
    /// More than [`ROOM_SENDER_COMMENTS_MAX`] in one window; again after so long.
    TooFast(Duration),
}

#[derive(Default)]
pub(super) struct Room {
    members: BTreeMap<u64, Member>,
    /// Each with the number of her sessions here.
    users: BTreeMap<UserId, usize>,
    pending: VecDeque<Comment>,
    dropped: u64,
    recent: VecDeque<Comment>,
    due: Option<Duration>,
}

struct Member {
    user: UserId,
    mailbox: Arc<Mailbox>,
    window_start: Duration,
    said: usize,
}

impl Room {
    pub(super) fn join(&mut self, user: &UserId, mailbox: &Arc<Mailbox>, now: Duration) {
        let member = Member {
            user: user.clone(),
            mailbox: Arc::clone(mailbox),
            window_start: now,
            said: 0,
        };
        if self.members.insert(mailbox.key(), member).is_none() {
            *self.users.entry(user.clone()).or_default() += 1;
            self.plan(now + Duration::from_millis(ROOM_ONLINE_MS));
        }
    }

    pub(super) fn leave(&mut self, key: u64, now: Duration) {
        let Some(member) = self.members.remove(&key) else {
            return;
        };
        if let Some(sessions) = self.users.get_mut(&member.user) {
            *sessions -= 1;
            if *sessions == 0 {
                self.users.remove(&member.user);
            }
        }
        self.plan(now + Duration::from_millis(ROOM_ONLINE_MS));
    }

    pub(super) fn has(&self, key: u64) -> bool {
        self.members.contains_key(&key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many users are here, however many sessions each has.
    pub(super) fn online(&self) -> usize {
        self.users.len()
    }

    /// The newest of what was told, oldest first.
    pub(super) fn recent(&self) -> Vec<Comment> {
        self.recent.iter().cloned().collect()
    }

    pub(super) fn listeners(&self) -> Vec<Arc<Mailbox>> {
        let members = self.members.values();
        members.map(|member| Arc::clone(&member.mailbox)).collect()
    }

    /// When there is something to tell.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    pub(super) fn add(&mut self, key: u64, now: Duration, comment: Comment) -> Result<(), Unsaid> {
        let member = self.members.get_mut(&key).ok_or(Unsaid::NotJoined)?;
        let window = Duration::from_millis(ROOM_SENDER_WINDOW_MS);
        if now >= member.window_start + window {
            (member.window_start, member.said) = (now, 0);
        }
        if member.said >= ROOM_SENDER_COMMENTS_MAX {
            return Err(Unsaid::TooFast(member.window_start + window - now));
        }
        member.said += 1;
        self.pending.push_back(comment);
        self.shed();
        self.plan(now + Duration::from_millis(ROOM_BATCH_MS));
        Ok(())
    }

    /// What is to be told by now.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Batch> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.due = None;
        let messages: Vec<_> = std::mem::take(&mut self.pending).into();
        self.recent.extend(messages.iter().cloned());
        while self.recent.len() > ROOM_RECENT_COMMENTS_MAX
            || bytes(&self.recent) > ROOM_BATCH_BYTES_MAX
        {
            self.recent.pop_front();
        }
        Some(Batch {
            online: self.online(),
            messages,
            dropped: std::mem::take(&mut self.dropped),
        })
    }

    fn plan(&mut self, at: Duration) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Over the budget, the least important goes first; of those alike, the oldest.
    fn shed(&mut self) {
        while self.pending.len() > ROOM_BATCH_COMMENTS_MAX
            || bytes(&self.pending) > ROOM_BATCH_BYTES_MAX
        {
            let least = self.pending.iter().enumerate();
            let Some((index, _)) = least.min_by_key(|(index, one)| (one.priority, *index)) else {
                return;
            };
            self.pending.remove(index);
            self.dropped += 1;
        }
    }
}

fn bytes(comments: &VecDeque<Comment>) -> usize {
    let each = |one: &Comment| one.sender.as_str().len() + json_bytes(&one.body);
    comments.iter().map(each).sum()
}
