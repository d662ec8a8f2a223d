//! What users have seen of the public mailbox.

use std::sync::Arc;

use seqline_protocol::{BroadcastId, DeviceId};

use crate::account::Account;

/// A device shows broadcasts to its user as new, or its user opened them. Those of other
/// apps, those that nobody was ever shown, and those that are long over are passed over.
///
/// The first device that says so has them as new, also when it says so again; the others do
/// not. At most [`SEEN_MAX`](crate::limits::SEEN_MAX) at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whose.
    pub account: Arc<Account>,
    /// Which.
    pub broadcasts: Vec<BroadcastId>,
    /// On which device; none where it is not known, which is another one each time.
    pub device: Option<DeviceId>,
    /// Whether the user opened them.
    pub opened: bool,
}
