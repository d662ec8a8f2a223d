//! Who is in one room on other relays, as those say: plain state.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use seqline_protocol::UserId;

use crate::{
    bus::{Counted, NodeId},
    limits::{FLEET_RELAYS_MAX, ROOM_FORGET_MS, ROOM_USERS_NAMED_MAX},
};

#[derive(Default)]
pub(super) struct Others(BTreeMap<NodeId, Other>);

#[derive(Default)]
struct Other {
    counted: Option<Counted>,
    /// The newest number of what it said.
    heard: u64,
    until: Duration,
}

impl Others {
    /// Whether a relay has ever said anything, and not fallen silent since.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.0.contains_key(&node)
    }

    /// A relay tells how many are there. One that comes late is passed over.
    pub(super) fn count(&mut self, node: NodeId, mut counted: Counted, now: Duration) {
        counted.users.truncate(ROOM_USERS_NAMED_MAX);
        if let Some(other) = self.other(node, now)
            && other
                .counted
                .as_ref()
                .is_none_or(|known| known.number < counted.number)
        {
            other.counted = Some(counted);
        }
    }

    /// A comment of this number was said on a relay. False if it was heard before, or a later one.
    pub(super) fn hear(&mut self, node: NodeId, number: u64, now: Duration) -> bool {
        let Some(other) = self.other(node, now) else {
            return false;
        };
        let is_new = other.heard < number;
        other.heard = other.heard.max(number);
        is_new
    }

    /// Relays that are there no longer.
    pub(super) fn leave(&mut self, nodes: &[NodeId]) {
        self.0.retain(|node, _| !nodes.contains(node));
    }

    /// Those that have said nothing for too long are there no longer.
    pub(super) fn expire(&mut self, now: Duration) {
        self.0.retain(|_, other| other.until > now);
    }

    /// How many users are there who are not here. Those of relays that name them count once.
    pub(super) fn beside(&self, is_here: impl Fn(&UserId) -> bool) -> usize {
        let counts = self.0.values().filter_map(|other| other.counted.as_ref());
        let mut named = BTreeSet::new();
        let mut unnamed = 0_usize;
        for counted in counts {
            if counted.users.is_empty() {
                unnamed = unnamed.saturating_add(counted.online as usize);
            } else {
                named.extend(counted.users.iter().filter(|user| !is_here(user)));
            }
        }
        unnamed.saturating_add(named.len())
    }

    /// How many relays with a lower name than this have someone in the room, one left out.
    pub(super) fn before(&self, node: NodeId, except: NodeId) -> usize {
        let lower = self.0.range(..node);
        let has_users = |other: &Other| other.counted.as_ref().is_some_and(|one| one.online > 0);
        lower
            .filter(|(one, other)| **one != except && has_users(other))
            .count()
    }

    fn other(&mut self, node: NodeId, now: Duration) -> Option<&mut Other> {
        if self.0.len() >= FLEET_RELAYS_MAX && !self.0.contains_key(&node) {
            return None;
        }
        let other = self.0.entry(node).or_default();
        other.until = now + Duration::from_millis(ROOM_FORGET_MS);
        Some(other)
    }
}
