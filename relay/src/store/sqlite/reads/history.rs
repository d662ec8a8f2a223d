//! Messages of a conversation, for its members and the app's server.

use futures_util::TryStreamExt as _;
use seqline_protocol::{Micros, UserId};
use sqlx::{Row as _, SqlitePool};

use crate::{
    store::{
        HistoryPage, HistoryQuery, HistoryRange,
        rows::integer,
        sqlite::rows::{MESSAGE_COLUMNS, conv_seq, message, message_columns, optional},
    },
    weight,
};

/// Who asks: tables, what she sees messages after, how far she has read, what hides a
/// message. A member of a conversation without such messages gets one row of nulls; anyone
/// else gets none.
macro_rules! member {
    ($order:literal) => {
        history!(
            "JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
             JOIN member place ON place.conv_id = conversation.conv_id
               AND place.user_id = asker.user_id",
            "place.visible_after",
            "place.read",
            "AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = asker.user_id
               AND hidden.conv_id = message.conv_id AND hidden.conv_seq = message.conv_seq)",
            $order
        )
    };
}

/// The app's server sees everything but what was taken back; parameter 2 is null then.
macro_rules! server {
    ($order:literal) => {
        history!(
            "",
            "0",
            "0",
            "AND message.recalled = 0 AND ?2 IS NULL",
            $order
        )
    };
}

macro_rules! history {
    ($who:literal, $after:literal, $read:literal, $hidden:literal, $order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", ",
            $read,
            "
             FROM app
             JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = ?3
               AND conversation.state > 0 ",
            $who,
            " LEFT JOIN message ON message.conv_id = conversation.conv_id
                AND message.conv_seq > max(?4, ",
            $after,
            ") AND message.conv_seq < ?5
                AND (message.expires_us IS NULL OR message.expires_us > ?6)
                AND message.replaced = 0 ",
            $hidden,
            "
             LEFT JOIN user sender ON sender.user_id = message.sender_id
             WHERE app.name = ?1
             ORDER BY message.conv_seq ",
            $order,
            " LIMIT ?7"
        )
    };
}

pub(in crate::store::sqlite) const OLDEST_FIRST: &str = member!("ASC");
pub(in crate::store::sqlite) const NEWEST_FIRST: &str = member!("DESC");
pub(in crate::store::sqlite) const SERVER_OLDEST_FIRST: &str = server!("ASC");
pub(in crate::store::sqlite) const SERVER_NEWEST_FIRST: &str = server!("DESC");

/// The first message that was stored at a time or later: messages are stored in the order
/// of time, so that it takes a few looks instead of a scan.
const FIRST_SINCE: &str = "
    WITH RECURSIVE search (conv, low, high) AS (
      SELECT conv_id, 1, (SELECT coalesce(max(conv_seq), 0) + 1 FROM message
                          WHERE message.conv_id = conversation.conv_id)
      FROM app JOIN conversation USING (app_id)
      WHERE app.name = ?1 AND conversation.name = ?2
      UNION ALL
      SELECT conv,
        iif((SELECT created_us FROM message
             WHERE conv_id = conv AND conv_seq = (low + high) / 2) < ?3,
          (low + high) / 2 + 1, low),
        iif((SELECT created_us FROM message
             WHERE conv_id = conv AND conv_seq = (low + high) / 2) < ?3,
          high, (low + high) / 2)
      FROM search WHERE low < high)
    SELECT low FROM search WHERE low >= high";

pub(in crate::store::sqlite) async fn read(
    readers: &SqlitePool,
    query: &HistoryQuery,
) -> Result<Option<HistoryPage>, sqlx::Error> {
    let (after, before, is_ascending) = match query.range {
        HistoryRange::Newest => (0, i64::MAX, false),
        HistoryRange::Before(before, after) => (
            after.map_or(0, |after| integer(after.get())),
            integer(before.get()),
            false,
        ),
        HistoryRange::After(after) => (integer(after.get()), i64::MAX, true),
        HistoryRange::Since(time) => (first_since(readers, query, time).await? - 1, i64::MAX, true),
        HistoryRange::Until(time) => (0, first_since(readers, query, time).await?, false),
    };
    let user = query.actor.user();
    let sql = match (user, is_ascending) {
        (Some(_), true) => OLDEST_FIRST,
        (Some(_), false) => NEWEST_FIRST,
        (None, true) => SERVER_OLDEST_FIRST,
        (None, false) => SERVER_NEWEST_FIRST,
    };
    let mut rows = sqlx::query(sql)
        .bind(query.actor.app().as_str())
        .bind(user.map(UserId::as_str))
        .bind(query.conv.as_str())
        .bind(after)
        .bind(before)
        .bind(integer(query.now.get()))
        .bind(integer(query.limit as u64 + 1))
        .fetch(readers);
    let mut page = None;
    let mut bytes_left = query.bytes_max;
    while let Some(row) = rows.try_next().await? {
        let read = conv_seq(&row, MESSAGE_COLUMNS)?;
        let page = page.get_or_insert_with(|| HistoryPage {
            read,
            ..HistoryPage::default()
        });
        if optional(&row, 0)?.is_none() {
            break;
        }
        let message = message(&row, 0)?;
        let bytes = weight::message_bytes(&message);
        if page.messages.len() == query.limit || bytes > bytes_left && !page.messages.is_empty() {
            page.more = true;
            break;
        }
        bytes_left = bytes_left.saturating_sub(bytes);
        page.messages.push(message);
    }
    if let Some(page) = &mut page
        && !is_ascending
    {
        page.messages.reverse();
    }
    Ok(page)
}

/// Beyond the newest message, if none was stored since then.
async fn first_since(
    readers: &SqlitePool,
    query: &HistoryQuery,
    time: Micros,
) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(FIRST_SINCE)
        .bind(query.actor.app().as_str())
        .bind(query.conv.as_str())
        .bind(integer(time.get()))
        .fetch_optional(readers)
        .await?;
    row.map_or(Ok(1), |row| row.try_get(0))
}
