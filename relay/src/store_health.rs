//! Whether storage takes writes, as commits have shown: told to the log once when that
//! changes, however many commits fail meanwhile, and to whoever asks for `/readyz`.

use std::{
    mem::discriminant,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::store::StoreError;

/// What commits have shown.
#[derive(Debug, Default)]
pub struct StoreHealth {
    failing: Mutex<Option<Failing>>,
    /// Of every commit that succeeds this alone is asked.
    is_failing: AtomicBool,
}

#[derive(Debug)]
struct Failing {
    last: StoreError,
    commits: u64,
}

impl StoreHealth {
    /// A commit failed as a whole.
    pub fn failed(&self, error: &StoreError) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = failing
            .as_ref()
            .is_some_and(|known| discriminant(&known.last) == discriminant(error));
        if is_known {
            tracing::debug!(%error, "another commit failed");
        } else {
            tracing::error!(%error, advice = error.advice(), "commits fail");
        }
        let commits = failing.as_ref().map_or(0, |known| known.commits) + 1;
        *failing = Some(Failing {
            last: error.clone(),
            commits,
        });
        self.is_failing.store(true, Ordering::Release);
    }

    /// A commit succeeded.
    pub fn succeeded(&self) {
        if !self.is_failing.swap(false, Ordering::AcqRel) {
            return;
        }
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Failing { commits, .. }) = failing.take() {
            tracing::info!(failed = commits, "storage takes commits again");
        }
    }

    /// Why the last commit failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<StoreError> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|known| known.last.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_commit_decides() {
        let health = StoreHealth::default();
        assert_eq!(health.failure(), None);
        let full = StoreError::Full("no room".to_owned());
        health.failed(&full);
        health.failed(&full);
        assert_eq!(health.failure(), Some(full));
        health.succeeded();
        assert_eq!(health.failure(), None);
    }
}
