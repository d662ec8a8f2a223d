//! One room as plain state: who is in it here, what was said, and what is told next.

mod apart;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use seqline_protocol::{Kind, Micros, Priority, UserId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::others::Others;
use crate::{
    bus::{NodeId, Said},
    limits::{
        ROOM_BATCH_BYTES_MAX, ROOM_BATCH_COMMENTS_MAX, ROOM_BATCH_MS, ROOM_ONLINE_MS,
        ROOM_RECENT_COMMENTS_MAX, ROOM_SENDER_COMMENTS_MAX, ROOM_SENDER_WINDOW_MS,
    },
    mailbox::Mailbox,
};

/// Something said in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Users who are in the room, on whichever relay.
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
    pending: VecDeque<Said>,
    dropped: u64,
    recent: VecDeque<Said>,
    due: Option<Duration>,
    others: Others,
    news: News,
}

/// What other relays are to be told.
#[derive(Default)]
struct News {
    /// What this relay is called by others; none where there can be no others.
    node: Option<NodeId>,
    /// The number of what was said last of this room.
    number: u64,
    said: Vec<Said>,
    dropped: u64,
    is_count_news: bool,
    renew_at: Option<Duration>,
    /// Rings once it is known what is said and who is there on other relays. None if they
    /// were not asked.
    answered: Option<CancellationToken>,
    /// Whether another relay has told what was said last.
    is_answered: bool,
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
            self.news.is_count_news = true;
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
        self.news.is_count_news = true;
        self.plan(now + Duration::from_millis(ROOM_ONLINE_MS));
    }

    pub(super) fn has(&self, key: u64) -> bool {
        self.members.contains_key(&key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many users are in it, however many sessions each has.
    pub(super) fn online(&self) -> usize {
        let is_here = |user: &UserId| self.users.contains_key(user);
        self.users.len().saturating_add(self.others.beside(is_here))
    }

    /// The newest of what was told, oldest first.
    pub(super) fn recent(&self) -> Vec<Comment> {
        self.recent
            .iter()
            .map(|said| said.comment.clone())
            .collect()
    }

    pub(super) fn listeners(&self) -> Vec<Arc<Mailbox>> {
        let members = self.members.values();
        members.map(|member| Arc::clone(&member.mailbox)).collect()
    }

    /// When there is something to tell.
    pub(super) fn due(&self) -> Option<Duration> {
        let dues = [self.due, self.news.renew_at];
        dues.into_iter().flatten().min()
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
        self.news.number += 1;
        self.say(
            Said {
                by: self.own(),
                number: self.news.number,
                comment,
            },
            now,
        );
        Ok(())
    }

    fn say(&mut self, said: Said, now: Duration) {
        self.pending.push_back(said);
        self.shed();
        self.plan(now + Duration::from_millis(ROOM_BATCH_MS));
    }

    fn own(&self) -> NodeId {
        self.news.node.unwrap_or(NodeId(0))
    }

    /// What is to be told by now.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Batch> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.due = None;
        let said = std::mem::take(&mut self.pending);
        if let Some(node) = self.news.node {
            let own = said.iter().filter(|one| one.by == node);
            self.news.said.extend(own.cloned());
        }
        let messages = said.iter().map(|one| one.comment.clone()).collect();
        self.recent.extend(said);
        self.trim_recent();
        Some(Batch {
            online: self.online(),
            messages,
            dropped: std::mem::take(&mut self.dropped),
        })
    }

    fn trim_recent(&mut self) {
        while self.recent.len() > ROOM_RECENT_COMMENTS_MAX
            || bytes(&self.recent) > ROOM_BATCH_BYTES_MAX
        {
            self.recent.pop_front();
        }
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
            let Some((index, _)) = least.min_by_key(|(index, one)| (one.comment.priority, *index))
            else {
                return;
            };
            let shed = self.pending.remove(index);
            self.dropped = self.dropped.saturating_add(1);
            if shed.is_some_and(|one| one.by == self.own()) {
                self.news.dropped += 1;
            }
        }
    }
}

fn bytes(comments: &VecDeque<Said>) -> usize {
    comments.iter().map(Said::bytes).sum()
}
