//! What a server's process takes of the machine, as Linux tells it.

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

/// One look at a process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// Processor time that it has used, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in KiB.
    pub resident_kib: u64,
    /// Open files.
    pub files: u64,
}

/// What a process took while it was watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Taken {
    /// How long, in seconds.
    pub time_s: f64,
    /// Processor time, in seconds.
    pub cpu_s: f64,
    /// Resident memory when it began, in KiB.
    pub resident_kib_first: u64,
    /// The most of it.
    pub resident_kib_max: u64,
    /// In the end.
    pub resident_kib_last: u64,
    /// The most open files.
    pub files_max: u64,
}

/// Looks at a process; none if there is no such, or no `/proc`.
#[must_use]
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
    let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    Some(Usage {
        // utime and stime, in hundredths of a second.
        cpu_s: (ticks(11)? + ticks(12)?) / 100.0,
        resident_kib: resident.parse().ok()?,
        files: files as u64,
    })
}

/// Watches a process until it is asked.
#[derive(Debug)]
pub struct Watch {
    pid: u32,
    began: Instant,
    first: Usage,
    max: Arc<Mutex<Usage>>,
    looks: JoinHandle<()>,
}

impl Watch {
    /// From now on; none if the process cannot be looked at.
    #[must_use]
    pub fn start(pid: Option<u32>) -> Option<Self> {
        let pid = pid?;
        let first = usage(pid)?;
        let max = Arc::new(Mutex::new(first));
        let looks = tokio::spawn({
            let max = Arc::clone(&max);
            async move {
                let mut ticks = interval(LOOK);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let Some(now) = usage(pid) else { return };
                    raise(&max, now);
                }
            }
        });
        Some(Self {
            pid,
            began: Instant::now(),
            first,
            max,
            looks,
        })
    }

    /// What it took so far; none if it has ended.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        let last = usage(self.pid)?;
        raise(&self.max, last);
        let max = *self.max.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Taken {
            time_s: self.began.elapsed().as_secs_f64(),
            cpu_s: last.cpu_s - self.first.cpu_s,
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

fn raise(max: &Mutex<Usage>, now: Usage) {
    let mut max = max.lock().unwrap_or_else(PoisonError::into_inner);
    max.resident_kib = max.resident_kib.max(now.resident_kib);
    max.files = max.files.max(now.files);
}
