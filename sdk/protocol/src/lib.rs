//! Seqline's wire protocol: what client and relay say to each other, and nothing else.
//!
//! Pure data: no clock, no randomness, no socket. The prose, the schema and the
//! state diagrams are in `docs/protocol.md`; the golden vectors in `sdk/protocol/vectors/`
//! hold this crate and every other implementation to the same bytes.
//!
//! A conversation on the wire, in the common case:
//!
//! ```text
//! client                                relay
//!   hello  ───────────────────────────▶          token, device, resume { epoch, cursor }
//!          ◀───────────────────────────  welcome head, cursor, heartbeat, limits
//!   pull   ───────────────────────────▶          while the cursor is behind the head
//!          ◀───────────────────────────  page
//!   send   ───────────────────────────▶
//!          ◀───────────────────────────  sent    after the commit, never before
//!          ◀───────────────────────────  push    entries, while the device is caught up
//!   ack    ───────────────────────────▶          the app took everything up to the cursor
//! ```

mod broadcast;
mod client;
mod codec;
mod codes;
mod group;
mod ids;
pub mod limits;
mod message;
mod numbers;
mod passed;
#[cfg(feature = "json")]
mod polling;
mod relay;
mod secret;

pub use broadcast::{Broadcast, BroadcastChange, PublicNews, PublicPage, PublicPlace};
pub use client::{ClientFrame, Hello, Resume, Send, Start, Target};
pub use codec::{
    DecodeError, Encoded, Encoding, Frame, decode, decode_binary, decode_text, encode, from_cbor,
    to_cbor, try_from_cbor,
};
#[cfg(feature = "json")]
pub use codec::{decode_poll, encode_poll};
pub use codes::{ErrorCode, KickReason, ResetReason};
pub use group::{GroupChange, GroupOp, JoinRule, Role};
pub use ids::{AppId, ClientMsgId, ConvId, ConvKind, DeviceId, IdError, Label, UserId};
pub use message::{Conversation, Entry, Item, Kind, Message, MessageHead, Priority, Receipt};
pub use numbers::{
    BroadcastId, ConvSeq, Epoch, Micros, MsgId, NumberError, PubSeq, RequestId, Seq,
};
pub use passed::Passed;
#[cfg(feature = "json")]
pub use polling::{Payload, Poll, PollAnswer, PollRequest};
pub use relay::{Crowd, Heartbeat, HeartbeatBounds, RelayFrame, ServerLimits, Welcome};
pub use secret::Secret;

/// The protocol version that this crate speaks.
pub const VERSION: u16 = 1;

/// The oldest version that a relay of this crate still serves.
pub const VERSION_MIN: u16 = 1;
