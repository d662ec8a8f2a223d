//! A standby that failed is left alone for a while: longer each time, and not by all relays alike.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::store::Fallback;

const REST_MIN: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(5);

/// Time for the one that tries it again; meanwhile the others leave it alone.
const TRIAL: Duration = Duration::from_secs(1);

/// Whether it is left alone.
pub(super) struct Rest {
    /// Makes the times of each relay its own.
    seed: u64,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Well,
    Resting {
        why: Fallback,
        failures: u32,
        until: Instant,
    },
}

impl Rest {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            state: Mutex::new(State::Well),
        }
    }

    /// Whether to ask it now; if not, why it is left alone.
    pub(super) fn may_try(&self) -> Result<(), Fallback> {
        let mut state = self.state.lock().expect("no one panics with it");
        if let State::Resting { why, until, .. } = &mut *state {
            let now = Instant::now();
            if now < *until {
                return Err(*why);
            }
            *until = now + TRIAL;
        }
        Ok(())
    }

    pub(super) fn failed(&self, why: Fallback) {
        let mut state = self.state.lock().expect("no one panics with it");
        let failures = match *state {
            State::Well => 0,
            State::Resting { failures, .. } => failures.saturating_add(1),
        };
        if failures == 0 {
            tracing::warn!(%why, "the standby is not read for now; the database itself is");
        }
        *state = State::Resting {
            why,
            failures,
            until: Instant::now() + self.pause(failures),
        };
    }

    pub(super) fn went_well(&self) {
        let mut state = self.state.lock().expect("no one panics with it");
        if !matches!(*state, State::Well) {
            tracing::info!("the standby is read again");
            *state = State::Well;
        }
    }

    /// At least half of a time that doubles.
    fn pause(&self, failures: u32) -> Duration {
        let full = REST_MIN.saturating_mul(1 << failures.min(16)).min(REST_MAX);
        let part = self.seed.rotate_left(13 * failures) % 1_000;
        full / 2 + full / 2 * u32::try_from(part).unwrap_or(0) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_tries_again_after_a_rest_that_grows() {
        let rest = Rest::new(0x1234_5678_9ABC_DEF0);
        assert_eq!(rest.may_try(), Ok(()));
        assert_eq!(rest.may_try(), Ok(()));
        let mut shortest = REST_MIN / 2;
        for _ in 0..10 {
            rest.failed(Fallback::Away);
            advance(shortest - Duration::from_millis(1)).await;
            assert_eq!(rest.may_try(), Err(Fallback::Away));
            advance(shortest + Duration::from_millis(1)).await;
            assert_eq!(rest.may_try(), Ok(()));
            // The others wait for how that one fares.
            assert_eq!(rest.may_try(), Err(Fallback::Away));
            shortest = (2 * shortest).min(REST_MAX / 2);
        }
        rest.went_well();
        assert_eq!(rest.may_try(), Ok(()));
        assert_eq!(rest.may_try(), Ok(()));
    }

    #[test]
    fn no_two_relays_come_back_at_the_same_time() {
        let pause = |seed| Rest::new(seed).pause(5);
        assert_ne!(pause(0x1234_5678_9ABC_DEF0), pause(0x0FED_CBA9_8765_4321));
    }
}
