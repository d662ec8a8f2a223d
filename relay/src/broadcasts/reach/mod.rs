//! How far broadcasts reached: how many distinct users were handed each one, and how many
//! opened it; in all, and by hour and host.
//!
//! Counted in HyperLogLog sketches, which have a fixed size whatever the number of users, and
//! which merge: a user counts once, whichever node, device or hour it was. So nodes need not
//! know of each other. Each writes its own sketches every now and then, under a name of its
//! own, and whoever asks merges them all. A node that is started again has another name: what
//! it wrote before still counts, and cannot be written over by a sketch that begins anew.

mod flush;
mod recent;
mod report;
mod row;
mod tracked;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use datasketches::hll::Coupon;
use seqline_protocol::{BroadcastId, Micros, UserId};

pub use self::{
    flush::{ReachFlush, ReachSource},
    report::{ReachHour, ReachReport},
};
use self::{
    recent::Recent,
    row::Part,
    tracked::{HOUR_US, Tracked},
};
use crate::{
    broadcasts::{Viewer, Witness},
    entropy::Entropy,
    limits::{REACH_BROADCASTS_MAX, REACH_HOURLY_MAX},
    store::ReachRow,
};

/// What became of a broadcast with a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Deed {
    Handed,
    Opened,
}

/// The counts of one relay. Cheap to call from every pull: a user who was just counted costs a
/// hash, another one a lock that is held for two updates.
pub struct Reach {
    node: String,
    recent: Recent,
    tracked: RwLock<BTreeMap<BroadcastId, Arc<Mutex<Tracked>>>>,
    /// Distinguishes what was written of a broadcast before it was let go and after it came back.
    generations: AtomicU64,
    hourly: AtomicUsize,
    has_warned: AtomicBool,
}

impl Reach {
    /// Nothing counted yet, under a new name.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self {
            node: format!("{:016x}", entropy.number()),
            recent: Recent::default(),
            tracked: RwLock::default(),
            generations: AtomicU64::default(),
            hourly: AtomicUsize::default(),
            has_warned: AtomicBool::default(),
        }
    }

    /// What its sketches are stored under: another name each time that a relay starts.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// A user was handed a broadcast, on a host as `hello` names it.
    pub fn handed(&self, user: &UserId, host: &str, id: BroadcastId, now: Micros) {
        self.count(Deed::Handed, user, host, id, now);
    }

    /// A user opened a broadcast. There must be one of this id: ids come from devices.
    pub fn opened(&self, user: &UserId, host: &str, id: BroadcastId, now: Micros) {
        self.count(Deed::Opened, user, host, id, now);
    }

    fn count(&self, deed: Deed, user: &UserId, host: &str, id: BroadcastId, now: Micros) {
        let hour = now.get() / HOUR_US;
        if self.recent.was_just_seen(&(deed, user, host, id, hour)) {
            return;
        }
        let coupon = Coupon::from_value(user.as_str());
        let known = self.read().get(&id).cloned();
        let Some(tracked) = known.or_else(|| self.track(id)) else {
            return;
        };
        let mut tracked = lock(&tracked);
        let may_add = self.hourly.load(Ordering::Relaxed) < REACH_HOURLY_MAX;
        if tracked.count(deed, coupon, host, hour, may_add) {
            self.hourly.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Begins to count a broadcast; none if there is no room.
    fn track(&self, id: BroadcastId) -> Option<Arc<Mutex<Tracked>>> {
        let mut all = self.tracked.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&id) {
            return Some(Arc::clone(known));
        }
        if all.len() >= REACH_BROADCASTS_MAX {
            if !self.has_warned.swap(true, Ordering::Relaxed) {
                tracing::warn!("reach of further broadcasts is not counted until some is written");
            }
            return None;
        }
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let tracked = Tracked::new(format!("{}.{generation}", self.node));
        let tracked = Arc::new(Mutex::new(tracked));
        all.insert(id, Arc::clone(&tracked));
        Some(tracked)
    }

    /// Sketches that changed since they were last taken, at most so many.
    fn take_changed(&self, max: usize) -> Vec<ReachRow> {
        let mut rows = Vec::new();
        for (id, tracked) in self.all() {
            if rows.len() < max {
                lock(&tracked).take_changed(id, max - rows.len(), &mut rows);
            }
        }
        rows
    }

    /// Sketches that were taken could not be written: they count as changed.
    fn give_back(&self, rows: &[ReachRow]) {
        for row in rows {
            if let (Some(tracked), Some(part)) =
                (self.read().get(&row.broadcast), Part::of_key(&row.key))
            {
                lock(tracked).give_back(&part);
            }
        }
    }

    /// Lets go of what is written and over, or was not touched for longest.
    fn let_go(&self, now: Micros) {
        // The one before is kept too: a count that began before the hour was over would else
        // begin it anew, and be written over it.
        let hour = (now.get() / HOUR_US).saturating_sub(1);
        let mut idle = Vec::new();
        for (id, tracked) in self.all() {
            let mut tracked = lock(&tracked);
            let gone = tracked.drop_hours_before(hour);
            self.hourly.fetch_sub(gone, Ordering::Relaxed);
            if !tracked.has_changed() {
                idle.push((tracked.touched(), id));
            }
        }
        idle.sort_unstable();
        let mut all = self.tracked.write().unwrap_or_else(PoisonError::into_inner);
        let surplus = all.len().saturating_sub(REACH_BROADCASTS_MAX * 3 / 4);
        for (_, id) in idle.into_iter().take(surplus) {
            // Another thread may hold it, or have counted since.
            let is_idle =
                |one: &Arc<Mutex<Tracked>>| Arc::strong_count(one) == 1 && !lock(one).has_changed();
            if all.get(&id).is_some_and(is_idle)
                && let Some(gone) = all.remove(&id)
            {
                let hours = lock(&gone).hours();
                self.hourly.fetch_sub(hours, Ordering::Relaxed);
            }
        }
        self.has_warned.store(false, Ordering::Relaxed);
    }

    /// The sketches of a broadcast that this relay holds, written or not.
    fn held(&self, id: BroadcastId) -> Vec<ReachRow> {
        let tracked = self.read().get(&id).cloned();
        tracked.map_or_else(Vec::new, |tracked| lock(&tracked).rows(id))
    }

    fn all(&self) -> Vec<(BroadcastId, Arc<Mutex<Tracked>>)> {
        let all = self.read();
        all.iter().map(|(id, one)| (*id, Arc::clone(one))).collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<BroadcastId, Arc<Mutex<Tracked>>>> {
        self.tracked.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Reach {
    fn pulled(&self, viewer: &Viewer, handed: &[BroadcastId], now: Micros) {
        for id in handed {
            self.handed(&viewer.account().user, viewer.host().as_str(), *id, now);
        }
    }
}

/// A sketch is whole after every update, so a panic elsewhere changes nothing.
fn lock(tracked: &Mutex<Tracked>) -> MutexGuard<'_, Tracked> {
    tracked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
