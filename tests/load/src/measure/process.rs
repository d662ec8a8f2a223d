//! What servers' processes take of the machine, as Linux tells it.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(200);

/// Processes that are looked at together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Processes {
    /// The server under load: one, or several that share it. None if they are not known.
    pub servers: Vec<u32>,
    /// The main process of the database server, if that is one of its own and known.
    pub database: Option<u32>,
}

/// One look at processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Processor time that it has used, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in KiB.
    pub resident_kib: u64,
    /// Open files.
    pub files: u64,
}

/// What processes took while they were watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Taken {
    /// How long, in seconds.
    pub time_s: f64,
    /// Processor time of the servers, in seconds.
    pub cpu_s: f64,
    /// Processor time of the database server, in seconds, if that is one of its own.
    pub database_cpu_s: Option<f64>,
    /// Processor time of this tool, in seconds.
    pub generator_cpu_s: f64,
    /// Resident memory when it began, in KiB.
    pub resident_kib_first: u64,
    /// The most of it.
    pub resident_kib_max: u64,
    /// In the end.
    pub resident_kib_last: u64,
    /// The most open files.
    pub files_max: u64,
}

impl Processes {
    /// One server, if it is known.
    #[must_use]
    pub fn of(server: Option<u32>) -> Self {
        Self {
            servers: server.into_iter().collect(),
            database: None,
        }
    }

    /// Of the servers, in all; none if one of them is not there, or there is no `/proc`.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        if self.servers.is_empty() {
            return None;
        }
        let mut all = Usage::default();
        for pid in &self.servers {
            let one = usage(*pid)?;
            all.cpu_s += one.cpu_s;
            all.resident_kib += one.resident_kib;
            all.files += one.files;
        }
        Some(all)
    }

    /// Processor time of the database server: a process for each connection, and those that
    /// ended are counted by the main one.
    fn database_cpu_s(&self) -> Option<f64> {
        let main = self.database?;
        let own = Stat::of(main)?;
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).ok()?;
        let children = children.split_whitespace();
        let running: f64 = children
            .filter_map(|pid| Some(Stat::of(pid.parse().ok()?)?.cpu_s()))
            .sum();
        Some(own.cpu_s() + own.ended_children_cpu_s() + running)
    }
}

/// What `/proc/PID/stat` has behind the program's name.
struct Stat(Vec<String>);

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields = stat.rsplit(") ").next()?.split(' ');
        Some(Self(fields.map(str::to_owned).collect()))
    }

    /// utime and stime.
    fn cpu_s(&self) -> f64 {
        self.seconds(11) + self.seconds(12)
    }

    /// cutime and cstime.
    fn ended_children_cpu_s(&self) -> f64 {
        self.seconds(13) + self.seconds(14)
    }

    /// The kernel counts in hundredths.
    fn seconds(&self, field: usize) -> f64 {
        let ticks = self.0.get(field).and_then(|text| text.parse::<f64>().ok());
        ticks.unwrap_or_default() / 100.0
    }
}

fn usage(pid: u32) -> Option<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
    let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    Some(Usage {
        cpu_s: Stat::of(pid)?.cpu_s(),
        resident_kib: resident.parse().ok()?,
        files: files as u64,
    })
}

/// Watches processes until it is asked.
#[derive(Debug)]
pub struct Watch {
    processes: Processes,
    began: Instant,
    first: Usage,
    database_first_s: Option<f64>,
    generator_first_s: f64,
    max: Arc<Mutex<Usage>>,
    looks: JoinHandle<()>,
}

impl Watch {
    /// From now on; none if the servers cannot be looked at.
    #[must_use]
    pub fn start(processes: Processes) -> Option<Self> {
        let first = processes.usage()?;
        let max = Arc::new(Mutex::new(first));
        let looks = tokio::spawn({
            let (max, processes) = (Arc::clone(&max), processes.clone());
            async move {
                let mut ticks = interval(LOOK);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let Some(now) = processes.usage() else { return };
                    raise(&max, now);
                }
            }
        });
        Some(Self {
            database_first_s: processes.database_cpu_s(),
            generator_first_s: generator_cpu_s(),
            processes,
            began: Instant::now(),
            first,
            max,
            looks,
        })
    }

    /// What they took so far; none if one has ended.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        let last = self.processes.usage()?;
        raise(&self.max, last);
        let max = *self.max.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Taken {
            time_s: self.began.elapsed().as_secs_f64(),
            cpu_s: last.cpu_s - self.first.cpu_s,
            database_cpu_s: self
                .database_first_s
                .zip(self.processes.database_cpu_s())
                .map(|(first, last)| last - first),
            generator_cpu_s: generator_cpu_s() - self.generator_first_s,
            resident_kib_first: self.first.resident_kib,
            resident_kib_max: max.resident_kib,
            resident_kib_last: last.resident_kib,
            files_max: max.files,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.looks.abort();
    }
}

fn generator_cpu_s() -> f64 {
    Stat::of(std::process::id()).map_or(0.0, |stat| stat.cpu_s())
}

fn raise(max: &Mutex<Usage>, now: Usage) {
    let mut max = max.lock().unwrap_or_else(PoisonError::into_inner);
    max.resident_kib = max.resident_kib.max(now.resident_kib);
    max.files = max.files.max(now.files);
}
