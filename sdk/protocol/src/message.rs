//! What is stored and handed to devices: messages, timeline entries, conversations.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    group::GroupChange,
    ids::{ClientMsgId, ConvId, Label, UserId},
    limits::KIND_BYTES_MAX,
    numbers::{BroadcastId, ConvSeq, Micros, MsgId, Seq},
    passed::Passed,
};

/// One immutable thing that was sent.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The relay's id.
    pub msg_id: MsgId,
    /// The sender's id.
    pub client_msg_id: ClientMsgId,
    /// Who sent it.
    pub sender: UserId,
    /// Where.
    pub conv: ConvId,
    /// Its position there.
    pub conv_seq: ConvSeq,
    /// What the body is.
    pub kind: Kind,
    /// Opaque to the relay. Plain text for kind `text`; JSON text by convention for any other.
    /// Empty once recalled.
    pub body: String,
    /// How urgent it is. Default `normal`.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// When the relay stored it.
    pub created_us: Micros,
    /// When it ceases to be shown; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_us: Option<Micros>,
    /// True once it was taken back; the body is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recalled: bool,
    /// The app's own key of it, by which a later message can replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Label>,
    /// The earlier message with the same key, whose place this one takes: show that no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ConvSeq>,
    /// True once a later message took its place; the body is empty then. Not shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
    /// What it is about in the app's business, for example `order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<Label>,
    /// Whom it mentions; `@all` stands for every member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// When it was last edited; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_us: Option<Micros>,
}

/// What a client looks at in a message that it hands on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageHead {
    /// The relay's id.
    pub msg_id: MsgId,
    /// The sender's id.
    pub client_msg_id: ClientMsgId,
    /// Who sent it.
    pub sender: UserId,
    /// Where.
    pub conv: ConvId,
    /// Its position there.
    pub conv_seq: ConvSeq,
    /// When the relay stored it.
    pub created_us: Micros,
}

impl MessageHead {
    /// Of a message; none if what came as one is none.
    #[cfg(feature = "whole")]
    #[must_use]
    pub fn of(message: &Passed<Message>) -> Option<Self> {
        Some(Self {
            msg_id: message.msg_id,
            client_msg_id: message.client_msg_id.clone(),
            sender: message.sender.clone(),
            conv: message.conv.clone(),
            conv_seq: message.conv_seq,
            created_us: message.created_us,
        })
    }

    /// Of a message; none if what came as one is none.
    #[cfg(not(feature = "whole"))]
    #[must_use]
    pub fn of(message: &Passed<Message>) -> Option<Self> {
        crate::codec::from_cbor(message.bytes())
    }
}

/// What a body is: `text`, or a name that the app chooses (1 to 32 characters
/// of `a-z`, `0-9`, `.`, `_`, `-`).
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Kind(String);

impl Kind {
    /// Checks the name and wraps it; none if it is not of that form.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = !name.is_empty()
            && name.len() <= KIND_BYTES_MAX
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        fits.then_some(Self(name))
    }

    /// Plain text.
    #[must_use]
    pub fn text() -> Self {
        Self("text".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a kind has 1 to 32 characters of a-z 0-9 . _ -"))
    }
}

/// How urgent a message is: which is dropped first where dropping is allowed.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Dropped first.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Dropped last.
    High,
}

impl Priority {
    pub(crate) fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// One position of a user's timeline.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its SeqId.
    pub seq: Seq,
    /// What the user's devices must learn.
    pub item: Item,
}

/// What a timeline entry tells.
///
/// A relay sends an item only to clients whose protocol version knows it.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A message that the user received or, from any of the own devices, sent.
    Message(Passed<Message>),
    /// How far another user has received and read a conversation.
    Receipt(Receipt),
    /// How far this user has read a conversation, on any device.
    Read {
        /// The conversation.
        conv: ConvId,
        /// Read up to here.
        conv_seq: ConvSeq,
    },
    /// A message was taken back.
    Recall {
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
        /// The message.
        msg_id: MsgId,
        /// Who took it back.
        by: UserId,
    },
    /// A message was edited: how it reads now.
    Edit(Passed<Message>),
    /// This user deleted a message for herself, on any device. Others keep it.
    Delete {
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
    },
    /// A group or channel, or who belongs to it, has changed.
    Group(Passed<GroupChange>),
    /// A large conversation is read from its own timeline, not from this one.
    Crowd {
        /// The conversation.
        conv: ConvId,
        /// From now on, read its entries after this one; no longer, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
    },
    /// This user was shown a broadcast as new, on any device.
    Seen {
        /// The broadcast.
        broadcast: BroadcastId,
        /// True once the user opened it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opened: bool,
    },
}

/// How far one user has received and read a conversation. Both only grow.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The conversation.
    pub conv: ConvId,
    /// Who received and read.
    pub user: UserId,
    /// At least one device's app took everything up to here.
    pub delivered: ConvSeq,
    /// Read up to here.
    pub read: ConvSeq,
}

/// A row of the conversation list.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub conv: ConvId,
    /// Position of its newest message.
    pub head: ConvSeq,
    /// The newest message that is still shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Message>,
    /// Messages of others after `read`.
    pub unread: u64,
    /// How far this user has read.
    pub read: ConvSeq,
    /// How far the other has received and read; in direct conversations only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// When the newest message was stored, or the conversation was made.
    pub active_us: Micros,
    /// What it is called; groups and channels only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The newest message after `read` that mentions this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentioned: Option<ConvSeq>,
    /// True if it is read from its own timeline; see [`Item::Crowd`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub crowd: bool,
}
