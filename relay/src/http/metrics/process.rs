//! What the relay takes of the machine.

use super::Page;
use crate::{app::App, process::ProcessUsage};

/// Named as every program's are, so that general dashboards show them.
pub(super) fn process(page: &mut Page, app: &App, usage: Option<ProcessUsage>) {
    let now = app.clock.now();
    let started_us = u128::from(now.wall.get()).saturating_sub(now.uptime.as_micros());
    page.common(
        "process_start_time_seconds",
        "gauge",
        "When the relay started, in seconds since 1970.",
        started_us / 1_000_000,
    );
    let Some(usage) = usage else {
        return;
    };
    page.common(
        "process_cpu_seconds_total",
        "counter",
        "Processor time of the relay.",
        usage.cpu_seconds,
    );
    page.common(
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the relay that is in use.",
        usage.resident_bytes,
    );
    page.common(
        "process_open_fds",
        "gauge",
        "Files and sockets that the relay has open.",
        usage.open_files,
    );
    page.common(
        "process_max_fds",
        "gauge",
        "How many it may have.",
        usage.open_files_max,
    );
}
