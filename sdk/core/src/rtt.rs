//! Round-trip time, smoothed as TCP does it (RFC 6298).

/// A smoothed round-trip time and how much it varies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rtt {
    estimate: Option<Estimate>,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    smoothed_ms: u64,
    variation_ms: u64,
}

impl Rtt {
    /// Takes a sample of something that was sent once only.
    pub(crate) fn sample(&mut self, sample_ms: u64) {
        self.estimate = Some(match self.estimate {
            None => Estimate {
                smoothed_ms: sample_ms,
                variation_ms: sample_ms / 2,
            },
            Some(Estimate {
                smoothed_ms,
                variation_ms,
            }) => Estimate {
                smoothed_ms: (7 * smoothed_ms + sample_ms) / 8,
                variation_ms: (3 * variation_ms + smoothed_ms.abs_diff(sample_ms)) / 4,
            },
        });
    }

    /// The smoothed time; none before the first sample.
    pub(crate) fn smoothed_ms(&self) -> Option<u64> {
        self.estimate.map(|estimate| estimate.smoothed_ms)
    }

    /// How long an answer may reasonably take, within bounds; the upper one before the
    /// first sample.
    pub(crate) fn patience_ms(&self, min_ms: u64, max_ms: u64) -> u64 {
        self.estimate.map_or(max_ms, |estimate| {
            (estimate.smoothed_ms + 4 * estimate.variation_ms).clamp(min_ms, max_ms)
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn patience_follows_the_path_within_bounds() {
        let mut rtt = Rtt::default();
        assert_eq!(
            rtt.patience_ms(100, 9_000),
            9_000,
            "nothing known: the longest"
        );
        rtt.sample(10);
        assert_eq!(rtt.patience_ms(100, 9_000), 100, "never below the bound");
        for _ in 0..50 {
            rtt.sample(2_000);
        }
        let patience_ms = rtt.patience_ms(100, 9_000);
        assert!((2_000..4_000).contains(&patience_ms), "{patience_ms}");
    }
}
