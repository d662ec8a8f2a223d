//! Error and close codes: one list, whose names are the wire's.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, close: $close:expr, retryable: $retryable:literal;)*) => {
        /// Why something was refused. The wire carries the name in `snake_case`.
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),* }
            }

            /// The WebSocket close code (4000 to 4999), if this ends the connection.
            #[must_use]
            pub const fn close_code(self) -> Option<u16> {
                match self { $(Self::$name => $close),* }
            }

            /// Whether the same thing, tried again later, may succeed.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable),* }
            }
        }
    };
}

error_codes! {
    /// Not JSON or CBOR, cut short, not UTF-8, or nested too deep.
    FrameMalformed = "frame_malformed", close: Some(4000), retryable: false;
    /// Larger than the frame limit.
    FrameTooLarge = "frame_too_large", close: Some(4001), retryable: false;
    /// The first frame was not `hello`, or a second `hello` came.
    HelloExpected = "hello_expected", close: Some(4002), retryable: false;
    /// No `hello` within the time for it.
    HelloTimeout = "hello_timeout", close: Some(4003), retryable: true;
    /// A protocol version that this relay does not serve.
    VersionUnsupported = "version_unsupported", close: Some(4004), retryable: false;
    /// A token that is not one, has a wrong signature or algorithm, or is of an unknown app.
    TokenInvalid = "token_invalid", close: Some(4010), retryable: false;
    /// A token past its `exp`. Get a fresh one and connect again.
    TokenExpired = "token_expired", close: Some(4011), retryable: true;
    /// A valid token whose scope does not allow this.
    ScopeForbidden = "scope_forbidden", close: Some(4012), retryable: false;
    /// The session was ended; the `kick` before it has the reason. Do not reconnect by yourself.
    Kicked = "kicked", close: Some(4020), retryable: false;
    /// Nothing was heard from the client for longer than agreed.
    HeartbeatTimeout = "heartbeat_timeout", close: Some(4030), retryable: true;
    /// Too many frames, connections or log-ins; wait `retry_after_ms`.
    RateLimited = "rate_limited", close: Some(4031), retryable: true;
    /// The relay cannot take more at the moment, and has stored nothing of it.
    Overloaded = "overloaded", close: Some(4040), retryable: true;
    /// The relay is stopping; another one, or the same, will serve.
    Draining = "draining", close: Some(4041), retryable: true;
    /// Something failed inside the relay; it has stored nothing of it.
    Internal = "internal", close: Some(4050), retryable: true;
    /// The relay's storage takes or gives nothing at the moment: its disk is full, it is read-only, it
    /// cannot be reached. The relay has stored nothing of it.
    StorageUnavailable = "storage_unavailable", close: Some(4051), retryable: true;
    /// What this needs cannot be read from the relay's storage, which is damaged. Nothing of it
    /// was done; everything else goes on.
    StorageDamaged = "storage_damaged", close: None, retryable: false;
    /// A well-formed frame of a name that this relay does not know.
    FrameUnknown = "frame_unknown", close: None, retryable: false;
    /// A field is missing, of the wrong type, or out of range.
    FieldInvalid = "field_invalid", close: None, retryable: false;
    /// The body is over its limit.
    BodyTooLarge = "body_too_large", close: None, retryable: false;
    /// This `client_msg_id` was stored with another content.
    IdConflict = "id_conflict", close: None, retryable: false;
    /// No such conversation, or the user takes no part in it.
    ConversationUnknown = "conversation_unknown", close: None, retryable: false;
    /// No such message.
    MessageUnknown = "message_unknown", close: None, retryable: false;
    /// Only the sender may take a message back, and only for a while.
    RecallRefused = "recall_refused", close: None, retryable: false;
    /// Only the sender may edit a message, and only for a while.
    EditRefused = "edit_refused", close: None, retryable: false;
    /// The user takes part, but her role does not allow this.
    NotAllowed = "not_allowed", close: None, retryable: false;
    /// The user, or everyone, is muted in this conversation.
    Muted = "muted", close: None, retryable: true;
    /// A conversation of this name exists, or existed.
    ConversationExists = "conversation_exists", close: None, retryable: false;
    /// The conversation has as many members as it may have, or the user as many conversations.
    ConversationFull = "conversation_full", close: None, retryable: false;
    /// No such user, where only known ones may be named.
    UserUnknown = "user_unknown", close: None, retryable: false;
    /// No such broadcast, or it was deleted.
    BroadcastUnknown = "broadcast_unknown", close: None, retryable: false;
    /// Somebody else changed it meanwhile: load it again, and decide anew.
    RevisionConflict = "revision_conflict", close: None, retryable: false;
    /// Not in the state that it is in now.
    StateForbidden = "state_forbidden", close: None, retryable: false;
    /// The business server's check refused the message; the text says why.
    Rejected = "rejected", close: None, retryable: false;
    /// No method of this name.
    MethodUnknown = "method_unknown", close: None, retryable: false;
    /// The fresh token is of another user or app than the session.
    TokenMismatch = "token_mismatch", close: None, retryable: false;
}

impl ErrorCode {
    /// The code that a WebSocket close code stands for.
    #[must_use]
    pub fn from_close_code(close: u16) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.close_code() == Some(close))
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a device cannot go on from its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// The numbering is another one: the relay's data was restored from a backup.
    EpochChanged,
    /// Entries after the cursor have aged out.
    BelowFloor,
    /// The cursor is beyond the newest entry: it is of another numbering.
    AheadOfHead,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KickReason {
    /// The same device connected again.
    Replaced,
    /// Another device of the user connected, and the app's policy allows no more.
    DevicePolicy,
    /// The user, on another device, or the app's server ended it.
    SessionEnded,
}
