//! The database: whether it answers, what it is, and whether it keeps what it takes.

use std::time::Duration;

use tokio::time::timeout;

use super::report::Report;
use crate::{
    clock::{Clock, Now},
    store::{Database, Inspection, OpenError},
};

/// A database that does not answer within it does not answer.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// Clocks of machines with a time service differ by less.
const CLOCK_US_MAX: u64 = 1_000_000;

/// With more, messages expire and tokens end at times that no one expects.
const CLOCK_US_BROKEN: u64 = 30_000_000;

/// Writing connections of a relay.
const WRITERS: u32 = 4;

/// True if it answers.
pub(super) async fn look(
    database: &Database,
    readers: u32,
    clock: &dyn Clock,
    report: &mut Report,
) -> bool {
    let began = clock.now();
    let found = match timeout(ANSWER_WAIT, database.inspect()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            report.failed("database", error.to_string(), advice(&error));
            return false;
        }
        Err(_) => {
            let text = format!("no answer within {} s", ANSWER_WAIT.as_secs());
            let advice = "see that it runs, and that nothing between it and this machine is shut";
            report.failed("database", text, advice);
            return false;
        }
    };
    let took = clock.now().uptime.saturating_sub(began.uptime);
    answered(&found, took, report);
    schema(&found, report);
    keeps(&found, report);
    room(&found, readers, report);
    time(&found, clock.now(), report);
    true
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Sqlite(_) => "docs/recovery.md says what can be done",
        OpenError::Postgres(_) => "docs/postgresql.md says how it is set up",
    }
}

fn answered(found: &Inspection, took: Duration, report: &mut Report) {
    let product = &found.product;
    let text = if !found.exists {
        format!("{product}; there is no file yet: it will be made")
    } else if found.is_in_use {
        format!("{product}; a relay is using the file")
    } else {
        format!("{product}; looked at within {} ms", took.as_millis())
    };
    report.ok("database", text);
}

fn schema(found: &Inspection, report: &mut Report) {
    let missing = found.steps.iter().filter(|step| !step.is_applied).count();
    if missing == 0 {
        return report.ok("schema", "up to date");
    }
    let text = format!("{missing} steps behind this relay: `serve` takes them when it starts");
    if found.exists && missing < found.steps.len() {
        let advice = "to take them before: `seqline-relay migrate`, after a backup";
        report.warning("schema", text, advice);
    } else {
        report.ok("schema", text);
    }
}

fn keeps(found: &Inspection, report: &mut Report) {
    for text in &found.unsafe_settings {
        let advice = "change it in postgresql.conf: acknowledged means stored";
        report.failed("durability", text.clone(), advice);
    }
    match &found.read_only {
        Some(reason) => {
            let advice = "without writing, nothing can be sent";
            report.failed("durability", reason.clone(), advice);
        }
        None if found.unsafe_settings.is_empty() => {
            report.ok("durability", "it takes writes, and syncs each commit");
        }
        None => {}
    }
}

fn room(found: &Inspection, readers: u32, report: &mut Report) {
    let Some((used, max)) = found.connections else {
        return;
    };
    let needed = readers + WRITERS;
    let text = format!("{used} of {max} connections are in use; a relay takes up to {needed}");
    if used.saturating_add(needed) > max {
        let advice = "raise max_connections, or lower `readers`";
        report.warning("connections", text, advice);
    } else {
        report.ok("connections", text);
    }
}

fn time(found: &Inspection, now: Now, report: &mut Report) {
    let Some(wall) = found.wall else {
        return report.ok("clock", "database and relay have the same one");
    };
    let apart_us = wall.get().abs_diff(now.wall.get());
    let text = format!(
        "the database's is {} ms apart from this machine's",
        apart_us / 1000
    );
    let advice = "let a time service such as chrony keep the clocks of both machines";
    if apart_us > CLOCK_US_BROKEN {
        report.failed("clock", text, advice);
    } else if apart_us > CLOCK_US_MAX {
        report.warning("clock", text, advice);
    } else {
        report.ok("clock", text);
    }
}
