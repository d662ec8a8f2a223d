//! The standby that is read: whether it is one, of this database, and how far it is.

use std::time::Duration;

use tokio::time::timeout;

use super::report::Report;
use crate::store::{Database, Fallback, ReplicaInspection};

/// One that does not answer within it is away.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// What is on its way to a standby while much is written.
const LAG_BYTES_USUAL: i64 = 16 * 1024 * 1024;

const MIB: i64 = 1024 * 1024;

pub(super) async fn look(database: &Database, read_url: &str, report: &mut Report) {
    let advice = "start it, or correct `database_read_url`; until then the database itself is read";
    match timeout(ANSWER_WAIT, database.inspect_replica(read_url)).await {
        Ok(Ok(Some(found))) => judge(&found, report),
        Ok(Ok(None)) => {}
        Ok(Err(error)) => report.warning("standby", error.to_string(), advice),
        Err(_) => {
            let text = format!("no answer within {} s", ANSWER_WAIT.as_secs());
            report.warning("standby", text, advice);
        }
    }
}

fn judge(found: &ReplicaInspection, report: &mut Report) {
    let lag_bytes = found.lag_bytes.max(0);
    match found.fallback {
        None => report.ok("standby", "it has all that is stored"),
        Some(Fallback::Behind) if lag_bytes <= LAG_BYTES_USUAL => {
            report.ok("standby", format!("it follows, {lag_bytes} bytes behind"));
        }
        Some(Fallback::Behind) => report.warning(
            "standby",
            format!("it is {} MiB behind: the database itself is read", lag_bytes / MIB),
            "see on the standby why (pg_stat_wal_receiver, pg_is_wal_replay_paused()), and on the \
             primary server (pg_stat_replication)",
        ),
        Some(Fallback::NotStandby) => report.failed(
            "standby",
            "the server of `database_read_url` is no standby: it was promoted, or is the primary one",
            "name one that follows, or leave `database_read_url` away",
        ),
        Some(other) => report.failed(
            "standby",
            format!("`database_read_url` is no standby of `database` ({other})"),
            "name a physical standby (streaming replication) of the same server, and the same \
             database on it",
        ),
    }
}
