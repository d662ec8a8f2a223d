//! One connection between a device and the relay: frames of each way arrive in order, or not
//! at all.

use std::sync::Arc;

use bytes::Bytes;
use seqline_core::ConnId;
use seqline_protocol::Encoding;

use super::device::ProcessId;
use crate::{
    plan::Way,
    wire::{Line, LineId},
};

/// Which connection, of all that there ever were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub(super) usize);

/// A connection.
pub(super) struct Link {
    pub(super) process: ProcessId,
    pub(super) conn: ConnId,
    pub(super) rng: fastrand::Rng,
    /// The relay's end, once it has taken the connection in.
    pub(super) line: Option<(LineId, Arc<Line>)>,
    pub(super) up: Lane,
    pub(super) down: Lane,
    /// Nothing moves before.
    pub(super) stalled_until_ms: u64,
    /// The device reads a frame in so long.
    pub(super) frame_ms: u64,
    /// It was stalled, or read slowly: what the relay says last may never leave it.
    pub(super) was_slow: bool,
    pub(super) cut: Option<Cut>,
    /// What waits for the end of a cut, in order.
    pub(super) late: Vec<UpFrame>,
    /// The device let go of it, or knows that it has ended.
    pub(super) is_left_by_device: bool,
    /// The relay has told the device that it is over, and waits for its answer.
    pub(super) is_closed_by_relay: bool,
    /// The relay let go of it, or knows.
    pub(super) is_left_by_relay: bool,
}

/// One way of a connection.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// When the last frame arrives.
    pub(super) last_ms: u64,
    /// How many have arrived.
    pub(super) arrived: u64,
    /// Frames vanish.
    pub(super) vanishes: bool,
    /// The connection is cut after so many more; what is on its way up then comes so much
    /// later, or never.
    pub(super) cut_after: Option<(u8, Option<u64>)>,
}

/// When and how a connection was cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// When what was on its way up arrives; never, if absent.
    pub(super) late_at_ms: Option<u64>,
}

/// A frame on its way up.
pub(super) type UpFrame = (Encoding, Bytes);

impl Link {
    pub(super) fn new(process: ProcessId, conn: ConnId, seed: u64) -> Self {
        Self {
            process,
            conn,
            rng: fastrand::Rng::with_seed(seed),
            line: None,
            up: Lane::default(),
            down: Lane::default(),
            stalled_until_ms: 0,
            frame_ms: 0,
            was_slow: false,
            cut: None,
            late: Vec::new(),
            is_left_by_device: false,
            is_closed_by_relay: false,
            is_left_by_relay: false,
        }
    }

    pub(super) fn lane(&mut self, way: Way) -> &mut Lane {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    /// When a frame that is sent now arrives.
    pub(super) fn arrives_at_ms(&mut self, way: Way, now_ms: u64, latency_ms: u64) -> u64 {
        let delay_ms = self.rng.u64(1..=latency_ms.max(1));
        let frame_ms = if way == Way::Down { self.frame_ms } else { 0 };
        let stalled_until_ms = self.stalled_until_ms;
        let lane = self.lane(way);
        let earliest_ms = (now_ms + delay_ms).max(stalled_until_ms);
        lane.last_ms = earliest_ms.max(lane.last_ms + frame_ms);
        lane.last_ms
    }
}
