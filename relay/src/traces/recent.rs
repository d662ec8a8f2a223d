//! The traces of messages for what is done of them later.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use seqline_protocol::MsgId;

use super::{Told, TraceParent};
use crate::limits::TRACES_KNOWN_MAX;

/// The last messages that were traced.
#[derive(Debug, Default)]
pub struct Recent(Mutex<VecDeque<(MsgId, TraceParent)>>);

impl Recent {
    /// These, too. The oldest ones are forgotten.
    pub fn add(&self, told: &Told) {
        if told.is_empty() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(told.messages());
        let over = known.len().saturating_sub(TRACES_KNOWN_MAX);
        known.drain(..over);
    }

    /// Where a message's trace goes on.
    #[must_use]
    pub fn of(&self, message: MsgId) -> Option<TraceParent> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().rev().find(|(one, _)| *one == message);
        found.map(|(_, parent)| *parent)
    }
}
