//! The one deadline of a session.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;

/// What `setTimeout` takes at most; later deadlines are met in several steps, as
/// waking too early does no harm.
const DELAY_MS_MAX: u64 = i32::MAX as u64;

#[derive(Default)]
pub(crate) struct Timer(RefCell<Option<Timeout>>);

impl Timer {
    /// Calls back after `delay_ms`, and forgets what was set before.
    pub(crate) fn set(&self, delay_ms: u64, callback: impl FnOnce() + 'static) {
        let delay_ms = u32::try_from(delay_ms.min(DELAY_MS_MAX)).unwrap_or(u32::MAX);
        self.0.replace(Some(Timeout::new(delay_ms, callback)));
    }

    pub(crate) fn stop(&self) {
        self.0.take();
    }
}
