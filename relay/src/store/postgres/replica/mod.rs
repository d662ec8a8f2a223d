//! A standby that is read in the place of the database itself.
//!
//! **No device sees less than it knows.** Whatever it knows was stored before it asked. So each read
//! begins with a question to the database itself: how far is your log? It costs no look at any
//! table, and is asked once for all who wait. The standby is read once it has taken over all of
//! that; if it has not within [`WAIT`], the database itself is. What is recalled, hidden or said
//! since then holds on the standby as well, and so does who may see it.

mod frontier;
mod rest;
mod standing;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{
    PgConnection, PgPool, Postgres,
    error::DatabaseError,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use self::{frontier::Asker, rest::Rest};
pub(super) use self::{
    frontier::{Frontier, frontier},
    standing::standing,
};
use crate::store::{Fallback, ReplicaCounts, ReplicaQuery};

/// How long it is waited for a standby that is behind: one that follows over a network is, by some
/// milliseconds.
const WAIT: Duration = Duration::from_millis(100);

/// From one look whether it is as far to the next, to begin with.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(1);

/// Time to connect, and for it to say how far it is, beside [`WAIT`].
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Time for a read.
const READ_WAIT: Duration = Duration::from_secs(5);

/// A table or function that there is not.
const UNDEFINED: [&str; 2] = ["42P01", "42883"];

/// A standby.
pub(super) struct Replica {
    pool: PgPool,
    asker: Asker,
    rest: Rest,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    reads: [AtomicU64; ReplicaQuery::ALL.len()],
    fallbacks: [AtomicU64; Fallback::ALL.len()],
}

/// A connection to a standby that is far enough, for one read.
pub(super) struct Reading<'a> {
    replica: &'a Replica,
    query: ReplicaQuery,
    connection: PoolConnection<Postgres>,
}

impl Replica {
    /// Connects when it is first asked: it need not be there. The seed makes the times at which it
    /// is tried again differ from those of other relays.
    pub(super) fn new(options: PgConnectOptions, connections_max: u32, seed: u64) -> Self {
        Self {
            pool: PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(ANSWER_WAIT)
                .connect_lazy_with(options),
            asker: Asker::default(),
            rest: Rest::new(seed),
            counts: Counts::default(),
        }
    }

    /// A connection on which everything is seen that is stored by now. None if the database itself
    /// is to be read.
    pub(super) async fn reading(
        &self,
        query: ReplicaQuery,
        primary: &PgPool,
    ) -> Option<Reading<'_>> {
        if let Err(why) = self.rest.may_try() {
            self.counts.fell_back(why);
            return None;
        }
        // Without it nothing can be promised. The database itself says why it fails.
        let frontier = self.asker.ask(primary).await;
        let frontier = frontier
            .inspect_err(|error| tracing::debug!(%error, "the database does not say how far it is"))
            .ok()?;
        let connecting = timeout(ANSWER_WAIT + WAIT, self.connection_at(&frontier));
        match connecting.await.unwrap_or(Err(Fallback::Away)) {
            Ok(connection) => Some(Reading {
                replica: self,
                query,
                connection,
            }),
            Err(why) => {
                self.fell_back(why);
                None
            }
        }
    }

    pub(super) fn counts(&self) -> ReplicaCounts {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ReplicaCounts {
            reads: self.counts.reads.each_ref().map(now),
            fallbacks: self.counts.fallbacks.each_ref().map(now),
        }
    }

    async fn connection_at(
        &self,
        frontier: &Frontier,
    ) -> Result<PoolConnection<Postgres>, Fallback> {
        let connected = self.pool.acquire().await;
        let mut connection = connected.map_err(|error| fallback(&error))?;
        let (mut waited, mut pause) = (Duration::ZERO, LOOK_AGAIN_AFTER);
        loop {
            let standing = standing(&mut *connection, frontier).await;
            let standing = standing.map_err(|error| fallback(&error))?;
            match standing.fallback(frontier) {
                None => return Ok(connection),
                Some(Fallback::Behind) if waited < WAIT => {}
                Some(why) => return Err(why),
            }
            sleep(pause).await;
            waited += pause;
            pause = (2 * pause).min(WAIT - waited.min(WAIT));
        }
    }

    fn fell_back(&self, why: Fallback) {
        self.rest.failed(why);
        self.counts.fell_back(why);
    }
}

impl Reading<'_> {
    /// Reads. None if that failed, and the database itself is to be read.
    pub(super) async fn read<T>(
        mut self,
        read: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Option<T> {
        let read = timeout(READ_WAIT, read(&mut self.connection)).await;
        let why = match read {
            Ok(Ok(found)) => {
                self.replica.rest.went_well();
                self.replica.counts.read(self.query);
                return Some(found);
            }
            Ok(Err(error)) => fallback(&error),
            Err(_) => Fallback::Away,
        };
        self.replica.fell_back(why);
        None
    }
}

impl Counts {
    fn read(&self, query: ReplicaQuery) {
        add(&self.reads, query as usize);
    }

    fn fell_back(&self, why: Fallback) {
        add(&self.fallbacks, why as usize);
    }
}

fn add(counts: &[AtomicU64], place: usize) {
    if let Some(count) = counts.get(place) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn fallback(error: &sqlx::Error) -> Fallback {
    tracing::debug!(%error, "the standby failed");
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code {
        None => Fallback::Away,
        Some(code) if UNDEFINED.contains(&&*code) => Fallback::OtherDatabase,
        Some(_) => Fallback::Failed,
    }
}
