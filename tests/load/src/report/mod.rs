//! What came of a run: for people, for programs, and as a chart.

pub mod chart;
pub mod table;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::measure::{
    ledger::Tally,
    process::Taken,
    series::{CurvePoint, Percentiles, Series, Slot},
};

/// All runs of one command.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of this tool.
    pub version: &'static str,
    /// What was done.
    pub scenario: &'static str,
    /// With which settings.
    pub settings: serde_json::Value,
    /// What all random choices came from.
    pub seed: u64,
    /// Where.
    pub machine: Machine,
    /// One for each server.
    pub runs: Vec<Run>,
}

/// What it ran on.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Processors.
    pub cores: usize,
    /// Their kind.
    pub processor: String,
    /// Of the kernel.
    pub system: String,
}

/// One server under one load.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Which server.
    pub server: String,
    /// What it does before it acknowledges.
    pub durability: String,
    /// Whether it is another server than ours, compared with.
    pub is_peer: bool,
    /// What took how long.
    pub latencies: Vec<Latency>,
    /// Other figures.
    pub figures: Vec<Figure>,
    /// What became of the messages, where messages were sent.
    pub messages: Option<Tally>,
    /// Why messages were refused, and how many.
    pub refusals: BTreeMap<String, u64>,
    /// What the server's process took.
    pub process: Option<Taken>,
    /// What must not be. Empty if all is well.
    pub problems: Vec<String>,
}

/// What took how long.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// From what until what.
    pub name: &'static str,
    /// Of all.
    #[serde(flatten)]
    pub percentiles: Percentiles,
    /// By percentile.
    pub curve: Vec<CurvePoint>,
    /// By time.
    pub over_time: Vec<Slot>,
}

/// A figure.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// Of what.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of which unit.
    pub unit: &'static str,
}

impl Latency {
    /// Of a series.
    #[must_use]
    pub fn of(name: &'static str, series: &Series) -> Self {
        Self {
            name,
            percentiles: series.percentiles(),
            curve: series.curve(),
            over_time: series.over_time(),
        }
    }
}

impl Run {
    /// Of a server, with nothing measured yet.
    #[must_use]
    pub fn new(server: impl Into<String>, durability: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            durability: durability.into(),
            is_peer: false,
            latencies: Vec::new(),
            figures: Vec::new(),
            messages: None,
            refusals: BTreeMap::new(),
            process: None,
            problems: Vec::new(),
        }
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { name, value, unit });
    }

    /// Adds what became of the messages.
    pub fn set_messages(&mut self, tally: Tally) {
        let counts = [
            (tally.lost, "lost"),
            (tally.doubled, "doubled"),
            (tally.out_of_order, "out of order"),
            (tally.unanswered, "not answered by the end"),
        ];
        for (count, what) in counts {
            if count > 0 {
                self.problems.push(format!("messages {what}: {count}"));
            }
        }
        self.messages = Some(tally);
    }
}

impl Report {
    /// Whether our server did what it must not.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let ours = |run: &&Run| !run.is_peer;
        self.runs
            .iter()
            .filter(ours)
            .any(|run| !run.problems.is_empty())
    }

    /// What the command ends with: 0, or 1 if our server did what it must not.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.has_failed())
    }

    /// Writes JSON and a chart into a folder. Gives the files.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(folder)?;
        let json = folder.join(format!("{}.json", self.scenario));
        fs::write(&json, serde_json::to_string_pretty(self)? + "\n")?;
        let mut files = vec![json];
        if let Some(chart) = chart::draw(self) {
            let svg = folder.join(format!("{}.svg", self.scenario));
            fs::write(&svg, chart)?;
            files.push(svg);
        }
        Ok(files)
    }
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo").lines().find_map(|line| {
            Some(
                line.strip_prefix("model name")?
                    .split_once(": ")?
                    .1
                    .to_owned(),
            )
        });
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            system: format!(
                "{} {}",
                std::env::consts::OS,
                read("/proc/sys/kernel/osrelease").trim()
            ),
        }
    }
}
