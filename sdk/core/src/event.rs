//! What an app learns from a session.

use seqline_protocol::{
    BroadcastId, ClientMsgId, ConvId, ConvSeq, GroupChange, KickReason, Kind, Label, Message,
    Micros, MsgId, Passed, PublicNews, Receipt, ResetReason, Seq, UserId,
};
use serde::Serialize;

use crate::{failure::Failure, input::Draft};

/// What the app must take before the cursor moves past it.
///
/// `seq` is the place in the user's own timeline; with `crowd`, in the conversation's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delivered {
    /// A message, received or sent from any of the user's devices.
    Message {
        /// Its place in the timeline.
        seq: Seq,
        /// The message.
        message: Passed<Message>,
        /// Whether this user sent it.
        own: bool,
        /// Whether it is from the conversation's own timeline.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crowd: bool,
    },
    /// Another user received or read.
    Receipt {
        /// Its place in the timeline.
        seq: Seq,
        /// How far.
        receipt: Receipt,
    },
    /// This user read, on any device.
    Read {
        /// Its place in the timeline.
        seq: Seq,
        /// The conversation.
        conv: ConvId,
        /// Up to here.
        conv_seq: ConvSeq,
    },
    /// A message was taken back.
    Recall {
        /// Its place in the timeline.
        seq: Seq,
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
        /// The message.
        msg_id: MsgId,
        /// Who took it back.
        by: UserId,
        /// Whether it is from the conversation's own timeline.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crowd: bool,
    },
    /// A message was edited.
    Edit {
        /// Its place in the timeline.
        seq: Seq,
        /// How the message reads now.
        message: Passed<Message>,
        /// Whether this user sent it.
        own: bool,
        /// Whether it is from the conversation's own timeline.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crowd: bool,
    },
    /// This user deleted a message for herself, on any device.
    Delete {
        /// Its place in the timeline.
        seq: Seq,
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
    },
    /// A group or channel, or who belongs to it, has changed.
    Group {
        /// Its place in the timeline.
        seq: Seq,
        /// What changed.
        change: Passed<GroupChange>,
        /// Whether it is from the conversation's own timeline.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crowd: bool,
    },
    /// This user was shown a broadcast as new, or opened it, on any device.
    Seen {
        /// Its place in the timeline.
        seq: Seq,
        /// The broadcast.
        broadcast: BroadcastId,
        /// Whether the user opened it.
        opened: bool,
    },
    /// What the user sees in the public mailbox has changed. All of it comes again if the app
    /// does not take it. It may hold what the app knows, so versions are to be compared.
    Public {
        /// `{held?: [id], changes?: [{pub_seq, id, broadcast?}]}`. With `held`, whatever is
        /// kept and not named there is withdrawn; then come the changes, in order.
        news: Passed<PublicNews>,
    },
    /// The timeline cannot be continued from where this device stood: rebuild from
    /// the conversations and their history, or this one conversation from its history.
    Reset {
        /// Why.
        reason: ResetReason,
        /// What comes next follows this seq.
        head: Seq,
        /// The large conversation whose timeline it is; the user's own, if absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        conv: Option<ConvId>,
    },
}

/// What the app is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The connection's state changed.
    State(ConnectionState),
    /// An own message's delivery state changed.
    Status {
        /// The message's id.
        client_msg_id: ClientMsgId,
        /// The state.
        status: Status,
        /// The message, with `queued` only.
        #[serde(skip_serializing_if = "Option::is_none")]
        draft: Option<Box<Draft>>,
        /// Where it is stored, from `sent` on.
        #[serde(skip_serializing_if = "Option::is_none")]
        sent: Option<Sent>,
        /// Why, with `failed` only.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// Everything up to the head at this moment has been handed to the app.
    Synced {
        /// The cursor.
        cursor: Seq,
    },
    /// The relay ended the session. Nothing reconnects by itself.
    Kicked {
        /// Why.
        reason: KickReason,
        /// For people.
        message: String,
    },
    /// Best effort from another user.
    Ephemeral {
        /// Where.
        conv: ConvId,
        /// Who.
        sender: UserId,
        /// What the body is.
        kind: Kind,
        /// Opaque.
        body: String,
    },
    /// Something that this session asked to be told of, best effort.
    Event {
        /// What it is: `presence`, `room`.
        name: Label,
        /// JSON text.
        value: String,
    },
    /// Something went wrong that no call is waiting for.
    Error(Failure),
}

/// The three states of a connection, with what is known in each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ConnectionState {
    /// Not connected, and not trying to be.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
    /// Trying to be connected.
    Connecting {
        /// Attempts that failed since the last stable connection.
        attempt: u32,
        /// How long until the next one, in milliseconds; 0 while one is under way.
        retry_in_ms: u64,
        /// True while the device is known to be offline: no attempts are made.
        offline: bool,
    },
    /// Connected.
    Connected {
        /// Who the token says this is.
        user: UserId,
        /// The relay's name of this session.
        session: String,
    },
}

/// Why a session is not trying to be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectReason {
    /// Never asked to.
    Initial,
    /// The app asked for it.
    Requested,
    /// The relay ended the session.
    Kicked,
    /// The relay refused in a way that trying again cannot heal; an error event says why.
    Refused,
}

/// An own message's way. It goes forward only, apart from a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In the outbox.
    Queued,
    /// Kept by the store, or given up by it, and written to a connection at least once. Left
    /// out where the relay is faster than the store.
    Sending,
    /// Not stored: refused, or not acknowledged in time.
    Failed,
    /// Stored by the relay, in every timeline.
    Sent,
    /// Taken by the app of at least one device of the receiver.
    Delivered,
    /// Read by the receiver.
    Read,
}

/// Where the relay has stored a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The relay's id.
    pub msg_id: MsgId,
    /// The conversation.
    pub conv: ConvId,
    /// Its position there.
    pub conv_seq: ConvSeq,
    /// When it was stored.
    pub created_us: Micros,
}
