//! How far users have come.

use std::sync::Arc;

use seqline_protocol::{ConvId, ConvSeq, Seq};

use crate::account::Account;

/// A device's app has taken the entries of its timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Whose timeline.
    pub account: Arc<Account>,
    /// Up to here; clipped to the head.
    pub cursor: Seq,
}

/// A user has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Who.
    pub account: Arc<Account>,
    /// Which conversation.
    pub conv: ConvId,
    /// Up to here; clipped to the newest message.
    pub conv_seq: ConvSeq,
}

/// A user takes a conversation off the own list, with all its messages up to now. It comes
/// back with the next message. Others keep everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clear {
    /// Who.
    pub account: Arc<Account>,
    /// Which conversation.
    pub conv: ConvId,
}
