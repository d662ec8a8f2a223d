//! A new numbering, in a file that was restored.

use std::{fs, io, path::Path};

use seqline_protocol::Epoch;
use sqlx::{Connection as _, SqliteConnection};

use super::{
    open::{OpenError, beside, lock, migration_failed, options, search_path},
    schema::{self, set_epoch, stored_epoch},
    search::is_ahead,
};
use crate::{entropy::Entropy, store::NewEpoch};

/// The numbering that there is.
pub(in crate::store) async fn epoch(path: &Path) -> Result<Option<Epoch>, OpenError> {
    let (_lock, mut database) = open(path).await?;
    let epoch = stored_epoch(&mut database).await;
    epoch.map_err(|source| failed(path, source))
}

/// Begins a new one. Nothing is changed if it fails, but for the index.
pub(in crate::store) async fn begin_epoch(
    path: &Path,
    entropy: &dyn Entropy,
) -> Result<NewEpoch, OpenError> {
    let (_lock, mut database) = open(path).await?;
    // First: if it fails, the numbering is still to be changed, and whoever tries again gets here.
    let removed_index = remove_index_ahead(path, &mut database).await?;
    let epoch = entropy.epoch();
    let changed = async {
        set_epoch(&mut database, epoch).await?;
        database.close().await
    };
    changed.await.map_err(|source| failed(path, source))?;
    Ok(NewEpoch {
        epoch,
        removed_index,
    })
}

/// With no relay on it, and none that could begin.
async fn open(path: &Path) -> Result<(fs::File, SqliteConnection), OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    let lock = lock(path)?;
    let steps = schema::steps(Some(options(path))).await;
    let steps = steps.map_err(|source| migration_failed(path, source))?;
    if !steps.iter().any(|step| step.is_applied) {
        return Err(OpenError::Empty(path.to_owned()));
    }
    let database = SqliteConnection::connect_with(&options(path)).await;
    Ok((lock, database.map_err(|source| failed(path, source))?))
}

/// An index that cannot be read is made again as well.
async fn remove_index_ahead(
    path: &Path,
    database: &mut SqliteConnection,
) -> Result<bool, OpenError> {
    let index = search_path(path);
    if !index.exists() || !is_index_ahead(&index, database).await.unwrap_or(true) {
        return Ok(false);
    }
    for end in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(&index, end)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::Folder {
                    path: index,
                    source,
                });
            }
            _ => {}
        }
    }
    Ok(true)
}

async fn is_index_ahead(
    index: &Path,
    database: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    let mut index = SqliteConnection::connect_with(&options(index)).await?;
    let is_ahead = is_ahead(&mut index, database).await?;
    index.close().await?;
    Ok(is_ahead)
}

fn failed(path: &Path, source: sqlx::Error) -> OpenError {
    OpenError::Database {
        path: path.to_owned(),
        source,
    }
}
