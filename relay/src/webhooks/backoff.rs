//! How long to wait after a failure.

use std::time::Duration;

use super::WebhookRules;

/// Twice as long after each failure, between half of it and all of it, so that what failed
/// together is not tried again together. `random` is any number.
pub(super) fn delay(rules: &WebhookRules, failures: u32, random: u64) -> Duration {
    let doubled = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .and_then(|factor| rules.backoff_min_ms.checked_mul(factor))
        .unwrap_or(u64::MAX)
        .min(rules.backoff_max_ms);
    let half = doubled / 2;
    Duration::from_millis(doubled - half + random % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_an_hour_and_never_leaves_its_range() {
        let rules = WebhookRules::default();
        let mut longest = Vec::new();
        for failures in [1, 2, 3, 12, 13, 40, 64, 65, u32::MAX] {
            let all: Vec<_> = (0..5_000)
                .map(|n| delay(&rules, failures, n * 7_919))
                .collect();
            let (min, max) = (all.iter().min().unwrap(), all.iter().max().unwrap());
            assert!(*min * 2 >= *max, "{failures}: {min:?} {max:?}");
            assert!(*min < *max, "jitter");
            longest.push(max.as_millis().div_ceil(1_000));
        }
        assert_eq!(longest, [1, 2, 4, 2_048, 3_600, 3_600, 3_600, 3_600, 3_600]);
    }
}
