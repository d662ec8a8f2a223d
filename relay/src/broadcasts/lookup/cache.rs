//! What was answered of whom, in bounded memory.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Attributes;
use crate::{account::Account, index::Index, limits::LOOKUP_CACHE_BYTES_MAX};

/// What an entry takes beside its texts, about.
const ENTRY_BYTES: usize = 200;

/// In two generations: when the younger one has half of the memory, it becomes the older one,
/// which is forgotten. Whoever is asked for in between moves to the younger one.
#[derive(Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: Index<Arc<Account>, Known>,
    young_bytes: usize,
    old: Index<Arc<Account>, Known>,
}

#[derive(Clone)]
struct Known {
    attributes: Arc<Attributes>,
    until: Duration,
}

impl Cache {
    /// What holds at this time.
    pub(super) fn get(&self, account: &Account, now: Duration) -> Option<Arc<Attributes>> {
        let mut generations = self.generations();
        if let Some(known) = generations.young.get(account) {
            return (now < known.until).then(|| Arc::clone(&known.attributes));
        }
        let (account, known) = generations.old.remove_entry(account)?;
        let holds = (now < known.until).then(|| Arc::clone(&known.attributes));
        generations.put(&account, known);
        holds
    }

    /// What was answered last, though it no longer holds.
    pub(super) fn last_known(&self, account: &Account) -> Option<Attributes> {
        let generations = self.generations();
        let known = generations.young.get(account);
        let known = known.or_else(|| generations.old.get(account))?;
        Some(Attributes::clone(&known.attributes))
    }

    pub(super) fn put(&self, account: &Arc<Account>, attributes: Attributes, until: Duration) {
        let known = Known {
            attributes: Arc::new(attributes),
            until,
        };
        let mut generations = self.generations();
        generations.old.remove(account);
        generations.put(account, known);
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.generations();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn put(&mut self, account: &Arc<Account>, known: Known) {
        let bytes = bytes(account, &known.attributes);
        if self.young_bytes + bytes > LOOKUP_CACHE_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        if let Some(before) = self.young.insert(Arc::clone(account), known) {
            self.young_bytes -= self::bytes(account, &before.attributes);
        }
    }
}

fn bytes(account: &Account, attributes: &Attributes) -> usize {
    let texts = attributes
        .iter()
        .map(|(name, value)| name.len() + value.len() + 64);
    ENTRY_BYTES + account.app.as_str().len() + account.user.as_str().len() + texts.sum::<usize>()
}
