//! A token bucket for each of many.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Rate;
use crate::limits::{BUCKETS_MAX, BUCKETS_SWEEP_MIN};

/// Buckets by key. Those that are full again are forgotten, which changes nothing.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each will be full again.
    full_at: BTreeMap<K, Duration>,
    /// With so many, it is looked which are full.
    sweep_at: usize,
}

impl<K: Ord + Clone> Buckets<K> {
    /// All full.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            state: Mutex::new(State {
                full_at: BTreeMap::new(),
                sweep_at: BUCKETS_SWEEP_MIN,
            }),
        }
    }

    /// Takes a token. With [`BUCKETS_MAX`] in use, those who come new are not counted.
    ///
    /// # Errors
    /// How long to wait for more.
    pub fn take(&self, key: &K, now: Duration) -> Result<(), Duration> {
        if self.rate == Rate::OFF {
            return Ok(());
        }
        let mut state = self.state();
        if let Some(full_at) = state.full_at.get_mut(key) {
            return self.rate.take(full_at, now);
        }
        state.sweep(now);
        let mut full_at = Duration::ZERO;
        let taken = self.rate.take(&mut full_at, now);
        if state.full_at.len() < BUCKETS_MAX {
            state.full_at.insert(key.clone(), full_at);
        }
        taken
    }

    /// Whether there is a token, without taking it.
    ///
    /// # Errors
    /// How long to wait for more.
    pub fn look(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let full_at = self.state().full_at.get(key).copied();
        match full_at {
            Some(mut full_at) => self.rate.take(&mut full_at, now),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord> State<K> {
    /// Twice as many as were left the last time: so each look at one pays for itself.
    fn sweep(&mut self, now: Duration) {
        if self.full_at.len() >= self.sweep_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.sweep_at = (2 * self.full_at.len()).clamp(BUCKETS_SWEEP_MIN, BUCKETS_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_its_own() {
        let buckets = Buckets::new(Rate::per_second(1, 2));
        let now = Duration::from_secs(100);
        for _ in 0..2 {
            buckets.look(&"alice", now).unwrap();
            buckets.take(&"alice", now).unwrap();
        }
        assert!(buckets.look(&"alice", now).is_err());
        assert!(buckets.take(&"alice", now).is_err());
        buckets.take(&"bob", now).unwrap();
    }

    #[test]
    fn those_that_are_full_again_are_forgotten() {
        let buckets = Buckets::new(Rate::per_second(1, 1));
        for round in 0..10 {
            let now = Duration::from_secs(100 * round);
            for key in 0..BUCKETS_SWEEP_MIN {
                buckets.take(&(round, key), now).unwrap();
            }
            assert!(buckets.state().full_at.len() <= BUCKETS_SWEEP_MIN);
        }
    }

    #[test]
    fn there_are_only_so_many_and_whoever_has_one_keeps_it() {
        let buckets = Buckets::new(Rate::per_second(1, 1));
        for key in 0..=BUCKETS_MAX {
            buckets.take(&key, Duration::ZERO).unwrap();
        }
        assert_eq!(buckets.state().full_at.len(), BUCKETS_MAX);
        assert!(buckets.take(&0, Duration::ZERO).is_err(), "still counted");
        buckets.take(&BUCKETS_MAX, Duration::ZERO).unwrap();
    }
}
