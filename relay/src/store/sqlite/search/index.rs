//! Fills the index: messages in the order of their ids, and again those that read
//! differently since.

use seqline_protocol::Kind;
use sqlx::{
    Connection as _, Row as _, SqliteConnection, SqliteExecutor, SqlitePool, sqlite::SqliteRow,
};

use crate::{
    limits::INDEX_STEP_MESSAGES,
    store::{rows::integer, sqlite::rows::flag, words},
};

/// The writing connection of the index.
pub(in crate::store::sqlite) struct Indexer {
    connection: SqliteConnection,
}

/// How far indexing is: the newest message, and the newest row of `reworded`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Progress {
    messages: i64,
    reworded: i64,
}

/// A message to take in, or to take out where there is nothing to find.
struct Document {
    msg_id: i64,
    words: Option<(String, String)>,
}

macro_rules! document {
    () => {
        "message.msg_id, message.kind, message.body, message.recalled OR message.replaced,
         CASE WHEN low_id IS NULL THEN 'c' || conv_id
           ELSE (SELECT group_concat('u' || user_id, ' ') FROM member
                 WHERE member.conv_id = message.conv_id) END "
    };
}

const NEW: &str = concat!(
    "SELECT ",
    document!(),
    "FROM message CROSS JOIN conversation USING (conv_id)
     WHERE msg_id > ?1 ORDER BY msg_id LIMIT ?2"
);

/// Those that are not taken in yet come with the others.
const REWORDED: &str = concat!(
    "SELECT ",
    document!(),
    ", reworded_id FROM reworded CROSS JOIN message USING (msg_id)
     CROSS JOIN conversation USING (conv_id)
     WHERE reworded_id > ?1 AND msg_id <= ?3 ORDER BY reworded_id LIMIT ?2"
);

/// Where the database stands: no index can be further.
const NEWEST: &str = "SELECT coalesce((SELECT max(msg_id) FROM message), 0),
                             coalesce((SELECT seq FROM sqlite_sequence
                                       WHERE name = 'reworded'), 0)";

/// Whether the index knows of messages that the database does not have: it was restored from a
/// backup.
pub(in crate::store::sqlite) async fn is_ahead(
    index: &mut SqliteConnection,
    database: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    let newest = newest(database).await?;
    Ok(progress(index).await?.is_beyond(newest))
}

impl Progress {
    fn is_beyond(self, newest: Self) -> bool {
        self.messages > newest.messages || self.reworded > newest.reworded
    }
}

async fn newest(database: impl SqliteExecutor<'_>) -> Result<Progress, sqlx::Error> {
    let row = sqlx::query(NEWEST).fetch_one(database).await?;
    Ok(Progress {
        messages: row.try_get(0)?,
        reworded: row.try_get(1)?,
    })
}

async fn progress(index: &mut SqliteConnection) -> Result<Progress, sqlx::Error> {
    let row = sqlx::query(
        "SELECT coalesce((SELECT value FROM progress WHERE key = 'messages'), 0),
                coalesce((SELECT value FROM progress WHERE key = 'reworded'), 0)",
    )
    .fetch_one(index)
    .await?;
    Ok(Progress {
        messages: row.try_get(0)?,
        reworded: row.try_get(1)?,
    })
}

impl Indexer {
    pub(in crate::store::sqlite) fn new(connection: SqliteConnection) -> Self {
        Self { connection }
    }

    #[cfg(test)]
    pub(in crate::store::sqlite) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// One step. True if there is more to do.
    pub(in crate::store::sqlite) async fn step(
        &mut self,
        readers: &SqlitePool,
    ) -> Result<bool, sqlx::Error> {
        let newest = newest(readers).await?;
        let mut progress = progress(&mut self.connection).await?;
        if progress.is_beyond(newest) {
            self.clear().await?;
            progress = Progress {
                messages: 0,
                reworded: newest.reworded,
            };
        }
        let limit = integer(INDEX_STEP_MESSAGES as u64);
        let reworded = sqlx::query(REWORDED)
            .bind(progress.reworded)
            .bind(limit)
            .bind(progress.messages)
            .fetch_all(readers)
            .await?;
        let new = sqlx::query(NEW)
            .bind(progress.messages)
            .bind(limit)
            .fetch_all(readers)
            .await?;
        let reached = Progress {
            messages: new
                .last()
                .map_or(Ok(progress.messages), |row| row.try_get(0))?,
            reworded: match reworded.last() {
                Some(row) => row.try_get(5)?,
                // What is left of them is about messages that come with the new ones.
                None if new.len() < INDEX_STEP_MESSAGES => newest.reworded,
                None => progress.reworded,
            },
        };
        if reached != progress {
            let rows = reworded.iter().chain(&new);
            let documents: Vec<_> = rows.map(document).collect::<Result<_, _>>()?;
            self.write(&documents, reached).await?;
        }
        Ok(new.len() == INDEX_STEP_MESSAGES || reworded.len() == INDEX_STEP_MESSAGES)
    }

    async fn clear(&mut self) -> Result<(), sqlx::Error> {
        let mut tx = self.connection.begin().await?;
        sqlx::query("INSERT INTO words (words) VALUES ('delete-all')")
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM progress")
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    async fn write(
        &mut self,
        documents: &[Document],
        reached: Progress,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.connection.begin().await?;
        for document in documents {
            // Known or not: a crash may have left the index behind what it holds.
            sqlx::query("DELETE FROM words WHERE rowid = ?")
                .bind(document.msg_id)
                .execute(&mut *tx)
                .await?;
            if let Some((text, scope)) = &document.words {
                sqlx::query("INSERT INTO words (rowid, text, scope) VALUES (?, ?, ?)")
                    .bind(document.msg_id)
                    .bind(text.as_str())
                    .bind(scope.as_str())
                    .execute(&mut *tx)
                    .await?;
            }
        }
        for (key, value) in [
            ("messages", reached.messages),
            ("reworded", reached.reworded),
        ] {
            sqlx::query("INSERT OR REPLACE INTO progress (key, value) VALUES (?, ?)")
                .bind(key)
                .bind(value)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }
}

fn document(row: &SqliteRow) -> Result<Document, sqlx::Error> {
    let kind = Kind::new(row.try_get::<String, _>(1)?);
    let kind = kind.ok_or_else(|| sqlx::Error::Decode("a stored kind is not one".into()))?;
    let text = words::text_of(&kind, row.try_get(2)?);
    let is_gone = flag(row, 3)?;
    let words = text.map(|text| words::words(&text).join(" "));
    let scope: Option<String> = row.try_get(4)?;
    Ok(Document {
        msg_id: row.try_get(0)?,
        words: words
            .filter(|words| !is_gone && !words.is_empty())
            .zip(scope),
    })
}
