//! What a store decides by.

use std::collections::BTreeSet;

use seqline_protocol::AppId;

use crate::limits;

/// The settings that decide what a commit does. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct CommitRules {
    /// How long a sender may take a message back. Default 2 minutes.
    pub recall_window_ms: u64,
    /// How long a sender may edit a message. Default 15 minutes.
    pub edit_window_ms: u64,
    /// A group with as many members has a timeline of its own, which its members read,
    /// instead of an entry in each of theirs. It keeps it when it shrinks. Default 500.
    pub crowd_members_min: u32,
    /// Members at most; more are refused. Default 100,000 (a channel has no such limit).
    pub group_members_max: u32,
    /// Up to so many members, a group's senders are told at once who has read their
    /// messages; in larger ones they ask. Default 100.
    pub receipt_members_max: u32,
    /// Whether a member who joins later sees what was said before. Default no.
    pub shows_history_to_new: bool,
    /// The apps whose stored messages wait to be told to their servers (webhooks).
    pub hook_apps: BTreeSet<AppId>,
}

impl Default for CommitRules {
    fn default() -> Self {
        Self {
            recall_window_ms: 2 * 60_000,
            edit_window_ms: 15 * 60_000,
            crowd_members_min: limits::CROWD_MEMBERS_MIN,
            group_members_max: limits::GROUP_MEMBERS_MAX,
            receipt_members_max: limits::RECEIPT_MEMBERS_MAX,
            shows_history_to_new: false,
            hook_apps: BTreeSet::new(),
        }
    }
}
