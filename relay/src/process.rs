//! What the system says of this process: memory, time, files. Linux tells it as text under
//! `/proc`; elsewhere nothing is known.

use std::{fs, io};

/// Ticks of a second in `/proc/PID/stat`: the same on every machine that Linux runs servers on.
const TICKS_PER_SECOND: f64 = 100.0;

/// At one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUsage {
    /// Processor time so far, of all threads, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is in use and not swapped out.
    pub resident_bytes: u64,
    /// Files and sockets that are open.
    pub open_files: u64,
    /// How many may be.
    pub open_files_max: u64,
}

impl ProcessUsage {
    /// Reads it. None where the system does not tell.
    #[must_use]
    pub fn read() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        Some(Self {
            cpu_seconds: cpu_seconds(&stat)?,
            resident_bytes: resident_bytes(&status)?,
            open_files: open_files().ok()?,
            open_files_max: open_files_max()?,
        })
    }
}

/// How many files and sockets this process may open. None where the system does not tell.
#[must_use]
pub fn open_files_max() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn open_files() -> io::Result<u64> {
    // Newer systems give the number as the folder's size; others have it counted.
    match fs::metadata("/proc/self/fd")?.len() {
        0 => Ok(fs::read_dir("/proc/self/fd")?.count() as u64),
        count => Ok(count),
    }
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name of the program comes first, in brackets, and may itself have brackets and spaces.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 8 0 999 1 2";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        let status = "Name:\tseqline\nVmRSS:\t   12 kB\nThreads:\t8\n";
        assert_eq!(resident_bytes(status), Some(12 * 1024));
        assert_eq!(resident_bytes("Name: x\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_something() {
        let before = ProcessUsage::read().unwrap();
        let files: Vec<_> = (0..50)
            .map(|_| fs::File::open("/proc/self/stat").unwrap())
            .collect();
        let usage = ProcessUsage::read().unwrap();
        assert!(usage.resident_bytes > 100_000);
        assert!(usage.open_files >= 50, "{usage:?} {before:?}");
        assert!(usage.open_files_max >= usage.open_files);
        drop(files);
    }
}
