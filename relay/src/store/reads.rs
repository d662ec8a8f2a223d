//! What is read.

use std::sync::Arc;

use seqline_protocol::{ConvId, ConvSeq, Conversation, Entry, Epoch, Message, Micros, Seq};

use crate::account::Account;

/// Where a timeline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The numbering.
    pub epoch: Epoch,
    /// The newest seq; zero if there is none.
    pub head: Seq,
    /// The oldest seq that is still kept.
    pub floor: Seq,
    /// Up to here some device took everything.
    pub delivered: Seq,
}

/// Asks for entries of a timeline.
#[derive(Debug, Clone)]
pub struct PageQuery {
    /// Whose.
    pub account: Arc<Account>,
    /// Entries after this one.
    pub after: Seq,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one entry at least.
    pub bytes_max: usize,
    /// Messages that have expired by now are handed out without their body.
    pub now: Micros,
}

/// Entries of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Contiguous, the first one right after `after`.
    pub entries: Vec<Entry>,
    /// The newest seq at the time of reading.
    pub head: Seq,
    /// The oldest seq that is still kept.
    pub floor: Seq,
}

/// Asks for messages of a conversation.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// Who asks.
    pub account: Arc<Account>,
    /// Which conversation.
    pub conv: ConvId,
    /// From where, and which way.
    pub range: HistoryRange,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one message at least.
    pub bytes_max: usize,
    /// Messages that have expired by now are left out.
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
}

/// Messages of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub more: bool,
}

/// Asks for an account's conversations.
#[derive(Debug, Clone)]
pub struct ConversationsQuery {
    /// Whose.
    pub account: Arc<Account>,
    /// After the last one of the page before.
    pub after: Option<ConvPage>,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one conversation at least.
    pub bytes_max: usize,
    /// A last message that has expired by now is left out.
    pub now: Micros,
}

/// Where a page of conversations ends. Its text form is opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvPage {
    /// When the last conversation of the page was active.
    pub active: Micros,
    /// The backend's own key of it, to tell apart what was active at the same time.
    pub key: u64,
}

impl ConvPage {
    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (active, key) = text.split_once('-')?;
        Some(Self {
            active: Micros::new(active.parse().ok()?).ok()?,
            key: key.parse().ok()?,
        })
    }
}

impl std::fmt::Display for ConvPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.active, self.key)
    }
}

/// An account's conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversations {
    /// Most recently active first.
    pub rows: Vec<Conversation>,
    /// Where the next page goes on; none on the last one.
    pub next: Option<ConvPage>,
}
