//! Messages that are stored, by what decisions know of them.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, Label};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::SqliteTransaction;
use crate::store::{
    ledger::{ConvKey, MemberKey, MessageRow, SentRow, UserKey},
    sqlite::{
        bulk::Bulk,
        rows::{MESSAGE_COLUMNS, count, message, message_columns},
    },
};

static SENT: Bulk = Bulk::new(
    "WITH wanted (place, sender_id, client_msg_id) AS (VALUES ",
    "(#,?,?)",
    ") SELECT place, msg_id, conv_seq, sender_seq, created_us, digest
       FROM wanted CROSS JOIN message USING (sender_id, client_msg_id)",
);

static BY_PLACE: Bulk = Bulk::new(
    "WITH wanted (place, conv_id, conv_seq) AS (VALUES ",
    "(#,?,?)",
    concat!(
        ") SELECT place, ",
        message_columns!(),
        ", message.conv_id, message.sender_id, message.sender_seq, message.digest
         FROM wanted CROSS JOIN message USING (conv_id, conv_seq)
         CROSS JOIN conversation ON conversation.conv_id = message.conv_id
         CROSS JOIN user sender ON sender.user_id = message.sender_id"
    ),
);

static BY_KEY: Bulk = Bulk::new(
    "WITH wanted (place, conv_id, sender_id, key) AS (VALUES ",
    "(#,?,?,?)",
    concat!(
        ") SELECT place, ",
        message_columns!(),
        ", message.conv_id, message.sender_id, message.sender_seq, message.digest
         FROM wanted CROSS JOIN message ON message.conv_id = wanted.conv_id AND message.conv_seq = (
           SELECT newest.conv_seq FROM message newest
           WHERE newest.conv_id = wanted.conv_id AND newest.sender_id = wanted.sender_id
             AND newest.key = wanted.key AND newest.recalled = 0 AND newest.replaced = 0
           ORDER BY newest.conv_seq DESC LIMIT 1)
         CROSS JOIN conversation ON conversation.conv_id = message.conv_id
         CROSS JOIN user sender ON sender.user_id = message.sender_id"
    ),
);

static OWN_BETWEEN: Bulk = Bulk::new(
    "WITH wanted (place, conv_id, user_id, after, upto) AS (VALUES ",
    "(#,?,?,?,?)",
    ") SELECT place, (SELECT count(*) FROM message
         WHERE message.conv_id = wanted.conv_id AND conv_seq > after AND conv_seq <= upto
           AND sender_id = wanted.user_id)
       FROM wanted",
);

static SENDERS_BETWEEN: Bulk = Bulk::new(
    "WITH wanted (place, conv_id, after, upto) AS (VALUES ",
    "(#,?,?,?)",
    ") SELECT DISTINCT place, sender_id FROM wanted
       CROSS JOIN message USING (conv_id) WHERE conv_seq > after AND conv_seq <= upto
       ORDER BY place, sender_id",
);

static RECEIVED: Bulk = Bulk::new(
    "WITH wanted (owner_id, after, upto) AS (VALUES ",
    "(?,?,?)",
    ") SELECT conv_id, owner_id, max(conv_seq) FROM wanted
       CROSS JOIN timeline USING (owner_id)
       WHERE seq > after AND seq <= upto AND kind = 0 AND about_id <> owner_id
       GROUP BY owner_id, conv_id",
);

static HIDDEN: Bulk = Bulk::new(
    "WITH wanted (place, user_id, conv_id, conv_seq) AS (VALUES ",
    "(#,?,?,?)",
    ") SELECT place FROM wanted CROSS JOIN hidden USING (user_id, conv_id, conv_seq)",
);

impl SqliteTransaction<'_> {
    pub(super) async fn load_sent(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
    ) -> Result<Vec<Option<SentRow>>, sqlx::Error> {
        let mut found = vec![None; ids.len()];
        SENT.fetch_by_index(
            self.connection,
            ids,
            |params, (user, id)| {
                params.add(user.0).add(id.as_str());
            },
            |index, row| {
                let sent = SentRow {
                    msg_id: count(row, 1)?,
                    conv_seq: count(row, 2)?,
                    sender_seq: count(row, 3)?,
                    created_us: count(row, 4)?,
                    digest: row.try_get(5)?,
                };
                put(&mut found, index, Some(sent));
                Ok(())
            },
        )
        .await?;
        Ok(found)
    }

    pub(super) async fn load_messages(
        &mut self,
        places: &[(ConvKey, u64)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        let mut found = vec![None; places.len()];
        BY_PLACE
            .fetch_by_index(
                self.connection,
                places,
                |params, (conv, conv_seq)| {
                    params.add(conv.0).count(*conv_seq);
                },
                |index, row| {
                    put(&mut found, index, Some(message_row(row)?));
                    Ok(())
                },
            )
            .await?;
        Ok(found)
    }

    pub(super) async fn load_keyed(
        &mut self,
        wanted: &[(ConvKey, UserKey, &Label)],
    ) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
        let mut found = vec![None; wanted.len()];
        BY_KEY
            .fetch_by_index(
                self.connection,
                wanted,
                |params, (conv, user, key)| {
                    params.add(conv.0).add(user.0).add(key.as_str());
                },
                |index, row| {
                    put(&mut found, index, Some(message_row(row)?));
                    Ok(())
                },
            )
            .await?;
        Ok(found)
    }

    pub(super) async fn count_own(
        &mut self,
        wanted: &[(MemberKey, u64, u64)],
    ) -> Result<Vec<u64>, sqlx::Error> {
        let mut counts = vec![0; wanted.len()];
        OWN_BETWEEN
            .fetch_by_index(
                self.connection,
                wanted,
                |params, ((conv, user), after, upto)| {
                    params.add(conv.0).add(user.0).count(*after).count(*upto);
                },
                |index, row| {
                    put(&mut counts, index, count(row, 1)?);
                    Ok(())
                },
            )
            .await?;
        Ok(counts)
    }

    pub(super) async fn load_senders(
        &mut self,
        wanted: &[(ConvKey, u64, u64)],
        limit: usize,
    ) -> Result<Vec<Vec<UserKey>>, sqlx::Error> {
        let mut senders: Vec<Vec<UserKey>> = vec![Vec::new(); wanted.len()];
        SENDERS_BETWEEN
            .fetch_by_index(
                self.connection,
                wanted,
                |params, (conv, after, upto)| {
                    params.add(conv.0).count(*after).count(*upto);
                },
                |index, row| {
                    let senders = senders.get_mut(index);
                    if let Some(senders) = senders.filter(|senders| senders.len() < limit) {
                        senders.push(UserKey(row.try_get(1)?));
                    }
                    Ok(())
                },
            )
            .await?;
        Ok(senders)
    }

    pub(super) async fn load_received(
        &mut self,
        wanted: &[(UserKey, u64, u64)],
    ) -> Result<Vec<(MemberKey, u64)>, sqlx::Error> {
        let mut received = Vec::new();
        RECEIVED
            .fetch(
                self.connection,
                wanted,
                |params, (user, after, upto)| {
                    params.add(user.0).count(*after).count(*upto);
                },
                |row| {
                    let key = (ConvKey(row.try_get(0)?), UserKey(row.try_get(1)?));
                    received.push((key, count(row, 2)?));
                    Ok(())
                },
            )
            .await?;
        Ok(received)
    }

    pub(super) async fn load_hidden(
        &mut self,
        wanted: &[(MemberKey, u64)],
    ) -> Result<Vec<bool>, sqlx::Error> {
        let mut hidden = vec![false; wanted.len()];
        HIDDEN
            .fetch_by_index(
                self.connection,
                wanted,
                |params, ((conv, user), conv_seq)| {
                    params.add(user.0).add(conv.0).count(*conv_seq);
                },
                |index, _| {
                    put(&mut hidden, index, true);
                    Ok(())
                },
            )
            .await?;
        Ok(hidden)
    }

    /// The id after the newest one. Messages are never removed.
    pub(super) async fn next_msg_id(&mut self) -> Result<u64, sqlx::Error> {
        if let Some(last) = self.cache.last_msg_id {
            return Ok(last + 1);
        }
        let row = sqlx::query("SELECT coalesce(max(msg_id), 0) FROM message")
            .fetch_one(&mut *self.connection)
            .await?;
        let last = count(&row, 0)?;
        self.cache.last_msg_id = Some(last);
        Ok(last + 1)
    }
}

fn put<T>(slots: &mut [T], index: usize, value: T) {
    if let Some(slot) = slots.get_mut(index) {
        *slot = value;
    }
}

/// After the index of what was wanted: the message's columns, then the keys.
fn message_row(row: &SqliteRow) -> Result<MessageRow, sqlx::Error> {
    let at = |offset| 1 + MESSAGE_COLUMNS + offset;
    Ok(MessageRow {
        conv: ConvKey(row.try_get(at(0))?),
        sender: UserKey(row.try_get(at(1))?),
        sender_seq: count(row, at(2))?,
        digest: row.try_get(at(3))?,
        low_sent: None,
        message: Arc::new(message(row, 1)?),
    })
}
