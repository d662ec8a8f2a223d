//! Stored messages that the apps' servers are to be told of: written in the commit that
//! stores the message, so that none is forgotten, whatever crashes.

use seqline_protocol::{AppId, Message, UserId};

/// A backend's own number of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookId(pub i64);

/// A message to tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The backend's number.
    pub id: HookId,
    /// Which app's server.
    pub app: AppId,
    /// The message as it reads now.
    pub message: Message,
    /// Who has it in the own timeline, the sender left out; empty for a crowd.
    pub recipients: Vec<UserId>,
    /// How often it was tried.
    pub attempts: u32,
}
