//! What is read from a standby instead of the database itself, and when it is not.

use std::fmt;

/// What may be read from a standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplicaQuery {
    /// Messages of a conversation.
    History,
    /// Messages that contain words.
    Search,
    /// An account's conversations.
    Conversations,
}

/// Why the database itself was read in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fallback {
    /// The standby cannot be reached, or does not answer.
    Away,
    /// It does not have yet what was stored when it was asked.
    Behind,
    /// It is none: it was promoted, or never was.
    NotStandby,
    /// It follows another server, or it is another database.
    OtherDatabase,
    /// A statement failed there, such as one that was in the way of what it had to take over.
    Failed,
}

/// How often what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaCounts {
    /// What was read from the standby.
    pub reads: [u64; ReplicaQuery::ALL.len()],
    /// What was read from the database itself although there is a standby.
    pub fallbacks: [u64; Fallback::ALL.len()],
}

impl ReplicaQuery {
    /// All there are, in their order.
    pub const ALL: [Self; 3] = [Self::History, Self::Search, Self::Conversations];
}

impl Fallback {
    /// All there are, in their order.
    pub const ALL: [Self; 5] = [
        Self::Away,
        Self::Behind,
        Self::NotStandby,
        Self::OtherDatabase,
        Self::Failed,
    ];
}

/// As metrics name it.
impl fmt::Display for ReplicaQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::History => "history",
            Self::Search => "search",
            Self::Conversations => "conversations",
        })
    }
}

/// As metrics name it.
impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Away => "away",
            Self::Behind => "behind",
            Self::NotStandby => "not_standby",
            Self::OtherDatabase => "other_database",
            Self::Failed => "failed",
        })
    }
}
