//! What is in the database and may not be known here, because another relay wrote it.

use std::sync::Arc;

use seqline_protocol::{AppId, ConvId, DeviceId, KickReason, Seq};

use crate::{account::Account, store::SessionNumber};

/// A session, and what is known to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Whose.
    pub account: Arc<Account>,
    /// Which device's.
    pub device: DeviceId,
    /// Its number, once it has one.
    pub number: Option<SessionNumber>,
    /// The account's sessions were told of its timeline up to here.
    pub told: Seq,
}

/// A large conversation whose members are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptCrowd {
    /// Of which app.
    pub app: AppId,
    /// Which conversation.
    pub conv: ConvId,
    /// They were told of its timeline up to here.
    pub told: Seq,
}

/// What there is beyond that. Those of whom there is nothing are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Of sessions.
    pub sessions: Vec<SessionNews>,
    /// Of large conversations: their places in what was asked, and their newest entries.
    pub crowds: Vec<(usize, Seq)>,
}

/// What is new for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionNews {
    /// Its place in what was asked.
    pub at: usize,
    /// The newest entry of its user's timeline.
    pub head: Seq,
    /// Whether she belongs to large conversations.
    pub has_crowds: bool,
    /// Why it is over, if it is: sessions before this number are.
    pub over: Option<(KickReason, SessionNumber)>,
}
