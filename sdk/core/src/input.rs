//! What happens to a session.

use seqline_protocol::{ClientMsgId, ConvId, ConvSeq, Encoded, Kind, Priority, Secret, Target};
use serde::{Deserialize, Serialize};

/// A message to be sent: what is kept in the store is what goes over the wire.
pub use seqline_protocol::Send as Draft;

/// The moment at which an input happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Milliseconds of a clock that never goes back. Deadlines are in it.
    pub mono_ms: u64,
    /// Milliseconds since the Unix epoch. Where it runs ahead of `mono_ms`, the
    /// device was suspended; it may be set back by people.
    pub unix_ms: u64,
}

/// One of the sockets that a session asked for, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnId(pub u32);

/// The caller's name for a [`Command`]; comes back in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// One batch handed to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId(pub u32);

/// One write to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WriteId(pub u32);

/// A kind of network: what is learned of one says nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// The host does not know.
    #[default]
    Unknown,
    /// Wireless, of a home or an office.
    Wifi,
    /// Of a mobile carrier.
    Cellular,
    /// By wire.
    Ethernet,
}

impl NetworkKind {
    pub(crate) const COUNT: usize = 4;
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The app wants to be connected.
    Connect,
    /// The app wants to be disconnected. Nothing reconnects until it asks for it.
    Disconnect,
    /// Answers [`crate::Output::FetchToken`].
    Token(Secret),
    /// There is no token at the moment; it is asked for again after a backoff.
    TokenFailed(String),
    /// The socket is open.
    Opened(ConnId),
    /// A frame came.
    Received(ConnId, Encoded),
    /// The socket is closed, or could not be opened.
    Closed {
        /// Which one.
        conn: ConnId,
        /// The close code, if one came.
        code: Option<u16>,
    },
    /// The time of [`crate::Output::WakeAt`] has come. Too early does no harm.
    Timeout,
    /// The network went or came back.
    Online(bool),
    /// What kind of network the device uses now; at the start, and when it changes.
    Network(NetworkKind),
    /// The app went to the background or came back.
    Background(bool),
    /// The device may have slept, or the network changed: find out whether the
    /// connection still lives.
    Probe,
    /// The app's handlers took a whole delivery.
    Taken(DeliveryId),
    /// A handler failed after the first `taken` events; the rest is delivered again later.
    Refused {
        /// Which delivery.
        delivery: DeliveryId,
        /// How many of its events were taken.
        taken: usize,
    },
    /// The store has it.
    Persisted(WriteId),
    /// The store could not take it.
    PersistFailed(WriteId, String),
    /// The app asks for something.
    Call(CallId, Command),
}

/// What the app can ask for. Each is answered by [`crate::Output::Answer`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Sends a message. Answered when the relay has stored it, or it failed.
    Send(Draft),
    /// Tries a failed message again. Answered like `Send`.
    Retry {
        /// Which one.
        client_msg_id: ClientMsgId,
    },
    /// Forgets a failed message.
    Discard {
        /// Which one.
        client_msg_id: ClientMsgId,
    },
    /// Messages of a conversation, as the protocol's `history`.
    History {
        /// The conversation.
        conv: ConvId,
        /// Only messages before this one.
        before: Option<ConvSeq>,
        /// Only messages after this one.
        after: Option<ConvSeq>,
        /// How many at most.
        limit: Option<u16>,
    },
    /// The user's conversations, as the protocol's `conversations`.
    Conversations {
        /// `next` of the page before.
        page: Option<String>,
        /// How many at most.
        limit: Option<u16>,
    },
    /// This user has read a conversation up to here.
    Read {
        /// The conversation.
        conv: ConvId,
        /// Up to here.
        conv_seq: ConvSeq,
    },
    /// Takes an own message back.
    Recall {
        /// The conversation.
        conv: ConvId,
        /// The message's position there.
        conv_seq: ConvSeq,
    },
    /// Best effort: sent now, or dropped if not connected.
    Ephemeral {
        /// To whom.
        to: Target,
        /// What the body is.
        kind: Kind,
        /// Opaque.
        body: String,
        /// In rooms: which is dropped first under load.
        #[serde(default)]
        priority: Priority,
    },
    /// Calls a method of the relay's API.
    Call {
        /// Its name.
        method: String,
        /// Its parameters: JSON text.
        params: String,
        /// Whether doing it twice is doing it once, so that it may be asked again on the next
        /// connection. Otherwise a lost connection ends it with `connection_lost`.
        #[serde(default)]
        repeatable: bool,
    },
}
