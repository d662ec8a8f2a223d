//! Rows as decisions see them: the same in every backend.

use std::sync::Arc;

use seqline_protocol::{BroadcastId, ConvId, DeviceId, Item, JoinRule, Message, Role};

use crate::account::Account;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(in crate::store) struct $name(pub(in crate::store) i64);
    };
}

key! {
    /// A backend's number of an app.
    AppKey
}
key! {
    /// A backend's number of a user.
    UserKey
}
key! {
    /// A backend's number of a conversation.
    ConvKey
}

impl ConvKey {
    /// No conversation has it: for entries of the public mailbox.
    pub(in crate::store) const NONE: Self = Self(0);
}

/// A user and the state of her timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct UserRow {
    pub(in crate::store) key: UserKey,
    pub(in crate::store) account: Arc<Account>,
    pub(in crate::store) head: u64,
    /// Up to here some device took everything.
    pub(in crate::store) delivered: u64,
    /// Whether she has connected, was written to, or was registered.
    pub(in crate::store) is_known: bool,
    pub(in crate::store) last_seen_us: u64,
    pub(in crate::store) shares_presence: bool,
    /// How many crowds she belongs to.
    pub(in crate::store) crowds: u32,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ConvRow {
    pub(in crate::store) key: ConvKey,
    pub(in crate::store) app: AppKey,
    pub(in crate::store) conv: ConvId,
    pub(in crate::store) state: ConvState,
    /// Its newest message.
    pub(in crate::store) head: u64,
    pub(in crate::store) created_us: u64,
    pub(in crate::store) active_us: u64,
    /// How many belong to it.
    pub(in crate::store) members: u32,
    /// The newest entry of its own timeline; zero unless it is a crowd.
    pub(in crate::store) log_head: u64,
    /// What only direct ones have.
    pub(in crate::store) direct: Direct,
    /// What only groups and channels have.
    pub(in crate::store) group: GroupRow,
}

impl ConvRow {
    /// Whether it has a timeline of its own: a crowd, also one that has ended (whose end is
    /// an entry there).
    pub(in crate::store) fn has_log(&self) -> bool {
        match self.state {
            ConvState::Crowd => true,
            ConvState::Dissolved => self.log_head > 0,
            ConvState::Named | ConvState::Open => false,
        }
    }
}

/// In which state a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum ConvState {
    /// Its name was mentioned; there is nothing else of it.
    Named,
    /// Members have entries of their own.
    Open,
    /// Members read its own timeline.
    Crowd,
    /// It has ended.
    Dissolved,
}

/// Who wrote how much in a direct conversation: not in the member's row, which no message
/// changes that way. All that unread counts
/// need: unread = (head - read) - (own messages - own messages up to `read`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store) struct Direct {
    /// The user who comes first in its name; none before the first message.
    pub(in crate::store) low: Option<UserKey>,
    /// How many of the messages are hers; the others are the other user's.
    pub(in crate::store) low_sent: u64,
}

/// What a group or channel is like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::store) struct GroupRow {
    pub(in crate::store) owner: Option<UserKey>,
    pub(in crate::store) title: String,
    pub(in crate::store) announcement: String,
    pub(in crate::store) join: JoinRule,
    pub(in crate::store) is_muted: bool,
    /// The newest message that mentions everyone; zero if none does.
    pub(in crate::store) mentions_all: u64,
}

/// A user's place in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct MemberRow {
    pub(in crate::store) conv: ConvKey,
    pub(in crate::store) user: UserKey,
    pub(in crate::store) role: Role,
    pub(in crate::store) joined_us: u64,
    /// Read up to here.
    pub(in crate::store) read: u64,
    /// How many messages up to `read` are her own.
    pub(in crate::store) own_read: u64,
    /// Received up to here; kept while the conversation is no crowd.
    pub(in crate::store) delivered: u64,
    /// How many messages are hers; in groups and channels only, see [`Direct`].
    pub(in crate::store) sent: u64,
    /// Sees messages after this one only.
    pub(in crate::store) visible_after: u64,
    /// Whether it is off her list until there is a message after `visible_after`.
    pub(in crate::store) is_cleared: bool,
    pub(in crate::store) muted_until_us: u64,
    /// The newest message that mentions her by name; zero if none does.
    pub(in crate::store) mentioned: u64,
    /// In a crowd: reads its timeline after this entry.
    pub(in crate::store) log_after: u64,
}

impl MemberRow {
    /// The place of a plain member from the first message on.
    pub(in crate::store) fn new(conv: ConvKey, user: UserKey, joined_us: u64) -> Self {
        Self {
            conv,
            user,
            role: Role::Member,
            joined_us,
            read: 0,
            own_read: 0,
            delivered: 0,
            sent: 0,
            visible_after: 0,
            is_cleared: false,
            muted_until_us: 0,
            mentioned: 0,
            log_after: 0,
        }
    }
}

/// A message that is to be stored, or was, as its wire form and what else is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct MessageRow {
    pub(in crate::store) conv: ConvKey,
    pub(in crate::store) sender: UserKey,
    /// Position in the timeline that it went to: the sender's own, or the crowd's.
    pub(in crate::store) sender_seq: u64,
    /// See [`crate::store::Send::digest`].
    pub(in crate::store) digest: i64,
    /// [`Direct::low_sent`] up to this message; new messages only.
    pub(in crate::store) low_sent: Option<u64>,
    pub(in crate::store) message: Arc<Message>,
}

/// What a retransmission is answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct SentRow {
    pub(in crate::store) msg_id: u64,
    pub(in crate::store) conv_seq: u64,
    pub(in crate::store) sender_seq: u64,
    pub(in crate::store) created_us: u64,
    pub(in crate::store) digest: i64,
}

/// Whose timeline an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) enum Owner {
    User(UserKey),
    Crowd(ConvKey),
}

/// One row of a timeline: a pointer, and the few numbers that marks are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct EntryRow {
    pub(in crate::store) owner: Owner,
    pub(in crate::store) seq: u64,
    pub(in crate::store) kind: EntryKind,
    pub(in crate::store) conv: ConvKey,
    /// Message, recall, edit, delete: the message's place. Receipt: delivered. Read: read.
    /// Crowd: the entry to read after, plus one; zero: no longer. Seen: the broadcast.
    pub(in crate::store) conv_seq: u64,
    /// Receipt: read. Seen: one if it was opened.
    pub(in crate::store) read: Option<u64>,
    /// Message, edit: the sender. Receipt: who received. Recall: who took it back (the
    /// sender, if the app's server did). Otherwise the timeline's user, or who acted.
    pub(in crate::store) about: UserKey,
    /// Message, recall, edit.
    pub(in crate::store) msg_id: Option<u64>,
    /// Group: the [`seqline_protocol::GroupChange`] as JSON.
    pub(in crate::store) data: Option<String>,
    pub(in crate::store) at_us: u64,
    /// What devices are told. Not stored: reads make it again from the rest.
    pub(in crate::store) item: Arc<Item>,
}

/// What an entry tells. The numbers are those of the databases, and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(in crate::store) enum EntryKind {
    Message = 0,
    Receipt = 1,
    Read = 2,
    Recall = 3,
    Edit = 4,
    Delete = 5,
    Group = 6,
    Crowd = 7,
    Seen = 8,
}

/// Whose marker at which broadcast.
pub(in crate::store) type SeenKey = (BroadcastId, UserKey);

/// What a user has seen of a broadcast. Without a marker, nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::store) struct SeenRow {
    /// Whether any device has shown it.
    pub(in crate::store) is_claimed: bool,
    /// Which one did first, if that is known.
    pub(in crate::store) device: Option<DeviceId>,
    pub(in crate::store) is_opened: bool,
}

/// A device as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct DeviceRecord {
    pub(in crate::store) user: UserKey,
    pub(in crate::store) device: String,
    pub(in crate::store) platform: String,
    pub(in crate::store) host: String,
    pub(in crate::store) app_version: Option<String>,
    /// Zero where no other relay shares the database.
    pub(in crate::store) session: u64,
}

/// Sessions that are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct EndedSessions {
    pub(in crate::store) user: UserKey,
    /// Of this device, which is forgotten too; of all, if none.
    pub(in crate::store) device: Option<String>,
    pub(in crate::store) before: u64,
}
