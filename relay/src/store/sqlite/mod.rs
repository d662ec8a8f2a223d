//! The embedded backend: one file, one writing connection, several reading ones.

mod commit;
mod conversations;
mod history;
mod names;
mod page;
mod rows;
mod schema;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::BoxFuture;
use seqline_protocol::{Epoch, Micros, Seq};
use sqlx::{
    Connection as _, Row as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;
use tokio::sync::Mutex;

use self::{names::Names, rows::number};
use super::{
    Commit, CommitRules, Conversations, ConversationsQuery, HistoryPage, HistoryQuery, Op, Page,
    PageQuery, Position, Store, StoreError,
};
use crate::{account::Account, entropy::Entropy};

/// SQLite in WAL mode, synced at every commit.
pub struct SqliteStore {
    writer: Mutex<Writer>,
    readers: SqlitePool,
    epoch: Epoch,
    /// Held for as long as the store lives.
    _lock: File,
}

struct Writer {
    connection: SqliteConnection,
    names: Names,
    rules: CommitRules,
}

/// Why a database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Its folder or lock file cannot be made.
    #[error("cannot prepare the folder of the database {path}: {source}")]
    Folder {
        /// The database.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two relays on one file would not wake each other's devices.
    #[error("another relay is using the database {0}; stop it, or choose another --database")]
    InUse(PathBuf),
    /// SQLite refused.
    #[error("cannot open the database {path}: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// It cannot be made, or its schema is newer than this relay, or was changed by hand.
    #[error("cannot bring the database {path} to this relay's schema: {source}")]
    Schema {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: sqlx::migrate::MigrateError,
    },
}

impl SqliteStore {
    /// Opens the database, makes it if it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        path: &Path,
        readers: u32,
        rules: CommitRules,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let database = |source| OpenError::Database {
            path: path.to_owned(),
            source,
        };
        schema::migrate(options(path).create_if_missing(true))
            .await
            .map_err(|source| OpenError::Schema {
                path: path.to_owned(),
                source,
            })?;
        let mut connection = SqliteConnection::connect_with(&options(path))
            .await
            .map_err(database)?;
        let epoch = schema::epoch(&mut connection, entropy)
            .await
            .map_err(database)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers)
            .min_connections(1)
            .connect_with(options(path).read_only(true))
            .await
            .map_err(database)?;
        let writer = Writer {
            connection,
            names: Names::default(),
            rules,
        };
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
            epoch,
            _lock: lock,
        })
    }

    async fn read_position(&self, account: &Account) -> Result<Position, sqlx::Error> {
        let row = sqlx::query(
            "SELECT user.head, user.floor, user.delivered
             FROM app JOIN user USING (app_id) WHERE app.name = ?1 AND user.name = ?2",
        )
        .bind(account.app.as_str())
        .bind(account.user.as_str())
        .fetch_optional(&self.readers)
        .await?;
        let seq = |column: usize, absent: u64| match &row {
            Some(row) => Ok::<_, sqlx::Error>(Seq::saturating(number(row.try_get(column)?))),
            None => Ok(Seq::saturating(absent)),
        };
        Ok(Position {
            epoch: self.epoch,
            head: seq(0, 0)?,
            floor: seq(1, 1)?,
            delivered: seq(2, 0)?,
        })
    }
}

impl Store for SqliteStore {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> BoxFuture<'_, Result<Commit, StoreError>> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            let Writer {
                connection,
                names,
                rules,
            } = &mut *writer;
            commit::commit(connection, names, *rules, &ops, now)
                .await
                .map_err(StoreError::from)
        })
    }

    fn position<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<Position, StoreError>> {
        Box::pin(async move { Ok(self.read_position(account).await?) })
    }

    fn page(&self, query: PageQuery) -> BoxFuture<'_, Result<Page, StoreError>> {
        Box::pin(async move { Ok(page::read(&self.readers, &query).await?) })
    }

    fn history(
        &self,
        query: HistoryQuery,
    ) -> BoxFuture<'_, Result<Option<HistoryPage>, StoreError>> {
        Box::pin(async move { Ok(history::read(&self.readers, &query).await?) })
    }

    fn conversations(
        &self,
        query: ConversationsQuery,
    ) -> BoxFuture<'_, Result<Conversations, StoreError>> {
        Box::pin(async move { Ok(conversations::read(&self.readers, &query).await?) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            sqlx::query("SELECT value FROM meta WHERE key = 'epoch'")
                .fetch_one(&self.readers)
                .await?;
            Ok(())
        })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_BUSY and SQLITE_LOCKED, whose extended codes share the low byte.
        let busy = error
            .as_database_error()
            .and_then(|error| error.code()?.parse::<u32>().ok())
            .is_some_and(|code| matches!(code & 0xff, 5 | 6));
        if busy || matches!(error, sqlx::Error::PoolTimedOut) {
            Self::Busy(error.to_string())
        } else {
            Self::Failed(error.to_string())
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(false)
        // 16 MiB a connection; and the log is folded back every 32 MiB instead of every 4.
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "8192")
        .pragma("temp_store", "MEMORY")
}

/// A lock file beside the database, so that the file's own locks stay SQLite's.
fn lock(path: &Path) -> Result<File, OpenError> {
    let folder = |source| OpenError::Folder {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::create(name).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

#[cfg(test)]
mod tests;
