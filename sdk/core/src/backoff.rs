//! How long to wait before the next attempt to connect.
//!
//! The first attempt after a stable connection is made at once. Each further one waits
//! for a random time between zero and a bound that doubles ("full jitter"), so that
//! clients that lost the same relay do not return in step.

use crate::config::Config;

/// Attempts that failed, and what the relay asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
    window: Option<Window>,
}

/// A span to wait within, as a relay that is stopping or overloaded asked for.
#[derive(Debug, Clone, Copy)]
struct Window {
    after_ms: u64,
    spread_ms: u64,
}

impl Backoff {
    /// Attempts that failed since the last stable connection.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The last connection was stable, or the app asks anew: start over.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The relay asks for the next attempt to be made within a window from its close.
    pub(crate) fn ask(&mut self, after_ms: u64, spread_ms: u64) {
        self.window = Some(Window {
            after_ms,
            spread_ms,
        });
    }

    /// Counts a failure and gives the time to wait.
    pub(crate) fn next_delay_ms(&mut self, config: &Config, rng: &mut fastrand::Rng) -> u64 {
        let bound_ms = match self.failures {
            0 => 0,
            n => config
                .backoff_base_ms
                .saturating_mul(1 << (n - 1).min(20))
                .min(config.backoff_max_ms),
        };
        self.failures = self.failures.saturating_add(1);
        let jitter_ms = rng.u64(0..=bound_ms);
        match self.window.take() {
            None => jitter_ms,
            Some(window) => (window.after_ms + rng.u64(0..=window.spread_ms)).max(jitter_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn first_at_once_then_random_below_a_doubling_bound() {
        let config = Config::default();
        let mut rng = fastrand::Rng::with_seed(1);
        let mut longest = [0; 12];
        for _ in 0..500 {
            let mut backoff = Backoff::default();
            for slot in &mut longest {
                *slot = (*slot).max(backoff.next_delay_ms(&config, &mut rng));
            }
        }
        assert_eq!(longest[0], 0);
        for (n, longest_ms) in longest.iter().enumerate().skip(1) {
            let bound_ms = (500 << (n - 1)).min(30_000);
            assert!(
                *longest_ms <= bound_ms && *longest_ms > bound_ms * 9 / 10,
                "{n}: {longest_ms}"
            );
        }
    }

    #[test]
    fn obeys_the_window_once() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::default();
        backoff.ask(1_000, 4_000);
        let delay_ms = backoff.next_delay_ms(&Config::default(), &mut rng);
        assert!((1_000..=5_000).contains(&delay_ms), "{delay_ms}");
        backoff.reset();
        assert_eq!(backoff.next_delay_ms(&Config::default(), &mut rng), 0);
    }
}
