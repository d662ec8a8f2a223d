//! A database to try things in, beside the real one and apart from it, that is thrown away.

use std::{io, path::Path, str::FromStr as _};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions,
};
use tempfile::TempDir;
use thiserror::Error;

use super::Database;
use crate::entropy::Entropy;

/// A database of its own. A file's folder is removed when it is dropped; a server's database by
/// [`Scratch::remove`].
pub struct Scratch {
    database: Database,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server {
        options: Box<PgConnectOptions>,
        name: String,
    },
}

/// Why there is none.
#[derive(Debug, Error)]
pub enum ScratchError {
    /// No folder for it.
    #[error("cannot make a folder in {folder}: {source}")]
    Folder {
        /// Where.
        folder: String,
        /// What the system says.
        source: io::Error,
    },
    /// No database on the server.
    #[error(
        "cannot make a database on the server: {0}; the role needs CREATEDB (ALTER ROLE … CREATEDB)"
    )]
    Server(#[from] sqlx::Error),
}

impl Scratch {
    /// Makes one: in a folder if the real one is a file, else on the same server.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub async fn beside(
        real: &Database,
        folder: &Path,
        entropy: &dyn Entropy,
    ) -> Result<Self, ScratchError> {
        match real {
            Database::Sqlite(_) => Self::in_folder(folder),
            Database::Postgres(url) => Self::on_server(url, entropy).await,
        }
    }

    fn in_folder(folder: &Path) -> Result<Self, ScratchError> {
        let made = tempfile::Builder::new()
            .prefix("seqline-scratch-")
            .tempdir_in(folder)
            .map_err(|source| ScratchError::Folder {
                folder: folder.display().to_string(),
                source,
            })?;
        Ok(Self {
            database: Database::Sqlite(made.path().join("scratch.db")),
            place: Place::Folder(made),
        })
    }

    async fn on_server(url: &str, entropy: &dyn Entropy) -> Result<Self, ScratchError> {
        let options = Box::new(PgConnectOptions::from_str(url)?);
        let name = format!("seqline_scratch_{:016x}", entropy.number());
        say(&options, format!("CREATE DATABASE {name}")).await?;
        let own = (*options).clone().database(&name);
        Ok(Self {
            database: Database::Postgres(own.to_url_lossy().to_string()),
            place: Place::Server { options, name },
        })
    }

    /// How it is opened.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Takes it away, once nothing has it open.
    ///
    /// # Errors
    /// [`ScratchError`] if it stays.
    pub async fn remove(self) -> Result<(), ScratchError> {
        match self.place {
            Place::Folder(folder) => {
                let shown = folder.path().display().to_string();
                folder.close().map_err(|source| ScratchError::Folder {
                    folder: shown,
                    source,
                })
            }
            Place::Server { options, name } => {
                say(&options, format!("DROP DATABASE {name} WITH (FORCE)")).await?;
                Ok(())
            }
        }
    }
}

/// Names of our own making only: nothing of it is what anyone wrote.
async fn say(options: &PgConnectOptions, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
