//! Where the database itself stands: everything that anyone can have seen is before it.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{PgExecutor, PgPool};
use tokio::sync::Mutex;

/// A place in the log of the database, and whose log that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Frontier {
    /// As PostgreSQL writes it.
    pub(in crate::store) lsn: String,
    /// Counts promotions: logs of different ones part somewhere.
    pub(in crate::store) timeline: i64,
    /// Of the server, shared by all its standbys.
    pub(in crate::store) system: i64,
    /// The numbering: tells databases of one server apart.
    pub(in crate::store) epoch: i64,
}

/// A commit is flushed before anyone can see it.
const FRONTIER: &str = "
    SELECT pg_current_wal_flush_lsn()::text AS lsn,
      ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint AS timeline,
      (pg_control_system()).system_identifier AS system,
      (SELECT value FROM meta WHERE key = 'epoch') AS epoch";

pub(in crate::store) async fn frontier(
    primary: impl PgExecutor<'_>,
) -> Result<Frontier, sqlx::Error> {
    let (lsn, timeline, system, epoch) = sqlx::query_as(FRONTIER).fetch_one(primary).await?;
    Ok(Frontier {
        lsn,
        timeline,
        system,
        epoch,
    })
}

/// Asks for it once for all who wait.
#[derive(Default)]
pub(super) struct Asker {
    begun: AtomicU64,
    answered: Mutex<(u64, Option<Frontier>)>,
}

impl Asker {
    /// Where the database stands, as of after the call.
    pub(super) async fn ask(&self, primary: &PgPool) -> Result<Frontier, sqlx::Error> {
        // A question that was asked before may have been answered before something was stored.
        let before = self.begun.load(Ordering::SeqCst);
        let mut answered = self.answered.lock().await;
        if let (number, Some(frontier)) = &*answered
            && *number > before
        {
            return Ok(frontier.clone());
        }
        let number = 1 + self.begun.fetch_add(1, Ordering::SeqCst);
        let frontier = frontier(primary).await?;
        *answered = (number, Some(frontier.clone()));
        Ok(frontier)
    }
}
