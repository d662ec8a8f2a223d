//! Asks an app's server about each message before it is stored.

mod http;

use serde::Deserialize;

pub use self::http::HttpCheck;
use crate::{callout::Endpoint, store::Send};

/// The business server's check, where one is configured.
pub trait Check: std::marker::Send + Sync {
    /// Whether this message is checked.
    fn is_on_for(&self, send: &Send) -> bool;

    /// Asks. Gives the message back as it is to be stored (its digest stays that of what the
    /// sender gave), or why it is not. Takes no longer than the configured time; what it
    /// answers when the server does not is configured too.
    fn ask(&self, send: Send) -> futures_util::future::BoxFuture<'_, Result<Send, Rejected>>;
}

/// The app's server does not want this message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// For people: its reason.
    pub reason: String,
    /// Whether trying again may succeed: the server could not be asked.
    pub is_retryable: bool,
}

/// How an app's server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRules {
    /// Where.
    pub endpoint: Endpoint,
    /// How long its answer is waited for, in milliseconds.
    pub timeout_ms: u64,
    /// What holds if there is none, or none that can be understood.
    pub default: CheckDefault,
}

/// What holds if an app's server does not say whether it wants a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckDefault {
    /// The message is stored as it is.
    Accept,
    /// It is refused, and may be sent again.
    #[default]
    Refuse,
}
