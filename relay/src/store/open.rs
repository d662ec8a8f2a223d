//! Which backend it is: the database's URL says.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use seqline_protocol::{Epoch, Secret};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use super::{
    CommitRules, Inspection, NewEpoch, ReplicaInspection, SchemaStep, Store,
    postgres::{self, PostgresSettings, PostgresStore},
    sqlite::{self, SqliteSettings, SqliteStore},
};
use crate::entropy::Entropy;

/// Where everything is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// `sqlite:PATH`: a file of this machine.
    Sqlite(PathBuf),
    /// `postgres://…`: a server, which several relays may use.
    Postgres(String),
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The URL of a standby of a PostgreSQL server, to read from.
    pub read_url: Option<Secret>,
    /// Reading connections.
    pub readers: u32,
    /// SQLite's memory for pages, in MiB.
    pub sqlite_cache_mib: u32,
    /// How long timeline entries are kept: PostgreSQL's partitions are as wide as fits.
    pub sync_ttl: Duration,
}

/// Why a database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// The server.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

/// A partition covers so much of the time that entries are kept: they are kept for up to an
/// eighth longer than asked for, and a page looks into some ten partitions at most.
const PARTITIONS_OF_TTL: u32 = 8;

/// Narrower ones would be made more often than is worth it.
const PARTITION_MIN: Duration = Duration::from_secs(3600);

impl Database {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, without any password that it has.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match PgConnectOptions::from_str(text) {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(error) => Err(format!(
                    "this is not postgres://USER:PASSWORD@HOST:PORT/DATABASE: {error}"
                )),
            };
        }
        text.strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
            .filter(|path| !path.is_empty() && !path.starts_with(":memory:"))
            .map(|path| Self::Sqlite(PathBuf::from(path)))
            .ok_or_else(|| {
                // Whatever stands before an @ may be a password.
                let shown = text.rsplit_once('@').map_or(text, |(_, after)| after);
                format!(
                    "{shown:?} is neither sqlite:PATH, such as sqlite:data/seqline.db, nor \
                     postgres://USER:PASSWORD@HOST:PORT/DATABASE"
                )
            })
    }

    /// Brings its schema up to date, and makes it if it is a file that is missing. Each step is
    /// told before it is taken.
    ///
    /// # Errors
    /// [`OpenError`]; a file must not be in use.
    pub async fn migrate(&self, mut told: impl FnMut(&SchemaStep) + Send) -> Result<(), OpenError> {
        match self {
            Self::Sqlite(path) => sqlite::migrate(path, &mut told).await?,
            Self::Postgres(url) => postgres::migrate(url, &mut told).await?,
        }
        Ok(())
    }

    /// Looks at it, and changes nothing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn inspect(&self) -> Result<Inspection, OpenError> {
        Ok(match self {
            Self::Sqlite(path) => sqlite::inspect(path).await?,
            Self::Postgres(url) => postgres::inspect(url).await?,
        })
    }

    /// Which numbering its timelines have; none if no relay ever ran on it.
    ///
    /// # Errors
    /// [`OpenError`]; a relay must not be running on it.
    pub async fn epoch(&self) -> Result<Option<Epoch>, OpenError> {
        Ok(match self {
            Self::Sqlite(path) => sqlite::epoch(path).await?,
            Self::Postgres(url) => postgres::epoch(url).await?,
        })
    }

    /// Begins a new numbering: devices that know the one before start over.
    ///
    /// # Errors
    /// [`OpenError`], and nothing is changed; a relay must not be running on it.
    pub async fn begin_epoch(&self, entropy: &dyn Entropy) -> Result<NewEpoch, OpenError> {
        Ok(match self {
            Self::Sqlite(path) => sqlite::begin_epoch(path, entropy).await?,
            Self::Postgres(url) => postgres::begin_epoch(url, entropy).await?,
        })
    }

    /// Looks at a standby beside it. None if it is a file, which has none.
    ///
    /// # Errors
    /// [`OpenError`], of either.
    pub async fn inspect_replica(
        &self,
        read_url: &str,
    ) -> Result<Option<ReplicaInspection>, OpenError> {
        Ok(match self {
            Self::Sqlite(_) => None,
            Self::Postgres(url) => Some(postgres::inspect_replica(url, read_url).await?),
        })
    }

    /// The folder of its file, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        let Self::Sqlite(path) = self else {
            return None;
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")))
    }

    /// Opens it, makes it if it is missing (a file; a server's database must be there), and
    /// brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        &self,
        settings: StoreSettings,
        rules: CommitRules,
        entropy: &dyn Entropy,
    ) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Self::Sqlite(path) => {
                let settings = SqliteSettings {
                    readers: settings.readers,
                    cache_mib: settings.sqlite_cache_mib,
                };
                Arc::new(SqliteStore::open(path, settings, rules, entropy).await?)
            }
            Self::Postgres(url) => {
                let settings = PostgresSettings {
                    url: url.clone(),
                    read_url: settings.read_url,
                    readers: settings.readers,
                    partition_us: partition_us(settings.sync_ttl),
                };
                Arc::new(PostgresStore::open(&settings, rules, entropy).await?)
            }
        })
    }
}

fn partition_us(sync_ttl: Duration) -> u64 {
    let width = (sync_ttl / PARTITIONS_OF_TTL).max(PARTITION_MIN);
    u64::try_from(width.as_micros()).unwrap_or(u64::MAX)
}

/// Which one it is, for people: without user and password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => f.write_str(&postgres::described(&options)),
                Err(_) => f.write_str("(not a URL)"),
            },
        }
    }
}

/// Without the password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_which_backend_it_is() {
        let sqlite = |path: &str| Ok(Database::Sqlite(PathBuf::from(path)));
        assert_eq!(Database::parse("sqlite:data/x.db"), sqlite("data/x.db"));
        assert_eq!(Database::parse("sqlite:///data/x.db"), sqlite("/data/x.db"));
        for url in ["postgres://u:p@h:1/d", "postgresql:///d?host=/run"] {
            assert_eq!(Database::parse(url), Ok(Database::Postgres(url.to_owned())));
        }
        for text in ["", "sqlite:", "sqlite::memory:", "mysql://x", "data/x.db"] {
            assert!(Database::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = "postgres://user:sesame@host:none/db";
        assert!(!Database::parse(url).unwrap_err().contains("sesame"));
        let url = "postgres://user:sesame@host/db";
        let database = Database::parse(url).unwrap();
        assert!(!format!("{database:?} {database}").contains("sesame"));
        assert_eq!(database.to_string(), "db at host:5432");
    }

    #[test]
    fn partitions_are_an_eighth_of_the_lifetime_and_an_hour_at_least() {
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(partition_us(30 * day), 324_000_000_000);
        assert_eq!(partition_us(Duration::from_secs(60)), 3_600_000_000);
    }
}
