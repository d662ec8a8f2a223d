//! PostgreSQL: one database for several relays.
//!
//! A commit is one transaction in READ COMMITTED; see [`transaction`]. Where two relays get
//! in each other's way, the database ends one of the two and its store begins again.
//! A read is one statement, so that it is one snapshot.

mod age;
mod broadcasts;
mod columns;
mod epoch;
mod failure;
mod hooks;
mod index;
mod inspect;
mod names;
mod partitions;
mod reads;
mod relays;
mod replica;
mod schema;
mod transaction;

use std::{str::FromStr as _, time::Duration};

use seqline_protocol::{AppId, ClientMsgId, Epoch, Micros, Secret, UserId};
use sqlx::{
    PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use thiserror::Error;
use tokio::time::timeout;

use self::{
    age::Ageing,
    failure::{failure, is_in_the_way},
    names::NameCache,
    partitions::Partitions,
    replica::Replica,
    transaction::PostgresTransaction,
};
pub(super) use self::{
    epoch::{begin_epoch, epoch},
    inspect::{inspect, inspect_replica, migrate},
};
use super::{
    Commit, CommitRules, Conversations, ConversationsQuery, DeviceRow, Found, Group, GroupQuery,
    HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery, News, Op, PROBE, Page,
    PageQuery, Position, Reading, Receipts, ReceiptsQuery, RelayId, ReplicaCounts, ReplicaQuery,
    SearchQuery, SentAs, SessionNumber, Store, StoreError, Swept, SweptCrowd, UserState, ledger,
    migrations::explain, rows::number,
};
use crate::{account::Account, entropy::Entropy};

/// How PostgreSQL is used.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with libpq's parameters.
    pub url: String,
    /// The same of a standby, which history and searches are read from while it can be.
    pub read_url: Option<Secret>,
    /// Reading connections at most, to each of the two.
    pub readers: u32,
    /// How much time one partition of the timelines covers, in microseconds: at least one.
    pub partition_us: u64,
}

/// A PostgreSQL database.
pub struct PostgresStore {
    writers: PgPool,
    readers: PgPool,
    replica: Option<Replica>,
    names: NameCache,
    partitions: Partitions,
    ageing: Ageing,
    rules: CommitRules,
    epoch: Epoch,
    /// Tells this store from others on the same database.
    holder: i64,
}

/// Why a database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL is none.
    #[error("the database URL cannot be used: {0}")]
    Url(sqlx::Error),
    /// It cannot be reached, or does not let us in.
    #[error("cannot connect to the database {database}: {source}")]
    Connect {
        /// Host and name, without the password.
        database: String,
        /// What is wrong.
        source: sqlx::Error,
    },
    /// It cannot be made, or its schema is newer than this relay, or was changed by hand.
    #[error("cannot bring the database {database} to this relay's schema: {}", explain(.source))]
    Schema {
        /// Host and name.
        database: String,
        /// What is wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// What is to be changed must not be in use.
    #[error(
        "{sessions} sessions of relays are on the database {database}, from {from}; stop every \
         relay that uses it, and try again"
    )]
    InUse {
        /// Host and name.
        database: String,
        /// How many sessions.
        sessions: usize,
        /// Addresses.
        from: String,
    },
    /// There is nothing of a relay in it.
    #[error("the database {0} has no tables of a relay: restore the backup into it first")]
    Empty(String),
}

/// What sessions of relays are called; those for one purpose have its name after this.
const APPLICATION: &str = "seqline-relay";

/// Commits in progress at once, at most. The relay has one writer; tests have more.
const WRITERS_MAX: u32 = 4;

/// How often a commit is begun before others in its way make it fail.
const ATTEMPTS_MAX: usize = 8;

/// Time to get a connection. Longer is [`StoreError::Busy`].
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Time for one attempt at a commit: a database that went away without a word does not
/// hold the writer for ever.
const COMMIT_WAIT: Duration = Duration::from_secs(60);

impl PostgresStore {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        settings: &PostgresSettings,
        rules: CommitRules,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let options = options(&settings.url)?;
        let read_options = settings
            .read_url
            .as_ref()
            .map(|url| self::options(url.expose()));
        let read_options = read_options.transpose()?;
        let database = described(&options);
        let connect = |source| OpenError::Connect {
            database: database.clone(),
            source,
        };
        let writers = pool(WRITERS_MAX)
            .connect_with(options.clone())
            .await
            .map_err(connect)?;
        schema::migrate(&writers, &mut |_| {})
            .await
            .map_err(|source| OpenError::Schema {
                database: database.clone(),
                source,
            })?;
        let epoch = schema::epoch(&writers, entropy).await.map_err(connect)?;
        let readers = pool(settings.readers)
            .connect_with(options)
            .await
            .map_err(connect)?;
        Ok(Self {
            writers,
            readers,
            replica: read_options
                .map(|options| Replica::new(options, settings.readers, entropy.number())),
            names: NameCache::default(),
            partitions: Partitions::new(settings.partition_us),
            ageing: Ageing::default(),
            rules,
            epoch,
            holder: i64::from_le_bytes(entropy.number().to_le_bytes()),
        })
    }

    /// A standby to read from; none if the database itself is to be read.
    async fn replica(&self, query: ReplicaQuery) -> Option<replica::Reading<'_>> {
        self.replica.as_ref()?.reading(query, &self.readers).await
    }

    async fn reader(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.readers.acquire().await.map_err(failure)
    }

    async fn try_commit(&self, ops: &[Op], now: Micros) -> Result<Commit, sqlx::Error> {
        let mut transaction = PostgresTransaction::new(&self.writers, &self.names, self.holder);
        let commit = ledger::run(&mut transaction, ops, now, &self.rules).await?;
        transaction.commit().await?;
        Ok(commit)
    }

    async fn commit_at_last(&self, ops: &[Op], now: Micros) -> Result<Commit, StoreError> {
        self.partitions.prepare(&self.writers, now).await;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let attempt = timeout(COMMIT_WAIT, self.try_commit(ops, now)).await;
            match attempt {
                Ok(Ok(commit)) => return Ok(commit),
                Ok(Err(error)) if is_in_the_way(&error) && attempts < ATTEMPTS_MAX => {
                    tracing::debug!(%error, attempts, "a commit begins again");
                }
                Ok(Err(error)) => return Err(failure(error)),
                Err(_) => {
                    let text = format!("no answer within {COMMIT_WAIT:?}");
                    return Err(StoreError::Failed(text));
                }
            }
        }
    }
}

impl Store for PostgresStore {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit> {
        Box::pin(async move { self.commit_at_last(&ops, now).await })
    }

    fn position<'a>(&'a self, account: &'a Account) -> Reading<'a, Position> {
        Box::pin(async move {
            reads::position(&self.readers, account, self.epoch)
                .await
                .map_err(failure)
        })
    }

    fn page(&self, query: PageQuery) -> Reading<'_, Page> {
        Box::pin(async move { reads::page(&self.readers, &query).await.map_err(failure) })
    }

    fn history(&self, query: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        Box::pin(async move {
            if let Some(replica) = self.replica(ReplicaQuery::History).await {
                let read = replica.read(async |standby| reads::history(standby, &query).await);
                if let Some(found) = read.await {
                    return Ok(found);
                }
            }
            let read = reads::history(&mut *self.reader().await?, &query).await;
            read.map_err(failure)
        })
    }

    fn sent_as<'a>(
        &'a self,
        from: &'a Account,
        ids: &'a [ClientMsgId],
    ) -> Reading<'a, Vec<SentAs>> {
        Box::pin(async move {
            reads::sent_as(&self.readers, from, ids)
                .await
                .map_err(failure)
        })
    }

    fn conversations(&self, query: ConversationsQuery) -> Reading<'_, Conversations> {
        Box::pin(async move {
            if let Some(replica) = self.replica(ReplicaQuery::Conversations).await {
                let read =
                    replica.read(async |standby| reads::conversations(standby, &query).await);
                if let Some(found) = read.await {
                    return Ok(found);
                }
            }
            let read = reads::conversations(&mut *self.reader().await?, &query).await;
            read.map_err(failure)
        })
    }

    fn group(&self, query: GroupQuery) -> Reading<'_, Option<Group>> {
        Box::pin(async move { reads::group(&self.readers, &query).await.map_err(failure) })
    }

    fn members(&self, query: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        Box::pin(async move { reads::members(&self.readers, &query).await.map_err(failure) })
    }

    fn receipts(&self, query: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        Box::pin(async move {
            reads::receipts(&self.readers, &query)
                .await
                .map_err(failure)
        })
    }

    fn search(&self, query: SearchQuery) -> Reading<'_, Found> {
        Box::pin(async move {
            if let Some(replica) = self.replica(ReplicaQuery::Search).await {
                let read = replica.read(async |standby| reads::search(standby, &query).await);
                if let Some(found) = read.await {
                    return Ok(found);
                }
            }
            let read = reads::search(&mut *self.reader().await?, &query).await;
            read.map_err(failure)
        })
    }

    fn devices<'a>(&'a self, account: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        Box::pin(async move {
            reads::devices(&self.readers, self.holder, account)
                .await
                .map_err(failure)
        })
    }

    fn users<'a>(&'a self, app: &'a AppId, users: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        Box::pin(async move {
            reads::users(&self.readers, self.holder, app, users)
                .await
                .map_err(failure)
        })
    }

    fn age(&self, before: Micros) -> Reading<'_, bool> {
        Box::pin(async move {
            age::step(&self.writers, &self.ageing, before)
                .await
                .map_err(failure)
        })
    }

    fn index(&self) -> Reading<'_, bool> {
        Box::pin(async move { index::step(&self.writers).await.map_err(failure) })
    }

    fn hooks<'a>(&'a self, app: &'a AppId, limit: usize, now: Micros) -> Reading<'a, Vec<Hook>> {
        Box::pin(async move {
            hooks::due(&self.writers, self.holder, app, limit, now)
                .await
                .map_err(failure)
        })
    }

    fn hooks_done(&self, hooks: Vec<HookId>) -> Reading<'_, ()> {
        Box::pin(async move { hooks::done(&self.writers, &hooks).await.map_err(failure) })
    }

    fn hook_failed(&self, hook: HookId, due: Micros) -> Reading<'_, ()> {
        Box::pin(async move {
            hooks::failed(&self.writers, hook, due)
                .await
                .map_err(failure)
        })
    }

    fn shared_as(&self) -> Option<Epoch> {
        Some(self.epoch)
    }

    fn session_number(&self) -> Reading<'_, SessionNumber> {
        Box::pin(async move {
            let next: i64 = sqlx::query_scalar("SELECT nextval('session_number')")
                .fetch_one(&self.readers)
                .await
                .map_err(failure)?;
            Ok(SessionNumber(number(next)))
        })
    }

    fn news<'a>(&'a self, sessions: &'a [Swept], crowds: &'a [SweptCrowd]) -> Reading<'a, News> {
        Box::pin(async move {
            reads::news(&self.readers, sessions, crowds)
                .await
                .map_err(failure)
        })
    }

    fn replica_counts(&self) -> ReplicaCounts {
        self.replica
            .as_ref()
            .map(Replica::counts)
            .unwrap_or_default()
    }

    fn attend(&self, lease: Duration) -> Reading<'_, Vec<RelayId>> {
        Box::pin(async move {
            relays::attend(&self.writers, self.holder, lease)
                .await
                .map_err(failure)
        })
    }

    fn leave(&self) -> Reading<'_, ()> {
        Box::pin(async move {
            relays::leave(&self.writers, self.holder)
                .await
                .map_err(failure)
        })
    }

    fn ping(&self) -> Reading<'_, ()> {
        Box::pin(async move {
            sqlx::query("SELECT 1")
                .execute(&self.readers)
                .await
                .map_err(failure)?;
            Ok(())
        })
    }

    fn probe(&self) -> Reading<'_, ()> {
        Box::pin(async move {
            sqlx::query(PROBE)
                .execute(&self.writers)
                .await
                .map_err(failure)?;
            Ok(())
        })
    }
}

fn pool(connections_max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(CONNECT_WAIT)
}

/// What is said to every session. A relay that hangs, or is cut off, in the middle of a commit
/// holds others up until the idle timeout; that is far longer than what passes between two
/// statements of one. `lock_timeout` bounds what waits for anything else. Compiling short
/// statements takes longer than running them.
fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .application_name(APPLICATION)
        .options([
            ("synchronous_commit", "on"),
            ("lock_timeout", "20s"),
            ("idle_in_transaction_session_timeout", "5s"),
            ("jit", "off"),
        ]))
}

pub(super) fn described(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("(default)");
    match options.get_socket() {
        Some(folder) => format!("{database} at {}", folder.display()),
        None => format!(
            "{database} at {}:{}",
            options.get_host(),
            options.get_port()
        ),
    }
}
