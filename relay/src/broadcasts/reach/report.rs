//! All nodes' sketches, merged.

use std::collections::BTreeMap;

use datasketches::hll::HllUnion;
use seqline_protocol::{AppId, BroadcastId, Micros};
use serde::Serialize;

use super::{
    Deed, Reach,
    row::{self, Part},
    tracked::{HOUR_LG_K, HOUR_US, TOTAL_LG_K},
};
use crate::{
    limits::REACH_HOURS_KEPT,
    store::{BroadcastStore, ReachRow, StoreError},
};

/// How far a broadcast reached.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ReachReport {
    /// Distinct users who were handed it, on any device.
    pub handed: u64,
    /// Distinct users who opened it.
    pub opened: u64,
    /// Standard error of the two, as a part of one: 0.016 means that two times of three they
    /// are within 1.6 percent. Up to a few hundred users they are exact.
    pub error: f64,
    /// Standard error of the counts of hours.
    pub hours_error: f64,
    /// By hour and host, of the last seven days, those with anyone in them; by hour, then host.
    pub hours: Vec<ReachHour>,
}

/// Users of one hour on one host. A user counts in each hour and on each host anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReachHour {
    /// When the hour begins, in microseconds since 1970.
    pub hour_us: Micros,
    /// As the devices name it; `other` for all beyond the first few.
    pub host: String,
    /// Distinct users who were handed it.
    pub handed: u64,
    /// Distinct users who opened it.
    pub opened: u64,
}

impl Reach {
    /// How far a broadcast reached, over all nodes: what they wrote, and what this one has
    /// counted since.
    ///
    /// # Errors
    /// The store's.
    pub async fn report(
        &self,
        store: &dyn BroadcastStore,
        app: &AppId,
        id: BroadcastId,
        now: Micros,
    ) -> Result<ReachReport, StoreError> {
        let mut rows = store.reach(app, id).await?;
        rows.extend(self.held(id));
        Ok(merge(&rows, now))
    }
}

pub(super) fn merge(rows: &[ReachRow], now: Micros) -> ReachReport {
    let mut totals = BTreeMap::new();
    let mut hours = BTreeMap::new();
    let oldest = (now.get() / HOUR_US + 1).saturating_sub(REACH_HOURS_KEPT);
    for row in rows {
        let Some(part) = Part::of_key(&row.key) else {
            continue;
        };
        let Some((hour, sketch)) = row::read(&row.sketch) else {
            let ReachRow { broadcast, key, .. } = row;
            tracing::warn!(%broadcast, %key, "a sketch of reach cannot be read, and is left out");
            continue;
        };
        let union = match part {
            Part::Total(deed) => totals.entry(deed).or_insert_with(|| union(TOTAL_LG_K)),
            Part::Hour { deed, host, .. } if hour >= oldest => hours
                .entry((hour, host))
                .or_insert_with(BTreeMap::new)
                .entry(deed)
                .or_insert_with(|| union(HOUR_LG_K)),
            Part::Hour { .. } => continue,
        };
        union.update(&sketch);
    }
    let hours = hours.into_iter().map(|((hour, host), deeds)| ReachHour {
        hour_us: Micros::saturating(hour * HOUR_US),
        host,
        handed: estimate(&deeds, Deed::Handed),
        opened: estimate(&deeds, Deed::Opened),
    });
    ReachReport {
        handed: estimate(&totals, Deed::Handed),
        opened: estimate(&totals, Deed::Opened),
        error: standard_error(TOTAL_LG_K),
        hours_error: standard_error(HOUR_LG_K),
        hours: hours.collect(),
    }
}

fn union(lg_k: u8) -> HllUnion {
    HllUnion::new(lg_k).expect("a size from 4 to 21")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of users, rounded"
)]
fn estimate(unions: &BTreeMap<Deed, HllUnion>, deed: Deed) -> u64 {
    let union = unions.get(&deed);
    // By the registers alone, so that it stays the same however users came to be spread over
    // nodes; the other estimator knows in which order they came, until sketches are merged.
    union.map_or(0, |union| union.composite_estimate().round() as u64)
}

/// Of HyperLogLog after a merge: 1.04 / √k.
pub(super) fn standard_error(lg_k: u8) -> f64 {
    1.04 / f64::from(1_u32 << lg_k).sqrt()
}
