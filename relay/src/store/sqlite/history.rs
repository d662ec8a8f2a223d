//! Messages of a conversation, for its members.

use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqlitePool};

use super::rows::{integer, message, message_columns};
use crate::{
    store::{HistoryPage, HistoryQuery, HistoryRange},
    weight,
};

/// A member of a conversation without such messages gets one row of nulls; anyone
/// else gets none.
macro_rules! history {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM app
             JOIN user ON user.app_id = app.app_id AND user.name = ?2
             JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = ?3
             JOIN member ON member.conv_id = conversation.conv_id
               AND member.user_id = user.user_id
             LEFT JOIN message ON message.conv_id = conversation.conv_id
               AND message.conv_seq > ?4 AND message.conv_seq < ?5
               AND (message.expires_us IS NULL OR message.expires_us > ?6)
             LEFT JOIN user sender ON sender.user_id = message.sender_id
             WHERE app.name = ?1
             ORDER BY message.conv_seq ",
            $order,
            " LIMIT ?7"
        )
    };
}

pub(super) const OLDEST_FIRST: &str = history!("ASC");
pub(super) const NEWEST_FIRST: &str = history!("DESC");

pub(super) async fn read(
    readers: &SqlitePool,
    query: &HistoryQuery,
) -> Result<Option<HistoryPage>, sqlx::Error> {
    let (sql, after, before) = match query.range {
        HistoryRange::Newest => (NEWEST_FIRST, 0, i64::MAX),
        HistoryRange::Before(before, after) => (
            NEWEST_FIRST,
            after.map_or(0, |after| integer(after.get())),
            integer(before.get()),
        ),
        HistoryRange::After(after) => (OLDEST_FIRST, integer(after.get()), i64::MAX),
    };
    let mut rows = sqlx::query(sql)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(query.conv.as_str())
        .bind(after)
        .bind(before)
        .bind(integer(query.now.get()))
        .bind(integer(query.limit as u64 + 1))
        .fetch(readers);
    let mut page = None;
    let mut bytes_left = query.bytes_max;
    while let Some(row) = rows.try_next().await? {
        let page: &mut HistoryPage = page.get_or_insert_default();
        if row.try_get::<Option<i64>, _>(0)?.is_none() {
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
        && sql == NEWEST_FIRST
    {
        page.messages.reverse();
    }
    Ok(page)
}
