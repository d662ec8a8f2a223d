//! What is written, and what comes of it.

use std::sync::Arc;

use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, ErrorCode, Item, Kind, Micros, MsgId, Priority, Seq,
};
use thiserror::Error;

use crate::account::Account;

/// One thing to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A message.
    Send(Send),
    /// A device of this account took all entries up to a seq.
    Delivered(Delivered),
    /// This account has read a conversation.
    Read(Read),
    /// A sender takes a message back.
    Recall(Recall),
}

impl Op {
    /// What it adds to the bytes of its batch.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        match self {
            Self::Send(send) => send.body.len(),
            _ => 0,
        }
    }
}

/// A message to be stored in a direct conversation that its sender takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// Who sends it.
    pub from: Arc<Account>,
    /// Where to.
    pub conv: ConvId,
    /// The sender's id: the same one is stored once.
    pub client_msg_id: ClientMsgId,
    /// What the body is.
    pub kind: Kind,
    /// Opaque.
    pub body: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When it ceases to be shown.
    pub expires: Option<Micros>,
}

/// A device's app has taken the entries of its timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Whose timeline.
    pub account: Arc<Account>,
    /// Up to here; clipped to the head.
    pub cursor: Seq,
}

/// A user has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Who.
    pub account: Arc<Account>,
    /// Which conversation.
    pub conv: ConvId,
    /// Up to here; clipped to the newest message.
    pub conv_seq: ConvSeq,
}

/// A message is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Who asks.
    pub account: Arc<Account>,
    /// In which conversation.
    pub conv: ConvId,
    /// Which message.
    pub conv_seq: ConvSeq,
}

/// What became of one operation.
pub type OpResult = Result<Done, Refusal>;

/// An operation took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The message is stored.
    Sent(Sent),
    /// The mark is there, or was already; the recall likewise.
    Applied,
    /// Done up to here; the rest takes another operation.
    DeliveredUpTo(Seq),
}

/// Where a message was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The relay's id.
    pub msg_id: MsgId,
    /// Its position in the conversation.
    pub conv_seq: ConvSeq,
    /// Its position in the sender's own timeline.
    pub seq: Seq,
    /// When it was stored.
    pub created: Micros,
    /// True if an earlier operation stored it.
    pub duplicate: bool,
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
    /// The account takes no part in it, or it is of a kind that this relay does not have.
    #[error("no such conversation, or you take no part in it")]
    ConversationUnknown,
    /// Nothing is stored there.
    #[error("no such message")]
    MessageUnknown,
    /// Of someone else, or too late.
    #[error("only the sender can take a message back, and only for {0} s after sending it")]
    RecallRefused(u64),
}

impl Refusal {
    /// The code to answer with.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::IdConflict => ErrorCode::IdConflict,
            Self::Expired => ErrorCode::FieldInvalid,
            Self::ConversationUnknown => ErrorCode::ConversationUnknown,
            Self::MessageUnknown => ErrorCode::MessageUnknown,
            Self::RecallRefused(_) => ErrorCode::RecallRefused,
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
    pub account: Arc<Account>,
    /// The seq of the first one; the others follow without holes.
    pub first: Seq,
    /// In order. Shared among the timelines that a message went to.
    pub items: Vec<Arc<Item>>,
}

/// What the store decides by.
#[derive(Debug, Clone, Copy)]
pub struct CommitRules {
    /// How long a sender may take a message back, in milliseconds.
    pub recall_window_ms: u64,
}
