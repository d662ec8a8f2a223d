//! Latencies: one histogram of all, and one for each slot of time.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Ten minutes, in microseconds: what takes longer counts as that.
const LATENCY_US_MAX: u64 = 600_000_000;
/// Slots of time at most; with more, a chart shows no more.
pub const SLOTS_MAX: u32 = 120;
/// Points of a curve at most.
const CURVE_NINES: i32 = 5;
const CURVE_POINTS_PER_NINE: i32 = 10;

/// What was measured, in microseconds.
#[derive(Debug, Clone)]
pub struct Series {
    all: Histogram<u64>,
    slots: Vec<Histogram<u64>>,
    slot: Duration,
}

/// Some percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Their mean.
    pub mean_ms: f64,
    /// Half were as fast.
    pub p50_ms: f64,
    /// Nine in ten.
    pub p90_ms: f64,
    /// All but one in a hundred.
    pub p99_ms: f64,
    /// All but one in a thousand.
    pub p99_9_ms: f64,
    /// All.
    pub max_ms: f64,
}

/// The percentiles of one slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slot {
    /// Where it begins, in seconds from the beginning of what was measured.
    pub from_s: f64,
    /// What was to begin in it.
    #[serde(flatten)]
    pub latency: Percentiles,
}

/// A point of the curve of latency by percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The share of all, 0 to 1.
    pub quantile: f64,
    /// That were at least as fast.
    pub latency_ms: f64,
}

impl Series {
    /// Of something that takes this long.
    #[must_use]
    pub fn over(time: Duration) -> Self {
        Self {
            all: histogram(3),
            slots: Vec::new(),
            // Whole seconds are easy to read.
            slot: Duration::from_secs(time.as_secs().div_ceil(u64::from(SLOTS_MAX)).max(1)),
        }
    }

    /// Something was to begin at `begin` of what is measured, and took so long.
    pub fn record(&mut self, begin: Duration, latency: Duration) {
        let latency_us = micros(latency);
        self.all.saturating_record(latency_us);
        let slot = usize::try_from(begin.as_nanos() / self.slot.as_nanos()).unwrap_or(usize::MAX);
        let slot = slot.min(SLOTS_MAX as usize - 1);
        while self.slots.len() <= slot {
            self.slots.push(histogram(2));
        }
        if let Some(of_slot) = self.slots.get_mut(slot) {
            of_slot.saturating_record(latency_us);
        }
    }

    /// How many were recorded.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.all.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Of all.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        percentiles(&self.all)
    }

    /// Of each slot in which something began.
    #[must_use]
    pub fn over_time(&self) -> Vec<Slot> {
        let slots = (0_u32..).zip(&self.slots);
        slots
            .filter(|(_, of_slot)| !of_slot.is_empty())
            .map(|(at, of_slot)| Slot {
                from_s: (self.slot * at).as_secs_f64(),
                latency: percentiles(of_slot),
            })
            .collect()
    }

    /// From half to all: ten points for each nine of the quantile, as far as there are values.
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        let steps = (0..=CURVE_NINES * CURVE_POINTS_PER_NINE)
            .map(|step| 1.0 - 10_f64.powf(-f64::from(step) / f64::from(CURVE_POINTS_PER_NINE)));
        #[expect(clippy::cast_precision_loss, reason = "a share, for a chart")]
        let known = 1.0 - 1.0 / (self.all.len().max(1) as f64);
        steps
            .filter(|quantile| *quantile <= known)
            .map(|quantile| CurvePoint {
                quantile,
                latency_ms: milliseconds(self.all.value_at_quantile(quantile)),
            })
            .collect()
    }
}

#[expect(clippy::expect_used, reason = "the bounds are constants")]
fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, digits).expect("valid bounds")
}

fn percentiles(of: &Histogram<u64>) -> Percentiles {
    let at = |quantile| milliseconds(of.value_at_quantile(quantile));
    Percentiles {
        count: of.len(),
        mean_ms: of.mean() / 1_000.0,
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        p99_9_ms: at(0.999),
        max_ms: milliseconds(of.max()),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "at most ten minutes")]
fn milliseconds(time_us: u64) -> f64 {
    time_us as f64 / 1_000.0
}
