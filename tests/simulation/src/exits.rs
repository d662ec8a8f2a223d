//! What comes out of the relay, in the order in which it happens there.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use seqline_protocol::{AppId, ErrorCode, Micros, UserId};
use seqline_relay::{
    frames::Outgoing,
    store::{BroadcastRow, Op, OpResult, TimelineAppend},
};
use tokio::sync::Notify;

use crate::wire::LineId;

/// Something that the world has to know of.
#[derive(Debug)]
pub enum Exit {
    /// A frame went out.
    Frame(LineId, Outgoing),
    /// The relay closed a connection.
    Closed(LineId, ErrorCode),
    /// The relay let go of a connection.
    Dropped(LineId),
    /// The database has done this.
    Committed(Committed),
    /// The database has done what an operator asked for.
    Broadcast(Box<BroadcastRow>),
    /// Who is on the allow-list now.
    Listed(BTreeSet<UserId>),
    /// Entries before this time may be gone.
    Aged(Micros),
    /// A call that the world made was answered.
    Answered(u32, Result<String, ErrorCode>),
    /// The relay dies now, at a commit.
    Crashed {
        /// Whether the database has done it.
        is_done: bool,
    },
}

/// A commit, as it was decided.
#[derive(Debug)]
pub struct Committed {
    /// What was asked for.
    pub ops: Vec<Op>,
    /// What became of each.
    pub results: Vec<OpResult>,
    /// What was added to timelines.
    pub appends: Vec<TimelineAppend>,
    /// By the relay's calendar.
    pub at: Micros,
}

/// A queue of them. It is emptied whenever the relay's time stops, so it stays short.
#[derive(Debug, Default)]
pub struct Exits {
    queue: Mutex<VecDeque<Exit>>,
    filled: Notify,
}

impl Exits {
    /// Adds one, and stops the relay's time.
    pub fn push(&self, exit: Exit) {
        self.queue().push_back(exit);
        self.filled.notify_one();
    }

    /// The first one.
    #[must_use]
    pub fn pop(&self) -> Option<Exit> {
        self.queue().pop_front()
    }

    /// Waits for one.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Exit>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one app that there is.
#[must_use]
pub fn app_id() -> AppId {
    AppId::new("app").expect("a valid id")
}

/// A user's id.
#[must_use]
pub fn user_id(number: u8) -> UserId {
    UserId::new(format!("u{number}")).expect("a valid id")
}
