//! What relays tell each other of rooms that people are in on several of them.

use seqline_protocol::{UserId, limits::json_bytes};
use serde::{Deserialize, Serialize};

use super::NodeId;
use crate::rooms::Comment;

/// One thing that a relay tells the others who have someone in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomNews {
    /// The first one has come in here: who is there, and what was said last?
    Asked(Counted),
    /// How many are in it here.
    Counted(Counted),
    /// What was said here.
    Said {
        /// In the order in which it was said.
        comments: Vec<Said>,
        /// How many comments were dropped here beside these.
        dropped: u64,
    },
    /// What was said last, for the relay that asked.
    Recent {
        /// Which.
        to: NodeId,
        /// In the order in which it was told.
        comments: Vec<Said>,
        /// Whether that was all.
        is_last: bool,
    },
}

/// Who is in a room on one relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Grows with whatever the relay says of rooms: an older count that comes late is passed over.
    pub number: u64,
    /// How many users.
    pub online: u32,
    /// All of them, if they are few: who is in it on several relays counts once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
}

/// A comment, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// On which relay it was said.
    pub by: NodeId,
    /// Grows with what is said there: none is told twice, or after a later one.
    pub number: u64,
    /// What was said.
    pub comment: Comment,
}

impl Said {
    /// What it counts for where bytes are bounded.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.comment.sender.as_str().len() + json_bytes(&self.comment.body)
    }
}
