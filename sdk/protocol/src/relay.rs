//! What a relay says.

use serde::{Deserialize, Serialize};

use crate::{
    broadcast::PublicPage,
    codes::{ErrorCode, KickReason, ResetReason},
    ids::{AppId, ClientMsgId, ConvId, Label, UserId},
    limits::{BODY_BYTES_MAX, FRAME_BYTES_MAX, PAGE_ENTRIES_MAX, SEND_WINDOW},
    message::{Conversation, Entry, Kind, Message},
    numbers::{ConvSeq, Epoch, Micros, MsgId, PubSeq, RequestId, Seq},
    passed::Passed,
};

/// A frame from a relay. On the wire: a map with one key, the frame's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayFrame {
    /// The session is open.
    Welcome(Welcome),
    /// A message is stored: committed, in the conversation and in every timeline.
    Sent {
        /// The sender's id.
        client_msg_id: ClientMsgId,
        /// The relay's id.
        msg_id: MsgId,
        /// The conversation that it went to.
        conv: ConvId,
        /// Its position there.
        conv_seq: ConvSeq,
        /// Its position in the sender's own timeline.
        seq: Seq,
        /// When it was stored.
        created_us: Micros,
        /// True if it was stored by an earlier transmission.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
    },
    /// New entries, unasked, contiguous with what this connection was handed before.
    Push {
        /// In order, without holes.
        entries: Vec<Entry>,
        /// Of the timeline of this large conversation; of the user's own, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conv: Option<ConvId>,
    },
    /// There is something new: pull. A hint that may be lost or repeated.
    Notify {
        /// The timeline's newest seq.
        head: Seq,
        /// The public mailbox's newest change.
        pub_head: PubSeq,
        /// Of the timeline of this large conversation; of the user's own, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conv: Option<ConvId>,
    },
    /// Answers `pull`.
    Page {
        /// The request.
        req: RequestId,
        /// In order, without holes, the first one right after `after`.
        entries: Vec<Entry>,
        /// The timeline's newest seq; there is more while it is beyond the last entry.
        head: Seq,
        /// What is told of the public mailbox. Absent if that was not asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public: Option<PublicPage>,
    },
    /// Answers `history`.
    History {
        /// The request.
        req: RequestId,
        /// The conversation.
        conv: ConvId,
        /// By `conv_seq`, ascending.
        messages: Passed<Vec<Message>>,
        /// Whether there are more in the direction that was asked for.
        more: bool,
    },
    /// Answers `conversations`.
    Conversations {
        /// The request.
        req: RequestId,
        /// Most recently active first.
        conversations: Passed<Vec<Conversation>>,
        /// Asks for the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// Answers a request that has no other answer: it took effect.
    Done {
        /// The request.
        req: RequestId,
    },
    /// Answers `refresh`: the session goes on with the fresh token.
    Refreshed {
        /// The request.
        req: RequestId,
        /// When the fresh token expires.
        token_expires_us: Micros,
    },
    /// The device cannot go on from its cursor: go on from `head`, rebuild what came
    /// before from the conversations' history, and tell the app.
    Reset {
        /// Why.
        reason: ResetReason,
        /// The numbering from now on.
        epoch: Epoch,
        /// The newest seq.
        head: Seq,
        /// Of the timeline of this large conversation; of the user's own, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conv: Option<ConvId>,
    },
    /// The session is ended; a close follows. The client must not reconnect by itself.
    Kick {
        /// Why.
        reason: KickReason,
        /// For people.
        message: String,
    },
    /// The relay is about to stop. Finish, and connect again at a random moment
    /// between `after_ms` and `after_ms + window_ms` after the close.
    Goaway {
        /// Not before, in milliseconds.
        after_ms: u32,
        /// Spread over, in milliseconds.
        window_ms: u32,
    },
    /// Answers `ping`.
    Pong {
        /// The ping's.
        nonce: u32,
        /// The relay's clock.
        now_us: Micros,
    },
    /// Best effort from another user.
    Ephemeral {
        /// Where.
        conv: ConvId,
        /// Who.
        sender: UserId,
        /// What the body is.
        kind: Kind,
        /// Opaque to the relay.
        body: String,
    },
    /// Answers `call`.
    Result {
        /// The request.
        req: RequestId,
        /// What the method gives: JSON text, in either encoding of frames.
        value: String,
    },
    /// Something that this session asked to be told of, best effort: who is online, what
    /// is said in a room.
    Event {
        /// What it is: `presence` or `room`.
        name: Label,
        /// JSON text, in either encoding of frames.
        value: String,
    },
    /// Something was refused. A close follows if the code has a close code, unless it
    /// answers a `call`: then the session goes on.
    Error {
        /// Why.
        code: ErrorCode,
        /// For people: what is wrong and what to do.
        message: String,
        /// Whether the same thing, tried again later, may succeed.
        retryable: bool,
        /// The request that was refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        req: Option<RequestId>,
        /// The send that was refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_msg_id: Option<ClientMsgId>,
        /// Not before, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u32>,
    },
}

/// The session is open: who it is of, where it stands, and what is agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The protocol version of this connection.
    pub version: u16,
    /// The relay's name of this session, for logs and support.
    pub session: String,
    /// The token's app.
    pub app: AppId,
    /// The token's user.
    pub user: UserId,
    /// The timeline's numbering.
    pub epoch: Epoch,
    /// The timeline's newest seq.
    pub head: Seq,
    /// Where this device goes on: its own cursor, or where a new or reset one starts.
    pub cursor: Seq,
    /// Present if the device's cursor could not be used: as in a `reset` frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetReason>,
    /// The public mailbox's newest change.
    pub pub_head: PubSeq,
    /// What this user can see there now: see [`broadcast`](crate::broadcast). A device that
    /// keeps another one pulls.
    pub pub_view: String,
    /// How often a device looks by itself whether there is something new in the public mailbox,
    /// beside whenever it connects; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pub_refresh_ms: Option<u64>,
    /// The relay's clock.
    pub now_us: Micros,
    /// When the token expires.
    pub token_expires_us: Micros,
    /// How signs of life are exchanged.
    pub heartbeat: Heartbeat,
    /// What the relay accepts.
    pub limits: ServerLimits,
    /// The user's large conversations, each with a timeline of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowds: Vec<Crowd>,
}

/// A large conversation, and where its timeline stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// The conversation.
    pub conv: ConvId,
    /// The user's devices read entries after this one.
    pub after: Seq,
    /// The oldest entry that is still kept.
    pub floor: Seq,
    /// The newest one.
    pub head: Seq,
}

/// How signs of life are exchanged: the client sends a `ping` after this long without
/// having received anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// In the foreground, to begin with. Default 25 s.
    pub interval_ms: u32,
    /// In the background, to begin with. Default 55 s.
    pub background_interval_ms: u32,
    /// Within these the client finds the interval that suits its network, and says so in
    /// `state`. Absent: it keeps to the ones above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<HeartbeatBounds>,
}

/// What a client may make of the intervals of a [`Heartbeat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatBounds {
    /// Never shorter. Default 15 s.
    pub interval_ms_min: u32,
    /// In the foreground, never longer. Default 55 s: proxies cut what is silent for 60 s.
    pub interval_ms_max: u32,
    /// In the background, never longer. Default 4 min: address translators forget what is
    /// silent for 5 min, and no one is looking.
    pub background_interval_ms_max: u32,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            interval_ms: 25_000,
            background_interval_ms: 55_000,
            bounds: Some(HeartbeatBounds::default()),
        }
    }
}

impl Default for HeartbeatBounds {
    fn default() -> Self {
        Self {
            interval_ms_min: 15_000,
            interval_ms_max: 55_000,
            background_interval_ms_max: 240_000,
        }
    }
}

/// What the relay accepts; see [`crate::limits`] for the answers when exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    /// Largest frame, in bytes.
    pub frame_bytes_max: u32,
    /// Largest body, in bytes as JSON writes it.
    pub body_bytes_max: u32,
    /// Most entries of a page.
    pub page_entries_max: u16,
    /// Most unacknowledged sends.
    pub send_window: u16,
}

impl Default for ServerLimits {
    #[expect(clippy::cast_possible_truncation, reason = "constants that fit")]
    fn default() -> Self {
        Self {
            frame_bytes_max: FRAME_BYTES_MAX as u32,
            body_bytes_max: BODY_BYTES_MAX as u32,
            page_entries_max: PAGE_ENTRIES_MAX as u16,
            send_window: SEND_WINDOW as u16,
        }
    }
}
