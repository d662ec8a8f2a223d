//! What one room tells the other relays that have someone in it, and hears of them.

use std::{collections::VecDeque, time::Duration};

use seqline_protocol::limits::{EPHEMERAL_BODY_BYTES_MAX, json_bytes};
use tokio_util::sync::CancellationToken;

use super::Room;
use crate::{
    bus::{Counted, NodeId, RoomNews, Said},
    limits::{
        ROOM_BATCH_COMMENTS_MAX, ROOM_HINT_BYTES_MAX, ROOM_ONLINE_MS, ROOM_RECENT_COMMENTS_MAX,
        ROOM_RENEW_MS, ROOM_USERS_NAMED_MAX,
    },
};

/// Of those that have someone in a room, so many answer what was said: any of them may be gone.
const ANSWERS: usize = 2;

impl Room {
    /// A room on this relay of several, whose numbers come after one.
    pub(in crate::rooms) fn among(node: NodeId, number: u64) -> Self {
        let mut room = Self::default();
        room.news.node = Some(node);
        room.news.number = number;
        room
    }

    /// The number of what this relay said last of the room.
    pub(in crate::rooms) fn number(&self) -> u64 {
        self.news.number
    }

    /// What to wait for before who comes in is told who is there; none if it is known, or not
    /// waited for any more.
    pub(in crate::rooms) fn answered(&self) -> Option<CancellationToken> {
        let answered = self.news.answered.as_ref();
        answered.filter(|rings| !rings.is_cancelled()).cloned()
    }

    /// Other relays are to be asked; whoever comes in may wait for their answers.
    pub(in crate::rooms) fn expect_answers(&mut self) {
        self.news.answered.get_or_insert_default();
    }

    /// The question for other relays.
    pub(in crate::rooms) fn ask(&mut self) -> RoomNews {
        RoomNews::Asked(self.counted())
    }

    /// How many are here is told anew at once: other relays may not know of this one.
    pub(in crate::rooms) fn met(&mut self, now: Duration) {
        if self.news.node.is_some() {
            self.news.renew_at = Some(now);
        }
    }

    /// Relays have gone.
    pub(in crate::rooms) fn gone(&mut self, nodes: &[NodeId], now: Duration) {
        self.counting(now, |room| room.others.leave(nodes));
    }

    /// Another relay says something. What this one answers.
    pub(in crate::rooms) fn hear(
        &mut self,
        from: NodeId,
        news: RoomNews,
        now: Duration,
    ) -> Vec<RoomNews> {
        match news {
            RoomNews::Asked(counted) => {
                let mut said = self.count(from, counted, now);
                said.extend(self.answer(from));
                return said;
            }
            RoomNews::Counted(counted) => return self.count(from, counted, now),
            RoomNews::Said {
                mut comments,
                dropped,
            } => {
                comments.truncate(ROOM_BATCH_COMMENTS_MAX);
                for said in comments {
                    if said.by == from
                        && is_sound(&said)
                        && self.others.hear(from, said.number, now)
                    {
                        self.say(said, now);
                    }
                }
                self.dropped = self.dropped.saturating_add(dropped);
            }
            RoomNews::Recent {
                to,
                comments,
                is_last,
            } if Some(to) == self.news.node => {
                self.recall(comments, now);
                if is_last {
                    self.news.is_answered = true;
                    if let Some(answered) = &self.news.answered {
                        answered.cancel();
                    }
                }
            }
            RoomNews::Recent { .. } => {}
        }
        Vec::new()
    }

    /// What other relays are to be told by now.
    pub(in crate::rooms) fn take_news(&mut self, now: Duration) -> Vec<RoomNews> {
        let mut news = Vec::new();
        if self.news.node.is_none() {
            return news;
        }
        if self.news.renew_at.is_none_or(|at| at <= now) {
            self.news.renew_at = Some(now + Duration::from_millis(ROOM_RENEW_MS));
            self.news.is_count_news = true;
            self.counting(now, |room| room.others.expire(now));
        }
        if std::mem::take(&mut self.news.is_count_news) {
            news.push(RoomNews::Counted(self.counted()));
        }
        let mut dropped = std::mem::take(&mut self.news.dropped);
        let mut said = in_hints(std::mem::take(&mut self.news.said));
        if said.is_empty() && dropped > 0 {
            said.push(Vec::new());
        }
        news.extend(said.into_iter().map(|comments| RoomNews::Said {
            comments,
            dropped: std::mem::take(&mut dropped),
        }));
        news
    }

    /// The last one here has left.
    pub(in crate::rooms) fn farewell(&mut self) -> Option<RoomNews> {
        self.news.node?;
        Some(RoomNews::Counted(self.counted()))
    }

    /// Another relay tells how many are there. If it may not have heard the question, as long as
    /// that is not answered, it is asked again.
    fn count(&mut self, from: NodeId, counted: Counted, now: Duration) -> Vec<RoomNews> {
        let is_missed = !self.news.is_answered && !self.others.has(from);
        self.counting(now, |room| room.others.count(from, counted, now));
        if is_missed {
            vec![self.ask()]
        } else {
            Vec::new()
        }
    }

    fn answer(&mut self, to: NodeId) -> Vec<RoomNews> {
        let mut news = vec![RoomNews::Counted(self.counted())];
        if self.others.before(self.own(), to) < ANSWERS {
            let mut hints = in_hints(self.recent.iter().cloned().collect());
            if hints.is_empty() {
                hints.push(Vec::new());
            }
            let last = hints.len() - 1;
            news.extend(
                hints
                    .into_iter()
                    .enumerate()
                    .map(|(at, comments)| RoomNews::Recent {
                        to,
                        comments,
                        is_last: at == last,
                    }),
            );
        }
        news
    }

    fn counted(&mut self) -> Counted {
        self.news.number += 1;
        let users = if self.users.len() <= ROOM_USERS_NAMED_MAX {
            self.users.keys().cloned().collect()
        } else {
            Vec::new()
        };
        Counted {
            number: self.news.number,
            online: u32::try_from(self.users.len()).unwrap_or(u32::MAX),
            users,
        }
    }

    /// What was said before anyone here heard it.
    fn recall(&mut self, mut comments: Vec<Said>, now: Duration) {
        comments.truncate(ROOM_RECENT_COMMENTS_MAX);
        let own = self.own();
        let mut earlier = VecDeque::new();
        for said in comments {
            let known = self.recent.iter().chain(&self.pending);
            let is_known = known
                .into_iter()
                .any(|one| (one.by, one.number) == (said.by, said.number));
            if is_sound(&said) && !is_known {
                if said.by != own {
                    self.others.hear(said.by, said.number, now);
                }
                earlier.push_back(said);
            }
        }
        earlier.append(&mut self.recent);
        self.recent = earlier;
        self.trim_recent();
    }

    /// Does something that may change how many are in the room; if it does, that is told.
    fn counting(&mut self, now: Duration, change: impl FnOnce(&mut Self)) {
        let before = self.online();
        change(self);
        if self.online() != before {
            self.plan(now + Duration::from_millis(ROOM_ONLINE_MS));
        }
    }
}

/// Whoever speaks on the bus keeps to what clients may say.
fn is_sound(said: &Said) -> bool {
    json_bytes(&said.comment.body) <= EPHEMERAL_BODY_BYTES_MAX
}

/// As many hints as it takes for each to have at most so many bytes.
fn in_hints(comments: Vec<Said>) -> Vec<Vec<Said>> {
    let mut hints: Vec<Vec<Said>> = Vec::new();
    let mut bytes = 0;
    for said in comments {
        bytes += said.bytes();
        match hints.last_mut() {
            Some(hint) if bytes <= ROOM_HINT_BYTES_MAX => hint.push(said),
            _ => {
                bytes = said.bytes();
                hints.push(vec![said]);
            }
        }
    }
    hints
}

#[cfg(test)]
mod tests;
