//! What was measured, in figures and in words.

use std::{
    io::{self, Write as _, stdout},
    time::Duration,
};

use serde::Serialize;

use super::{storage::Together, times::Times};
use crate::cli::ReportFormat;

/// No disk that keeps what it says is faster than this.
const CREDIBLE_MS: f64 = 0.02;

/// Above, users notice that their messages wait for the disk.
const SLOW_MS: f64 = 20.0;

/// Everything is a figure of this machine, with nothing else going on beside what was going on.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    database: String,
    seconds_of_each: u64,
    lone_commit_ms_median: f64,
    lone_commit_ms_p99: f64,
    sends_per_second: f64,
    sends_ms_median: f64,
    commits_per_second: f64,
    pulls_per_second: f64,
    pull_ms_median: f64,
    loopback_round_trips_per_second: f64,
    loopback_ms_median: f64,
}

impl Report {
    pub(super) fn new(
        database: String,
        time: Duration,
        lone: &Times,
        together: &Together,
        pulls: &Times,
        loopback: &Times,
    ) -> Self {
        let seconds = time.as_secs();
        Self {
            database,
            seconds_of_each: seconds,
            lone_commit_ms_median: lone.percentile_ms(50),
            lone_commit_ms_p99: lone.percentile_ms(99),
            sends_per_second: rate(together.sends.count(), seconds),
            sends_ms_median: together.sends.percentile_ms(50),
            commits_per_second: rate(together.commits, seconds),
            pulls_per_second: rate(pulls.count(), seconds),
            pull_ms_median: pulls.percentile_ms(50),
            loopback_round_trips_per_second: rate(loopback.count(), seconds),
            loopback_ms_median: loopback.percentile_ms(50),
        }
    }

    pub(super) fn print(&self, format: ReportFormat) -> io::Result<()> {
        match format {
            ReportFormat::Human => self.print_lines(),
            ReportFormat::Json => {
                let json = serde_json::to_string(self)?;
                writeln!(stdout(), "{json}")
            }
        }
    }

    fn print_lines(&self) -> io::Result<()> {
        let mut out = stdout().lock();
        writeln!(out, "{}, {} s each\n", self.database, self.seconds_of_each)?;
        writeln!(
            out,
            "a lone commit      {:8.2} ms median, {:.2} ms at the 99th percentile",
            self.lone_commit_ms_median, self.lone_commit_ms_p99
        )?;
        writeln!(
            out,
            "sends together     {:8.0} a second, in {:.0} commits; each waits {:.2} ms",
            self.sends_per_second, self.commits_per_second, self.sends_ms_median
        )?;
        writeln!(
            out,
            "pulls              {:8.0} pages a second; each takes {:.2} ms",
            self.pulls_per_second, self.pull_ms_median
        )?;
        writeln!(
            out,
            "loopback           {:8.0} round trips a second; each takes {:.2} ms",
            self.loopback_round_trips_per_second, self.loopback_ms_median
        )?;
        writeln!(out, "\n{}", self.words())
    }

    fn words(&self) -> String {
        let lone = self.lone_commit_ms_median;
        let disk = if lone < CREDIBLE_MS {
            "A commit takes less time than a disk that keeps it: this one is in memory, or says \
             that it has written what it has not. A loss of power could lose what was acknowledged."
                .to_owned()
        } else if lone > SLOW_MS {
            format!(
                "This storage is slow: whoever sends alone waits {lone:.0} ms. With many senders it \
                 matters less, since they share commits; a disk of this machine is faster."
            )
        } else {
            format!("Whoever sends alone waits some {lone:.1} ms until the message is stored.")
        };
        format!(
            "{disk}\n{:.0} sends a second is what storage takes; a relay with its devices on the \
             same machine reaches a part of that, since frames cost processor time as well. \
             docs/performance.md has figures of both.",
            self.sends_per_second
        )
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a minute are far below 2^53"
)]
fn rate(count: u64, seconds: u64) -> f64 {
    count as f64 / seconds.max(1) as f64
}
