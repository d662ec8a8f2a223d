//! Where a standby stands, and whether it may be read.

use sqlx::PgExecutor;

use super::frontier::Frontier;
use crate::store::Fallback;

/// A server that is to be a standby, beside a [`Frontier`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Standing {
    is_standby: bool,
    timeline: i64,
    system: i64,
    epoch: Option<i64>,
    /// What it has not taken over yet. Below zero if it is further.
    pub(in crate::store) lag_bytes: i64,
}

/// The control file is behind the log now and then, never before it: after a promotion it may take
/// the standby some minutes until it is used again.
const STANDING: &str = "
    SELECT pg_is_in_recovery() AS is_standby,
      greatest((pg_control_checkpoint()).timeline_id,
        (pg_control_recovery()).min_recovery_end_timeline)::bigint AS timeline,
      (pg_control_system()).system_identifier AS system,
      (SELECT value FROM meta WHERE key = 'epoch') AS epoch,
      coalesce(pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn())::bigint,
        9223372036854775807) AS lag_bytes";

/// What is read on the same connection afterwards is of this place or a later one. Within one
/// statement that would not hold: it may see less than what was taken over while it runs.
pub(in crate::store) async fn standing(
    standby: impl PgExecutor<'_>,
    frontier: &Frontier,
) -> Result<Standing, sqlx::Error> {
    let row = sqlx::query_as(STANDING).bind(&frontier.lsn);
    let (is_standby, timeline, system, epoch, lag_bytes) = row.fetch_one(standby).await?;
    Ok(Standing {
        is_standby,
        timeline,
        system,
        epoch,
        lag_bytes,
    })
}

impl Standing {
    /// Why it cannot be read, if so.
    pub(in crate::store) fn fallback(&self, frontier: &Frontier) -> Option<Fallback> {
        if self.system != frontier.system {
            Some(Fallback::OtherDatabase)
        } else if !self.is_standby {
            Some(Fallback::NotStandby)
        } else if self.timeline < frontier.timeline || self.lag_bytes > 0 {
            Some(Fallback::Behind)
        } else if self.epoch != Some(frontier.epoch) {
            Some(Fallback::OtherDatabase)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_standby_of_the_same_log_that_is_as_far_is_read() {
        let frontier = Frontier {
            lsn: "0/3000000".to_owned(),
            timeline: 2,
            system: 7,
            epoch: 5,
        };
        let well = Standing {
            is_standby: true,
            timeline: 2,
            system: 7,
            epoch: Some(5),
            lag_bytes: 0,
        };
        let judged = |change: &dyn Fn(&mut Standing)| {
            let mut standing = well.clone();
            change(&mut standing);
            standing.fallback(&frontier)
        };
        assert_eq!(judged(&|_| {}), None);
        assert_eq!(judged(&|one| one.lag_bytes = -9), None);
        assert_eq!(judged(&|one| one.timeline = 3), None);
        assert_eq!(judged(&|one| one.lag_bytes = 1), Some(Fallback::Behind));
        // It went on with the log of the server before, and may be further than this one.
        assert_eq!(judged(&|one| one.timeline = 1), Some(Fallback::Behind));
        let promoted = judged(&|one| one.is_standby = false);
        assert_eq!(promoted, Some(Fallback::NotStandby));
        assert_eq!(judged(&|one| one.system = 8), Some(Fallback::OtherDatabase));
        for epoch in [None, Some(6)] {
            let other = judged(&|one| one.epoch = epoch);
            assert_eq!(other, Some(Fallback::OtherDatabase));
        }
    }
}
