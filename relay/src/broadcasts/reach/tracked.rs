//! The sketches of one broadcast.

use std::collections::{BTreeMap, BTreeSet};

use datasketches::hll::{Coupon, HllSketch, HllType};
use seqline_protocol::BroadcastId;

use super::{
    Deed,
    row::{self, Part},
};
use crate::{limits::REACH_HOSTS_MAX, store::ReachRow};

/// An hour, in microseconds.
pub(super) const HOUR_US: u64 = 3600 * 1_000_000;

/// Registers of a total, as a power of two: 4 KiB once there are more than a few hundred users.
pub(super) const TOTAL_LG_K: u8 = 12;

/// The same of an hour and host: 1 KiB.
pub(super) const HOUR_LG_K: u8 = 10;

/// What hosts beyond the first ones are counted as.
const OTHER: &str = "other";

/// What this relay counted of one broadcast.
pub(super) struct Tracked {
    /// Under which it is stored.
    node: String,
    /// With the hour that each is of: zero for totals.
    sketches: BTreeMap<Part, Counted>,
    hosts: BTreeSet<String>,
    touched: u64,
}

struct Counted {
    hour: u64,
    sketch: HllSketch,
    has_changed: bool,
}

impl Counted {
    fn new(hour: u64, lg_k: u8) -> Self {
        Self {
            hour,
            sketch: HllSketch::new(lg_k, HllType::Hll8).expect("a size from 4 to 21"),
            has_changed: false,
        }
    }

    fn count(&mut self, coupon: Coupon) {
        self.sketch.update_with_coupon(coupon);
        self.has_changed = true;
    }
}

impl Tracked {
    pub(super) fn new(node: String) -> Self {
        Self {
            node,
            sketches: BTreeMap::new(),
            hosts: BTreeSet::new(),
            touched: 0,
        }
    }

    /// Counts a user. True if that took a new sketch of an hour, which it does only if it may.
    pub(super) fn count(
        &mut self,
        deed: Deed,
        coupon: Coupon,
        host: &str,
        hour: u64,
        may_add: bool,
    ) -> bool {
        self.touched = hour;
        self.sketches
            .entry(Part::Total(deed))
            .or_insert_with(|| Counted::new(0, TOTAL_LG_K))
            .count(coupon);
        let part = Part::of_hour(deed, hour, self.host(host));
        let mut is_new = false;
        if let Some(counted) = self.sketches.get_mut(&part)
            // A week ago, and not written since: not worth more than this one.
            && counted.hour == hour
        {
            counted.count(coupon);
        } else if may_add || self.sketches.contains_key(&part) {
            let mut counted = Counted::new(hour, HOUR_LG_K);
            counted.count(coupon);
            is_new = self.sketches.insert(part, counted).is_none();
        }
        is_new
    }

    fn host<'a>(&mut self, host: &'a str) -> &'a str {
        if !self.hosts.contains(host) {
            if self.hosts.len() >= REACH_HOSTS_MAX {
                return OTHER;
            }
            self.hosts.insert(host.to_owned());
        }
        host
    }

    /// In hours since 1970.
    pub(super) fn touched(&self) -> u64 {
        self.touched
    }

    pub(super) fn has_changed(&self) -> bool {
        self.sketches.values().any(|one| one.has_changed)
    }

    /// How many sketches of hours there are.
    pub(super) fn hours(&self) -> usize {
        let parts = self.sketches.keys();
        parts
            .filter(|part| matches!(part, Part::Hour { .. }))
            .count()
    }

    /// Adds at most so many rows of what changed, which no longer counts as changed.
    pub(super) fn take_changed(&mut self, id: BroadcastId, max: usize, rows: &mut Vec<ReachRow>) {
        let changed = self.sketches.iter_mut().filter(|(_, one)| one.has_changed);
        for (part, counted) in changed.take(max) {
            counted.has_changed = false;
            rows.push(made(id, &self.node, part, counted));
        }
    }

    pub(super) fn give_back(&mut self, part: &Part) {
        if let Some(counted) = self.sketches.get_mut(part) {
            counted.has_changed = true;
        }
    }

    /// Drops what is written of hours that are over. How many there were.
    pub(super) fn drop_hours_before(&mut self, hour: u64) -> usize {
        let before = self.sketches.len();
        self.sketches.retain(|part, counted| {
            matches!(part, Part::Total(_)) || counted.has_changed || counted.hour >= hour
        });
        before - self.sketches.len()
    }

    pub(super) fn rows(&self, id: BroadcastId) -> Vec<ReachRow> {
        let sketches = self.sketches.iter();
        sketches
            .map(|(part, counted)| made(id, &self.node, part, counted))
            .collect()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let sketches = self.sketches.values();
        sketches.map(|one| one.sketch.estimated_size()).sum()
    }
}

fn made(id: BroadcastId, node: &str, part: &Part, counted: &Counted) -> ReachRow {
    ReachRow {
        broadcast: id,
        node: node.to_owned(),
        key: part.key(),
        sketch: row::write(counted.hour, &counted.sketch),
    }
}
