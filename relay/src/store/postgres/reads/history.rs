//! Messages of a conversation, for its members and the app's server.

use seqline_protocol::{Micros, UserId};
use sqlx::PgConnection;

use crate::{
    store::{
        HistoryPage, HistoryQuery, HistoryRange,
        postgres::columns::{Columns, message_columns},
        rows::integer,
    },
    weight,
};

/// Who asks: tables, what she sees messages after, how far she has read, what hides a
/// message. A member of a conversation without such messages gets one row of nulls; anyone
/// else gets none.
macro_rules! member {
    ($order:literal) => {
        history!(
            "JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2::text
             JOIN member place ON place.conv_id = conversation.conv_id
               AND place.user_id = asker.user_id",
            "place.visible_after",
            "place.read",
            "AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = asker.user_id
               AND hidden.conv_id = stored.conv_id AND hidden.conv_seq = stored.conv_seq)",
            $order
        )
    };
}

/// The app's server sees all but what was taken back; parameter 2 is not used.
macro_rules! server {
    ($order:literal) => {
        history!(
            "",
            "0",
            "0::bigint",
            "AND NOT stored.is_recalled AND $2::text IS NULL",
            $order
        )
    };
}

macro_rules! history {
    ($who:literal, $after:literal, $read:literal, $hidden:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $read,
            ", ",
            message_columns!(),
            " FROM app
             JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = $3
               AND conversation.state > 0 ",
            $who,
            " LEFT JOIN LATERAL (
                SELECT * FROM message stored
                WHERE stored.conv_id = conversation.conv_id
                  AND stored.conv_seq > $4 AND stored.conv_seq > ",
            $after,
            "
                  AND stored.conv_seq < $5
                  AND (stored.expires_us IS NULL OR stored.expires_us > $6)
                  AND NOT stored.is_replaced ",
            $hidden,
            "
                ORDER BY stored.conv_seq ",
            $order,
            " LIMIT $7) message ON true
             LEFT JOIN users sender ON sender.user_id = message.sender_id
             WHERE app.name = $1
             ORDER BY message.conv_seq ",
            $order
        )
    };
}

const OLDEST_FIRST: &str = member!("ASC");
const NEWEST_FIRST: &str = member!("DESC");
const SERVER_OLDEST_FIRST: &str = server!("ASC");
const SERVER_NEWEST_FIRST: &str = server!("DESC");

/// The first message that was stored at a time or later: messages are stored in the order
/// of time, so that it takes a few looks instead of a scan.
const FIRST_SINCE: &str = "
    WITH RECURSIVE search (conv, low, high) AS (
      SELECT conv_id, 1::bigint, head + 1 FROM app JOIN conversation USING (app_id)
      WHERE app.name = $1 AND conversation.name = $2
      UNION ALL
      SELECT search.conv,
        CASE WHEN middle.is_before THEN (low + high) / 2 + 1 ELSE low END,
        CASE WHEN middle.is_before THEN high ELSE (low + high) / 2 END
      FROM search, LATERAL (
        SELECT coalesce((SELECT created_us FROM message
          WHERE conv_id = search.conv AND conv_seq = (low + high) / 2) < $3, true)
          AS is_before) middle
      WHERE low < high)
    SELECT low FROM search WHERE low >= high";

pub(in crate::store::postgres) async fn history(
    connection: &mut PgConnection,
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
        HistoryRange::Since(time) => (
            first_since(connection, query, time).await? - 1,
            i64::MAX,
            true,
        ),
        HistoryRange::Until(time) => (0, first_since(connection, query, time).await?, false),
    };
    let user = query.actor.user();
    let sql = match (user, is_ascending) {
        (Some(_), true) => OLDEST_FIRST,
        (Some(_), false) => NEWEST_FIRST,
        (None, true) => SERVER_OLDEST_FIRST,
        (None, false) => SERVER_NEWEST_FIRST,
    };
    let rows = sqlx::query(sql)
        .bind(query.actor.app().as_str())
        .bind(user.map(UserId::as_str))
        .bind(query.conv.as_str())
        .bind(after)
        .bind(before)
        .bind(integer(query.now.get()))
        .bind(integer(query.limit as u64 + 1))
        .fetch_all(&mut *connection)
        .await?;
    let mut page = None;
    let mut bytes_left = query.bytes_max;
    for row in &rows {
        let mut columns = Columns::of(row);
        let read = columns.conv_seq()?;
        let page = page.get_or_insert_with(|| HistoryPage {
            read,
            ..HistoryPage::default()
        });
        let Some(message) = columns.optional_message()? else {
            break;
        };
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
    connection: &mut PgConnection,
    query: &HistoryQuery,
    time: Micros,
) -> Result<i64, sqlx::Error> {
    let first: Option<i64> = sqlx::query_scalar(FIRST_SINCE)
        .bind(query.actor.app().as_str())
        .bind(query.conv.as_str())
        .bind(integer(time.get()))
        .fetch_optional(&mut *connection)
        .await?;
    Ok(first.unwrap_or(1))
}
