//! How many there are, in all and of each address.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts what holds a [`Place`], within bounds.
#[derive(Debug)]
pub struct Tally {
    total_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// Counts until it is dropped.
#[derive(Debug)]
pub struct Place {
    tally: Arc<Tally>,
    address: Option<IpAddr>,
}

impl Tally {
    /// None yet.
    #[must_use]
    pub fn new(total_max: usize, each_max: usize) -> Self {
        Self {
            total_max,
            each_max,
            taken: Mutex::default(),
        }
    }

    /// One more, of an address if that is counted. None if there is no room.
    #[must_use]
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.total >= self.total_max {
            return None;
        }
        if let Some(address) = address {
            let count = taken.by_address.entry(address).or_default();
            if *count >= self.each_max {
                return None;
            }
            *count += 1;
        }
        taken.total += 1;
        Some(Place {
            tally: Arc::clone(self),
            address,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken().total
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counts are right after every statement that can panic.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.tally.taken();
        taken.total -= 1;
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_room_for_others_and_places_are_given_back() {
        let tally = Arc::new(Tally::new(4, 2));
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let enter = |address| tally.enter(Some(address));
        let places: Vec<_> = [one, one].map(enter).into_iter().flatten().collect();
        assert_eq!(places.len(), 2);
        assert!(enter(one).is_none(), "its third");
        let third = enter(other).unwrap();
        let uncounted = tally.enter(None).unwrap();
        assert!(enter(other).is_none(), "full");
        assert!(tally.enter(None).is_none(), "full");
        drop((places, uncounted));
        assert_eq!(tally.len(), 1);
        assert!(enter(one).is_some());
        drop(third);
        assert!(tally.is_empty());
        assert_eq!(tally.taken().by_address.len(), 0, "nothing is kept");
    }
}
