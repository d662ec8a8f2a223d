//! How signs of life are exchanged.

use seqline_protocol::{Heartbeat, HeartbeatBounds};

use super::{Check, Settings};

/// The shortest interval, for tests; and the longest, an hour: what is silent for longer is
/// better closed.
const MS_MIN: u32 = 100;
const MS_MAX: u32 = 3_600_000;

impl Check<'_> {
    /// Whoever sets an interval and no bound wants that one: bounds given by default make
    /// way for it.
    pub(super) fn heartbeat(&mut self) -> Heartbeat {
        let defaults = Heartbeat::default();
        let bounds = HeartbeatBounds::default();
        let interval_ms = self.interval("heartbeat_interval_ms", |s| &s.heartbeat_interval_ms);
        let background_interval_ms = self.interval("heartbeat_background_interval_ms", |s| {
            &s.heartbeat_background_interval_ms
        });
        let min = self.interval("heartbeat_interval_ms_min", |s| {
            &s.heartbeat_interval_ms_min
        });
        let max = self.interval("heartbeat_interval_ms_max", |s| {
            &s.heartbeat_interval_ms_max
        });
        let background_max = self.interval("heartbeat_background_interval_ms_max", |s| {
            &s.heartbeat_background_interval_ms_max
        });
        let max = max.or(interval_ms).unwrap_or(bounds.interval_ms_max);
        let background_max = background_max
            .or(background_interval_ms)
            .unwrap_or(bounds.background_interval_ms_max);
        // A bound that is given moves an interval that is not.
        let at_least = min.unwrap_or(MS_MIN);
        let interval_ms = interval_ms.unwrap_or(defaults.interval_ms.max(at_least).min(max));
        let background_interval_ms = background_interval_ms.unwrap_or(
            defaults
                .background_interval_ms
                .max(at_least)
                .min(background_max),
        );
        let shortest = interval_ms.min(background_interval_ms);
        let min = min.unwrap_or(bounds.interval_ms_min.min(shortest));
        if min > shortest {
            let reason = format!(
                "{min} is longer than an interval to begin with ({interval_ms}, in the background \
                 {background_interval_ms}); lower it, or raise `heartbeat_interval_ms`"
            );
            self.heartbeat_problem("heartbeat_interval_ms_min", reason, |s| {
                &s.heartbeat_interval_ms_min
            });
        }
        for (field, max, start) in [
            ("heartbeat_interval_ms", max, interval_ms),
            (
                "heartbeat_background_interval_ms",
                background_max,
                background_interval_ms,
            ),
        ] {
            if max < start {
                let reason = format!(
                    "{start} is longer than `{field}_max` ({max}); lower it, or raise the bound"
                );
                self.heartbeat_problem(field, reason, |s| match field {
                    "heartbeat_interval_ms" => &s.heartbeat_interval_ms,
                    _ => &s.heartbeat_background_interval_ms,
                });
            }
        }
        Heartbeat {
            interval_ms,
            background_interval_ms,
            bounds: Some(HeartbeatBounds {
                interval_ms_min: min,
                interval_ms_max: max,
                background_interval_ms_max: background_max,
            }),
        }
    }

    /// None if it is not set.
    fn interval(&mut self, field: &str, of: impl Fn(&Settings) -> &Option<u32>) -> Option<u32> {
        self.sources.pick(field, &of).0?;
        Some(self.number(field, of, MS_MIN, MS_MIN..=MS_MAX))
    }

    fn heartbeat_problem(
        &mut self,
        field: &str,
        reason: String,
        of: impl Fn(&Settings) -> &Option<u32>,
    ) {
        let origin = self.sources.pick(field, of).1;
        self.problem(field, origin, reason);
    }
}
