//! The machine: how many files may be open, whether the port is free, what the clock shows.

use std::{io::ErrorKind, net::TcpListener};

use super::report::Report;
use crate::{
    clock::{Clock as _, SystemClock},
    config::Config,
    process::open_files_max,
};

/// Beside sessions: the database, logs, pages.
const FILES_BESIDE: u64 = 200;

/// 2025: a machine whose clock shows less has not been told the time.
const WALL_US_MIN: u64 = 1_735_689_600_000_000;

pub(super) fn look(config: Option<&Config>, report: &mut Report) {
    if let Some(config) = config {
        open_files(config, report);
        port(config, report);
    }
    let wall_us = SystemClock::start().now().wall.get();
    if wall_us < WALL_US_MIN {
        let advice = "set the clock; a time service such as chrony or systemd-timesyncd keeps it";
        report.failed("clock", "it shows a time before 2025", advice);
    }
}

fn open_files(config: &Config, report: &mut Report) {
    let Some(limit) = open_files_max() else {
        return report.skipped("open files", "this system does not tell the limit");
    };
    let sessions = config.sessions_max as u64;
    let visitors = config.listener_rules.visitors_max as u64;
    let needed = sessions + visitors + u64::from(config.readers) + FILES_BESIDE;
    if limit >= needed {
        let text = format!("{limit} may be open, and {needed} are needed at most");
        return report.ok("open files", text);
    }
    report.warning(
        "open files",
        format!("{limit} may be open; {sessions} sessions and {visitors} visitors need {needed}"),
        format!(
            "raise the limit (LimitNOFILE={needed} for systemd, `ulimit -n {needed}` in a shell), \
             or lower sessions_max and visitors_max"
        ),
    );
}

fn port(config: &Config, report: &mut Report) {
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) => report.ok("listen", format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => report.warning(
            "listen",
            format!("something listens on {address}: a relay that runs, or another program"),
            "if it is another program, choose another `listen`",
        ),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => report.failed(
            "listen",
            format!("this user may not listen on {address}"),
            "choose a port from 1024 on, or give the process CAP_NET_BIND_SERVICE",
        ),
        Err(error) => report.failed(
            "listen",
            format!("cannot listen on {address}: {error}"),
            "choose an address that this machine has; 0.0.0.0 and [::] are all of them",
        ),
    }
}
