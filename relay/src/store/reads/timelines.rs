//! Where timelines stand, and pages of them.

use std::sync::Arc;

use seqline_protocol::{Crowd, Entry, Epoch, Micros, Seq};

use crate::{account::Account, store::Timeline};

/// Where a user's timeline stands, and what a session is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The numbering.
    pub epoch: Epoch,
    /// The newest seq; zero if there is none.
    pub head: Seq,
    /// The oldest seq that is still kept.
    pub floor: Seq,
    /// Up to here some device took everything.
    pub delivered: Seq,
    /// The user's crowds, by conversation id. At most
    /// [`CROWDS_PER_USER_MAX`](seqline_protocol::limits::CROWDS_PER_USER_MAX).
    pub crowds: Vec<Crowd>,
}

/// Asks for entries of a timeline.
#[derive(Debug, Clone)]
pub struct PageQuery {
    /// Who asks. A crowd's timeline is for its members; others find it empty.
    pub account: Arc<Account>,
    /// Whose timeline: the account's own, or that of a crowd.
    pub timeline: Timeline,
    /// From where, and which way.
    pub range: PageRange,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one entry at least.
    pub bytes_max: usize,
    /// Messages that have expired by now are handed out without their body.
    pub now: Micros,
}

/// Which entries of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageRange {
    /// The oldest ones after this one.
    After(Seq),
    /// The newest ones before this one.
    Before(Seq),
    /// The oldest ones written at this time or later.
    Since(Micros),
    /// The newest ones written before this time.
    Until(Micros),
}

/// Entries of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Contiguous, by seq, ascending. Messages as they read now; one that the asker has
    /// deleted is a `delete` in its own place.
    pub entries: Vec<Entry>,
    /// The newest seq at the time of reading.
    pub head: Seq,
    /// The oldest seq that is still kept; of a crowd's timeline, and that the asker may see:
    /// nothing of before she joined.
    pub floor: Seq,
}
