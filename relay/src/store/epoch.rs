//! A new numbering of the timelines: for a database that was restored, and is an earlier state than
//! what devices have seen.

use seqline_protocol::Epoch;

/// A new numbering was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEpoch {
    /// The new one.
    pub epoch: Epoch,
    /// Whether an index for searches was removed because it knew of messages that there are not.
    pub removed_index: bool,
}
