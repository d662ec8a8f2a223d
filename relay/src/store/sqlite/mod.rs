//! The embedded backend: one file, one writing connection, several reading ones.

mod schema;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use seqline_protocol::{AppId, Epoch, Micros, UserId};
use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;
use tokio::sync::Mutex;

use super::{
    Commit, CommitRules, Conversations, ConversationsQuery, DeviceRow, Found, Group, GroupQuery,
    HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery, Op, Page, PageQuery, Position,
    Reading, Receipts, ReceiptsQuery, SearchQuery, Store, StoreError, UserState,
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
        let writer = Writer { connection, rules };
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
            epoch,
            _lock: lock,
        })
    }
}

impl Store for SqliteStore {
    fn commit(&self, _: Vec<Op>, _: Micros) -> Reading<'_, Commit> {
        missing()
    }
    fn position<'a>(&'a self, _: &'a Account) -> Reading<'a, Position> {
        missing()
    }
    fn page(&self, _: PageQuery) -> Reading<'_, Page> {
        missing()
    }
    fn history(&self, _: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        missing()
    }
    fn conversations(&self, _: ConversationsQuery) -> Reading<'_, Conversations> {
        missing()
    }
    fn group(&self, _: GroupQuery) -> Reading<'_, Option<Group>> {
        missing()
    }
    fn members(&self, _: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        missing()
    }
    fn receipts(&self, _: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        missing()
    }
    fn search(&self, _: SearchQuery) -> Reading<'_, Found> {
        missing()
    }
    fn devices<'a>(&'a self, _: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        missing()
    }
    fn users<'a>(&'a self, _: &'a AppId, _: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        missing()
    }
    fn age(&self, _: Micros) -> Reading<'_, bool> {
        missing()
    }
    fn index(&self) -> Reading<'_, bool> {
        missing()
    }
    fn hooks<'a>(&'a self, _: &'a AppId, _: usize, _: Micros) -> Reading<'a, Vec<Hook>> {
        missing()
    }
    fn hooks_done(&self, _: Vec<HookId>) -> Reading<'_, ()> {
        missing()
    }
    fn hook_failed(&self, _: HookId, _: Micros) -> Reading<'_, ()> {
        missing()
    }
    fn ping(&self) -> Reading<'_, ()> {
        missing()
    }
}

fn missing<T: std::marker::Send + 'static>() -> Reading<'static, T> {
    Box::pin(async { Err(StoreError::Failed("being rebuilt".to_owned())) })
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
