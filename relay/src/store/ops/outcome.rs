//! What comes of operations.

use std::sync::Arc;

use seqline_protocol::{
    AppId, BroadcastId, ConvId, ConvSeq, ErrorCode, Item, Micros, MsgId, Seq, UserId,
};
use thiserror::Error;

use crate::account::Account;

/// What became of one operation.
pub type OpResult = Result<Done, Refusal>;

/// An operation took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The message is stored.
    Sent(Sent),
    /// It is so now, or was already.
    Applied,
    /// Done up to here; the rest takes another operation.
    DeliveredUpTo(Seq),
    /// The group or channel is changed.
    Group(GroupDone),
    /// It is marked.
    Seen {
        /// What the device has as new: no other one has shown it before.
        new: Vec<BroadcastId>,
    },
}

/// Where a message was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The relay's id.
    pub msg_id: MsgId,
    /// Its position in the conversation.
    pub conv_seq: ConvSeq,
    /// Its position in the sender's own timeline; in a crowd, in the crowd's.
    pub seq: Seq,
    /// When it was stored.
    pub created: Micros,
    /// True if an earlier operation stored it.
    pub duplicate: bool,
}

/// What a change of a group came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupDone {
    /// Who was taken in or sent away; those for whom nothing changed are not listed.
    pub changed: Vec<UserId>,
    /// How many members there are now.
    pub members: u32,
}

/// Why an operation can never take effect. Nothing of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// This id was stored with another content.
    #[error("this client_msg_id was stored before with another content; use a new id")]
    IdConflict,
    /// It would not be shown to anyone.
    #[error("expires_us is in the past")]
    Expired,
    /// The account takes no part in it, or it is of a kind that this relay does not keep.
    #[error("no such conversation, or you take no part in it")]
    ConversationUnknown,
    /// Nothing is stored there, or nothing that this user may see.
    #[error("no such message")]
    MessageUnknown,
    /// Of someone else, or too late.
    #[error("only the sender can take a message back, and only for {0} s after sending it")]
    RecallRefused(u64),
    /// Of someone else, or too late, or of a message that was taken back.
    #[error("only the sender can edit a message, and only for {0} s after sending it")]
    EditRefused(u64),
    /// The actor's role does not allow it.
    #[error("your role in this conversation does not allow that: {0}")]
    NotAllowed(&'static str),
    /// The sender is muted until then.
    #[error("you cannot send here until {0} (microseconds since 1970)")]
    Muted(Micros),
    /// Only admins send for now.
    #[error("only admins can send here for now")]
    MutedAll,
    /// The id is taken, also by one that was dissolved.
    #[error("a conversation of this name exists, or existed")]
    ConversationExists,
    /// More members than that.
    #[error("a conversation has at most {0} members")]
    Full(u32),
    /// More crowds than that.
    #[error("a user belongs to at most {0} large conversations")]
    CrowdsFull(usize),
    /// Who is named does not belong to it.
    #[error("that user is not a member")]
    MemberUnknown,
    /// The device has connected again, or was ended.
    #[error("this session is over: its device connected again, or was ended")]
    SessionOver,
    /// More broadcasts at once than that.
    #[error("at most {0} broadcasts can be marked at once")]
    TooManySeen(usize),
}

impl Refusal {
    /// The code to answer with.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::IdConflict => ErrorCode::IdConflict,
            Self::Expired | Self::TooManySeen(_) => ErrorCode::FieldInvalid,
            Self::ConversationUnknown => ErrorCode::ConversationUnknown,
            Self::MessageUnknown => ErrorCode::MessageUnknown,
            Self::RecallRefused(_) => ErrorCode::RecallRefused,
            Self::EditRefused(_) => ErrorCode::EditRefused,
            Self::NotAllowed(_) => ErrorCode::NotAllowed,
            Self::Muted(_) | Self::MutedAll => ErrorCode::Muted,
            Self::ConversationExists => ErrorCode::ConversationExists,
            Self::Full(_) | Self::CrowdsFull(_) => ErrorCode::ConversationFull,
            Self::MemberUnknown => ErrorCode::UserUnknown,
            Self::SessionOver => ErrorCode::Kicked,
        }
    }
}

/// What a durable commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// One for each operation, in their order.
    pub results: Vec<OpResult>,
    /// What was added to which timelines. Each timeline appears once.
    pub appends: Vec<TimelineAppend>,
}

/// Entries that a commit added to one timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineAppend {
    /// Whose timeline.
    pub timeline: Timeline,
    /// The seq of the first one; the others follow without holes.
    pub first: Seq,
    /// In order. Shared among the timelines that a message went to.
    pub items: Vec<Arc<Item>>,
}

impl TimelineAppend {
    /// The seq of the last one.
    #[must_use]
    pub fn last(&self) -> Seq {
        let count = self.items.len() as u64;
        Seq::saturating((self.first.get() + count).saturating_sub(1))
    }
}

/// A log of entries with seqs of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timeline {
    /// A user's private one.
    User(Arc<Account>),
    /// That of a large conversation, which its members read.
    Crowd(AppId, ConvId),
}
