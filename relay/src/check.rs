//! Asks an app's server about each message before it is stored.

use crate::store::Send;

/// The business server's check, where one is configured.
pub trait Check: std::marker::Send + Sync {
    /// Whether messages of this app are checked.
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
