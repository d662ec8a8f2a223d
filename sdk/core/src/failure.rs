//! Why something that the app asked for did not happen.

use seqline_protocol::ErrorCode;
use serde::{Serialize, Serializer};

/// What failed, in a word for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// For programs.
    #[serde(serialize_with = "as_text")]
    pub code: FailureCode,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// Whether the same thing, tried again later, may succeed.
    pub retryable: bool,
}

/// The relay's codes, and the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The relay refused.
    Relay(ErrorCode),
    /// The outbox is full.
    OutboxFull,
    /// Too many requests wait for an answer.
    TooManyRequests,
    /// No answer in time.
    Timeout,
    /// This needs a connection, and there is none.
    NotConnected,
    /// The connection was lost before the answer came: it may have taken effect, or not.
    ConnectionLost,
    /// `disconnect` or `dispose` came first.
    Disconnected,
    /// This id is in the outbox already.
    IdInUse,
    /// No failed message has this id.
    NotFailed,
    /// The app could not give a token.
    TokenUnavailable,
    /// The store failed; what was kept before is unharmed.
    StorageFailed,
    /// The store holds something that cannot be read; it was left out.
    StorageCorrupt,
    /// The store belongs to another user than the token.
    StorageOfAnotherUser,
    /// A handler of the app failed again and again; the event was passed over.
    HandlerFailed,
    /// The relay sent something that is not of the protocol.
    ProtocolViolation,
}

impl FailureCode {
    /// The name in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relay(code) => code.as_str(),
            Self::OutboxFull => "outbox_full",
            Self::TooManyRequests => "too_many_requests",
            Self::Timeout => "timeout",
            Self::NotConnected => "not_connected",
            Self::ConnectionLost => "connection_lost",
            Self::Disconnected => "disconnected",
            Self::IdInUse => "id_in_use",
            Self::NotFailed => "not_failed",
            Self::TokenUnavailable => "token_unavailable",
            Self::StorageFailed => "storage_failed",
            Self::StorageCorrupt => "storage_corrupt",
            Self::StorageOfAnotherUser => "storage_of_another_user",
            Self::HandlerFailed => "handler_failed",
            Self::ProtocolViolation => "protocol_violation",
        }
    }

    const fn is_retryable(self) -> bool {
        match self {
            Self::Relay(code) => code.is_retryable(),
            Self::OutboxFull
            | Self::TooManyRequests
            | Self::Timeout
            | Self::NotConnected
            | Self::ConnectionLost
            | Self::Disconnected
            | Self::TokenUnavailable
            | Self::StorageFailed => true,
            Self::IdInUse
            | Self::NotFailed
            | Self::StorageCorrupt
            | Self::StorageOfAnotherUser
            | Self::HandlerFailed
            | Self::ProtocolViolation => false,
        }
    }
}

impl std::fmt::Display for FailureCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Failure {
    pub(crate) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: code.is_retryable(),
        }
    }
}

fn as_text<S: Serializer>(code: &FailureCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.as_str())
}
