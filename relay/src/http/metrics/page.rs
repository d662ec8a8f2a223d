//! Prometheus' text format.

use std::fmt::{Display, Write as _};

use crate::counters::{Counter, Counts, Histogram, Scale, Times};

/// A page of metrics. All names start with `seqline_`, but for those of the process, which have the
/// names that every program's have.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn counter(&mut self, name: &str, help: &str, count: &Counter) {
        self.head(name, help, "counter");
        self.line(name, count.get());
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "gauge");
        self.line(name, value);
    }

    /// How often a number was in which range.
    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram<Counts>) {
        self.ranges(name, help, histogram, |number| number.to_string());
    }

    /// How often something took how long, in seconds.
    pub(super) fn times(&mut self, name: &str, help: &str, histogram: &Histogram<Times>) {
        self.ranges(name, help, histogram, seconds);
    }

    pub(super) fn labelled(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counts: impl IntoIterator<Item = (impl Display, u64)>,
    ) {
        self.head(name, help, "counter");
        for (value, count) in counts {
            self.line(&format!("{name}{{{label}=\"{value}\"}}"), count);
        }
    }

    /// A text that does not change while the relay runs, as the label of a 1.
    pub(super) fn info(&mut self, name: &str, help: &str, label: &str, value: &str) {
        self.head(name, help, "gauge");
        self.line(&format!("{name}{{{label}=\"{value}\"}}"), 1);
    }

    /// A metric that is named alike in all programs.
    pub(super) fn common(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        let _ = writeln!(self.text, "# HELP {name} {help}");
        let _ = writeln!(self.text, "# TYPE {name} {kind}\n{name} {value}");
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn ranges<S: Scale>(
        &mut self,
        name: &str,
        help: &str,
        histogram: &Histogram<S>,
        shown: impl Fn(u64) -> String,
    ) {
        self.head(name, help, "histogram");
        for (bound, count) in histogram.up_to() {
            self.line(&format!("{name}_bucket{{le=\"{}\"}}", shown(bound)), count);
        }
        self.line(&format!("{name}_bucket{{le=\"+Inf\"}}"), histogram.count());
        self.line(&format!("{name}_sum"), shown(histogram.sum()));
        self.line(&format!("{name}_count"), histogram.count());
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.text, "# HELP seqline_{name} {help}");
        let _ = writeln!(self.text, "# TYPE seqline_{name} {kind}");
    }

    fn line(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.text, "seqline_{name} {value}");
    }
}

/// Exactly, since sums of many microseconds are subtracted from each other.
fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn microseconds_are_written_as_seconds() {
        for (micros, text) in [
            (0, "0"),
            (250, "0.00025"),
            (1_000_000, "1"),
            (10_250_000, "10.25"),
        ] {
            assert_eq!(seconds(micros), text);
        }
    }

    #[test]
    fn a_histogram_counts_upwards() {
        let times = Histogram::<Times>::default();
        for micros in [1, 250, 251, 90_000_000] {
            times.observe(Duration::from_micros(micros));
        }
        let mut page = Page::default();
        page.times("x_seconds", "Help.", &times);
        let text = page.into_text();
        for line in [
            "seqline_x_seconds_bucket{le=\"0.00025\"} 2",
            "seqline_x_seconds_bucket{le=\"0.0005\"} 3",
            "seqline_x_seconds_bucket{le=\"10\"} 3",
            "seqline_x_seconds_bucket{le=\"+Inf\"} 4",
            "seqline_x_seconds_sum 90.000502",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
