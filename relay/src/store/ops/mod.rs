//! What is written, and what comes of it.

mod broadcasts;
mod devices;
mod groups;
mod marks;
mod messages;
mod outcome;

use std::sync::Arc;

use seqline_protocol::{AppId, UserId};

pub use self::{
    broadcasts::Seen,
    devices::{Device, Disconnected, EndDevice, EndSessions, FromSession, Presence, SessionNumber},
    groups::{GroupAction, GroupCommand, GroupEdit},
    marks::{Clear, Delivered, Read},
    messages::{Delete, Digest, Edit, Recall, Send},
    outcome::{Commit, Done, GroupDone, OpResult, Refusal, Sent, Timeline, TimelineAppend},
};
use crate::account::Account;

/// One thing to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A message.
    Send(Send),
    /// A device of this account took all entries up to a seq.
    Delivered(Delivered),
    /// This account has read a conversation.
    Read(Read),
    /// A message is taken back.
    Recall(Recall),
    /// A message is to read differently.
    Edit(Edit),
    /// A user no longer wants to see a message.
    Delete(Delete),
    /// A user no longer wants to see a conversation, until something new comes.
    Clear(Clear),
    /// A group or channel is made, changed, joined, left.
    Group(GroupCommand),
    /// A device has connected. Makes its user known.
    Connected(Device),
    /// A device's connection has ended.
    Disconnected(Disconnected),
    /// A device is forgotten.
    EndDevice(EndDevice),
    /// Sessions are over. For databases that several relays share.
    EndSessions(EndSessions),
    /// Makes a user known, without any device.
    Register(Arc<Account>),
    /// Whether others may see when this user is online.
    Presence(Presence),
    /// A user has seen something of the public mailbox.
    Seen(Seen),
}

impl Op {
    /// Whether what its session submits after it must not be stored without it. What is noted
    /// on the side is noted again with the next connection, if not before.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        !matches!(
            self,
            Self::Connected(_) | Self::Disconnected(_) | Self::Delivered(_)
        )
    }

    /// Whose devices come or go by it, or who shares that or no longer.
    #[must_use]
    pub fn attended(&self) -> Option<&Arc<Account>> {
        match self {
            Self::Connected(device) => Some(&device.account),
            Self::Disconnected(device) => Some(&device.account),
            Self::EndSessions(ended) => Some(&ended.account),
            Self::Presence(presence) => Some(&presence.account),
            _ => None,
        }
    }

    /// What it adds to the bytes of its batch.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        match self {
            Self::Send(send) => send.body.len(),
            Self::Edit(edit) => edit.body.len(),
            _ => 0,
        }
    }
}

/// Who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user, who may do what her role allows.
    User(Arc<Account>),
    /// The app's server, which may do anything within the app, without being a member.
    Server(AppId),
}

impl Actor {
    /// Whose data it is about.
    #[must_use]
    pub fn app(&self) -> &AppId {
        match self {
            Self::User(account) => &account.app,
            Self::Server(app) => app,
        }
    }

    /// The user, unless it is the server.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(account) => Some(&account.user),
            Self::Server(_) => None,
        }
    }
}
