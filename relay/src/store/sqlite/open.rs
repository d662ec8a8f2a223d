//! Opening the database files.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, Connection as _, SqliteConnection, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;

use super::{failure::is_damage, schema};
use crate::{
    entropy::Entropy,
    store::{
        Inspection,
        migrations::{Told, explain},
    },
};
use seqline_protocol::Epoch;

/// Statements that a connection keeps prepared: each in several sizes, see [`super::bulk`].
/// Those of the largest commits take 3 MB.
const STATEMENTS_CACHED: usize = 96;

/// What the writer has of the memory for pages, of so many parts: messages go to the ends of
/// many timelines and conversations at once.
const WRITER_PARTS: u32 = 2;

/// What the index has of a reader's memory, of so many parts: only searches look at it.
const INDEX_PARTS: u32 = 4;

/// How the files are opened.
#[derive(Debug, Clone, Copy)]
pub struct SqliteSettings {
    /// Reading connections.
    pub readers: u32,
    /// Memory for pages of the database, of all connections together, in MiB: beside what
    /// the system keeps of the file.
    pub cache_mib: u32,
}

impl Default for SqliteSettings {
    fn default() -> Self {
        Self {
            readers: 4,
            cache_mib: 128,
        }
    }
}

impl SqliteSettings {
    /// With so many reading connections.
    #[must_use]
    pub fn with_readers(readers: u32) -> Self {
        Self {
            readers,
            ..Self::default()
        }
    }

    fn writer_cache_kib(self) -> u32 {
        self.cache_kib() / WRITER_PARTS
    }

    /// Of each reader, and of the one that fills the index for searches.
    fn other_cache_kib(self) -> u32 {
        (self.cache_kib() - self.writer_cache_kib()) / (self.readers + 1)
    }

    /// Of what a reader has, for the index that is attached to the database.
    fn index_cache_kib(self) -> u32 {
        self.other_cache_kib() / INDEX_PARTS
    }

    fn cache_kib(self) -> u32 {
        self.cache_mib.saturating_mul(1024)
    }
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
    /// There is no file.
    #[error("there is no database {0}: put the restored copy there first")]
    Missing(PathBuf),
    /// There is nothing of a relay in it.
    #[error("the database {0} has no tables of a relay: is it the restored copy?")]
    Empty(PathBuf),
    /// What is in it cannot be what was written.
    #[error(
        "the database {path} is damaged: {text}; docs/recovery.md says how to save what is in it"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        text: String,
    },
    /// SQLite refused.
    #[error("cannot open the database {path}: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// It cannot be made, or its schema is newer than this relay, or was changed by hand.
    #[error("cannot bring the database {path} to this relay's schema: {}", explain(.source))]
    Schema {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: MigrateError,
    },
}

/// What a store works with.
pub(super) struct Opened {
    pub(super) writer: SqliteConnection,
    pub(super) indexer: SqliteConnection,
    pub(super) readers: SqlitePool,
    pub(super) epoch: Epoch,
    pub(super) lock: File,
}

pub(super) async fn open(
    path: &Path,
    settings: SqliteSettings,
    entropy: &dyn Entropy,
) -> Result<Opened, OpenError> {
    let lock = migrate_locked(path, &mut |_| {}).await?;
    let search_path = search_path(path);
    let database = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let mut writer = SqliteConnection::connect_with(&writer_options(path, settings))
        .await
        .map_err(database)?;
    let epoch = schema::epoch(&mut writer, entropy)
        .await
        .map_err(database)?;
    let indexer = SqliteConnection::connect_with(&cached(
        search_options(&search_path),
        settings.other_cache_kib(),
    ))
    .await
    .map_err(|source| OpenError::Database {
        path: search_path.clone(),
        source,
    })?;
    let search_name = search_path.to_string_lossy().into_owned();
    let index_cache_kib = settings.index_cache_kib();
    let readers = SqlitePoolOptions::new()
        .max_connections(settings.readers)
        .min_connections(1)
        .after_connect(move |connection, _| {
            let search_name = search_name.clone();
            Box::pin(async move {
                sqlx::query("ATTACH DATABASE ? AS search")
                    .bind(search_name)
                    .execute(&mut *connection)
                    .await?;
                // What is attached has a cache of its own, of SQLite's own size.
                let cache_size = format!("PRAGMA search.cache_size = -{index_cache_kib}");
                sqlx::query(AssertSqlSafe(cache_size))
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .connect_with(cached(
            options(path).read_only(true),
            settings.other_cache_kib() - index_cache_kib,
        ))
        .await
        .map_err(database)?;
    Ok(Opened {
        writer,
        indexer,
        readers,
        epoch,
        lock,
    })
}

/// Brings the files' schemas up to date, and makes what is missing. Each step is told before.
pub(in crate::store) async fn migrate(path: &Path, told: &mut Told<'_>) -> Result<(), OpenError> {
    migrate_locked(path, told).await.map(drop)
}

async fn migrate_locked(path: &Path, told: &mut Told<'_>) -> Result<File, OpenError> {
    let lock = lock(path)?;
    let search_path = search_path(path);
    schema::migrate(options(path).create_if_missing(true), told)
        .await
        .map_err(|source| migration_failed(path, source))?;
    schema::migrate_search(search_options(&search_path).create_if_missing(true), told)
        .await
        .map_err(|source| migration_failed(&search_path, source))?;
    Ok(lock)
}

/// What the files are, as they are found.
pub(in crate::store) async fn inspect(path: &Path) -> Result<Inspection, OpenError> {
    let existing = |path: &Path| path.exists().then(|| options(path).read_only(true));
    let search_path = search_path(path);
    let mut steps = schema::steps(existing(path))
        .await
        .map_err(|source| migration_failed(path, source))?;
    let search = schema::search_steps(existing(&search_path))
        .await
        .map_err(|source| migration_failed(&search_path, source))?;
    steps.extend(search);
    let version = version().await.map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    Ok(Inspection {
        product: format!("SQLite {version}"),
        exists: path.exists(),
        steps,
        read_only: read_only(path),
        unsafe_settings: Vec::new(),
        wall: None,
        connections: None,
        is_in_use: is_in_use(path),
    })
}

async fn version() -> Result<String, sqlx::Error> {
    let mut memory = SqliteConnection::connect_with(&SqliteConnectOptions::new()).await?;
    sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut memory)
        .await
}

fn read_only(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let is_refused = fs::OpenOptions::new().write(true).open(path).is_err();
    (metadata.permissions().readonly() || is_refused).then(|| {
        format!(
            "the file {} may not be written to by this user",
            path.display()
        )
    })
}

fn is_in_use(path: &Path) -> bool {
    let lock = File::open(beside(path, ".lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

pub(super) fn search_path(path: &Path) -> PathBuf {
    beside(path, ".search")
}

pub(super) fn migration_failed(path: &Path, source: MigrateError) -> OpenError {
    damage(path, &source).unwrap_or_else(|| OpenError::Schema {
        path: path.to_owned(),
        source,
    })
}

/// If it is this that is wrong.
fn damage(path: &Path, error: &MigrateError) -> Option<OpenError> {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return None;
    };
    is_damage(error).then(|| OpenError::Damaged {
        path: path.to_owned(),
        text: error.to_string(),
    })
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(false)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .pragma("temp_store", "MEMORY")
}

fn cached(options: SqliteConnectOptions, cache_kib: u32) -> SqliteConnectOptions {
    // Below zero it is kibibytes, not pages.
    options.pragma("cache_size", format!("-{cache_kib}"))
}

fn writer_options(path: &Path, settings: SqliteSettings) -> SqliteConnectOptions {
    cached(options(path), settings.writer_cache_kib())
        // The log is folded back every 32 MiB instead of every 4.
        .pragma("wal_autocheckpoint", "8192")
}

/// What the index loses in a power failure it takes in again: it needs no sync of its own.
fn search_options(path: &Path) -> SqliteConnectOptions {
    options(path).synchronous(SqliteSynchronous::Normal)
}

/// A lock file beside the database, so that the file's own locks stay SQLite's.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let folder = |source| OpenError::Folder {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(folder)?;
    }
    let file = File::create(beside(path, ".lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
