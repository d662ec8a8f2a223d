//! Counters of a session, for inspectors and bug reports.

use seqline_protocol::Seq;
use serde::Serialize;

use crate::input::NetworkKind;

/// What happened since the session was made; and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Smoothed round-trip time in milliseconds; absent until measured.
    pub rtt_ms: Option<u64>,
    /// The current heartbeat interval in milliseconds; 0 until the first `welcome`.
    pub heartbeat_ms: u64,
    /// The longest silence, in milliseconds, that the present kind of network is known to
    /// survive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_good_ms: Option<u64>,
    /// The shortest one that it is known not to survive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_bad_ms: Option<u64>,
    /// The kind of network that the host told of.
    pub network: NetworkKind,
    /// Sessions opened (a `welcome` came).
    pub connects: u64,
    /// Connections lost after their `welcome`, other than by `disconnect`.
    pub losses: u64,
    /// Messages written again because no `sent` came in time or the connection was lost.
    pub retransmissions: u64,
    /// Entries that came again and were dropped.
    pub duplicates_dropped: u64,
    /// Holes noticed in what was pushed, and filled by a pull.
    pub gaps_healed: u64,
    /// Times the timeline could not be continued.
    pub resets: u64,
    /// The last seq that the app has taken.
    pub cursor: Seq,
    /// The newest seq that the relay told of.
    pub head: Seq,
    /// Messages in the outbox, failed ones included.
    pub outbox: usize,
    /// Entries waiting for the app.
    pub inbox: usize,
    /// Large conversations whose own timelines are read.
    pub crowds: usize,
    /// Frames received.
    pub frames_in: u64,
    /// Frames written.
    pub frames_out: u64,
    /// Payload bytes received.
    pub bytes_in: u64,
    /// Payload bytes written.
    pub bytes_out: u64,
}
