//! Who was just counted: most pulls of a busy broadcast repeat what the sketches know.

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
};

/// Places, of 8 bytes each.
const PLACES: usize = 4096;

/// The last of those that share a place. To forget one is harmless: it is counted again, and
/// a sketch counts nobody twice.
pub(super) struct Recent(Box<[AtomicU64]>);

impl Default for Recent {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Recent {
    /// Whether this was the last in its place; it is now.
    pub(super) fn was_just_seen(&self, what: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let hash = hasher.finish();
        let at = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        // Read first: a write would take the line from the other processors.
        self.0.get(at).is_some_and(|place| {
            let is_known = place.load(Ordering::Relaxed) == hash;
            if !is_known {
                place.store(hash, Ordering::Relaxed);
            }
            is_known
        })
    }
}
