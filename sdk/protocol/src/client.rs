//! What a client says.

use serde::{Deserialize, Serialize};

use crate::{
    broadcast::PublicPlace,
    ids::{ClientMsgId, ConvId, DeviceId, Label, UserId},
    message::{Kind, Priority},
    numbers::{ConvSeq, Epoch, Micros, RequestId, Seq},
    secret::Secret,
};

/// A frame from a client. On the wire: a map with one key, the frame's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame of every connection, and only the first. Answered by `welcome`,
    /// or by `error` and a close.
    Hello(Hello),
    /// Stores a message. Answered by `sent`, or by `error` with its `client_msg_id`.
    Send(Send),
    /// The app has taken everything up to `cursor`. Not answered. The relay keeps no
    /// cursor: it learns who received what, and how much more to push.
    Ack {
        /// The device's cursor.
        cursor: Seq,
    },
    /// Asks for entries after a seq, and for changes of the public mailbox. Answered by `page`.
    Pull {
        /// Ties the answer to this.
        req: RequestId,
        /// Entries after this one.
        after: Seq,
        /// How many at most. Default 50.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u16>,
        /// And of the public mailbox, from this place on; nothing of it is wanted if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public: Option<PublicPlace>,
        /// From the timeline of this large conversation; from the user's own, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conv: Option<ConvId>,
    },
    /// This user has read a conversation up to here. Marks only grow: a lower one
    /// changes nothing. Answered by `done`.
    Read {
        /// Ties the answer to this.
        req: RequestId,
        /// The conversation.
        conv: ConvId,
        /// Read up to here; clipped to the conversation's newest message.
        conv_seq: ConvSeq,
    },
    /// Takes a message back. Answered by `done`; all members learn it by a `recall` entry.
    Recall {
        /// Ties the answer to this.
        req: RequestId,
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
    },
    /// Asks for messages of a conversation: the newest ones before `before`, or the
    /// oldest ones after `after`, or the newest of all. Answered by `history`.
    History {
        /// Ties the answer to this.
        req: RequestId,
        /// The conversation.
        conv: ConvId,
        /// Only messages before this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<ConvSeq>,
        /// Only messages after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ConvSeq>,
        /// How many at most. Default 50.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u16>,
    },
    /// Asks for the user's conversations, most recently active first. Answered by `conversations`.
    Conversations {
        /// Ties the answer to this.
        req: RequestId,
        /// `next` of the page before; the first page if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<String>,
        /// How many at most. Default 50.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u16>,
    },
    /// Best effort (QoS 0): handed to those members who are connected, or lost. Not answered.
    Ephemeral {
        /// To whom.
        to: Target,
        /// What the body is, for example `typing`.
        kind: Kind,
        /// Opaque to the relay.
        body: String,
        /// In rooms: which is dropped first under load. Default `normal`.
        #[serde(default, skip_serializing_if = "Priority::is_normal")]
        priority: Priority,
    },
    /// Calls a method of the relay's API as this user: groups, search, presence and the
    /// rest. Answered by `result`.
    Call {
        /// Ties the answer to this.
        req: RequestId,
        /// Its name, for example `groups.create`.
        method: String,
        /// Its parameters: JSON text, in either encoding of frames.
        params: String,
    },
    /// The app went to the background or came back, or pings at another interval from now
    /// on. Not answered. The relay's patience follows both.
    State {
        /// True in the background, where timers are throttled.
        background: bool,
        /// A `ping` comes after so much silence, within the bounds of `welcome`. Absent:
        /// after as much as `welcome` said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interval_ms: Option<u32>,
    },
    /// Replaces the session's token by a fresh one of the same user. Answered by `refreshed`.
    Refresh {
        /// Ties the answer to this.
        req: RequestId,
        /// The fresh token.
        token: Secret,
    },
    /// Asks for a sign of life. Answered by `pong`.
    Ping {
        /// Comes back in the `pong`.
        nonce: u32,
    },
}

/// The first frame of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol version that the client speaks.
    pub version: u16,
    /// A JSON Web Token of scope `user`.
    pub token: Secret,
    /// This installation.
    pub device: DeviceId,
    /// What runs the client, for example `browser`, `node`, `mp-weixin`.
    pub host: String,
    /// What kind of device it is (for example `phone`, `desktop`, `web`), where a policy
    /// allows one of each. Default: `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Label>,
    /// The app's version, for targeting and statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Where this device stands; absent on a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Where a new device starts. Default `oldest`.
    #[serde(default, skip_serializing_if = "Start::is_oldest")]
    pub start: Start,
    /// True if the app is in the background.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub background: bool,
}

/// Where a device stands in its user's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The numbering that the cursor is of.
    pub epoch: Epoch,
    /// The last seq that the app has taken.
    pub cursor: Seq,
}

/// Where a device without a cursor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the oldest entry that the relay still keeps.
    #[default]
    Oldest,
    /// With what comes from now on; what was before is in the conversations' history.
    Newest,
}

impl Start {
    fn is_oldest(&self) -> bool {
        *self == Self::Oldest
    }
}

/// A message to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// The sender's id of it: sent again with the same content, it gives the first
    /// result again; with another content, `id_conflict`.
    pub client_msg_id: ClientMsgId,
    /// To whom.
    pub to: Target,
    /// What the body is.
    pub kind: Kind,
    /// Opaque to the relay.
    pub body: String,
    /// How urgent it is. Default `normal`.
    #[serde(default)]
    pub priority: Priority,
    /// When it ceases to be shown; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_us: Option<Micros>,
    /// The app's own key of it, by which a later message can replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Label>,
    /// Whether it takes the place of this sender's earlier message with the same key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
    /// What it is about in the app's business, for example `order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<Label>,
    /// Whom it mentions, at most [`MENTIONS_MAX`](crate::limits::MENTIONS_MAX); `@all`
    /// stands for every member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
}

/// To whom something is sent.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To one user: the direct conversation with her.
    User(UserId),
    /// To a conversation.
    Conv(ConvId),
}
