//! Messages of conversations.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvId, ConvSeq, Kind, Message, Micros, UserId};

use crate::{account::Account, store::Actor};

/// Asks for messages of a conversation.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// Who asks. A member sees what came since she joined and what she has not deleted;
    /// the app's server everything that was not taken back.
    pub actor: Actor,
    /// Which conversation.
    pub conv: ConvId,
    /// From where, and which way.
    pub range: HistoryRange,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one message at least.
    pub bytes_max: usize,
    /// Messages that have expired by now are left out, as those replaced.
    pub now: Micros,
}

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRange {
    /// The newest ones.
    Newest,
    /// The newest ones before this one (and after the other, if given).
    Before(ConvSeq, Option<ConvSeq>),
    /// The oldest ones after this one.
    After(ConvSeq),
    /// The oldest ones stored at this time or later.
    Since(Micros),
    /// The newest ones stored before this time.
    Until(Micros),
}

/// Messages of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub more: bool,
    /// How far the asking user has read; zero for the server.
    pub read: ConvSeq,
}

/// Asks for messages of an account that contain words.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// Whose.
    pub account: Arc<Account>,
    /// Words that must all occur, in any script; the last one may be the beginning of one.
    /// Operators of search languages are plain text here.
    pub text: String,
    /// In this conversation only.
    pub conv: Option<ConvId>,
    /// Of this sender only.
    pub sender: Option<UserId>,
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// Stored at this time or later.
    pub since: Option<Micros>,
    /// Stored before this time.
    pub until: Option<Micros>,
    /// After the last one of the page before: its `msg_id`.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// Messages that have expired by now are left out.
    pub now: Micros,
}

/// Messages that contain what was searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub messages: Vec<Message>,
    /// Goes on from here (`before`); none on the last page.
    pub next: Option<u64>,
}

/// Where a message is that was sent under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentAs {
    /// The id that its sender gave it.
    pub client_msg_id: ClientMsgId,
    /// The conversation that it went to.
    pub conv: ConvId,
    /// Its position there.
    pub conv_seq: ConvSeq,
}
