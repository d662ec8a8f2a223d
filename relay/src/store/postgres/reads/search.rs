//! Messages of an account that contain words.

use seqline_protocol::{ConvId, Kind, Micros, UserId};
use sqlx::PgConnection;

use crate::store::{
    Found, SearchQuery,
    postgres::{
        columns::{Columns, message_columns},
        index::{of_conv, of_user, query as tsquery},
    },
    rows::integer,
    words,
};

/// The asker, and her groups and channels, or the one conversation that is asked for.
const WHOSE: &str = "
    SELECT asker.user_id, ARRAY(
      SELECT place.conv_id FROM member place
      JOIN conversation ON conversation.conv_id = place.conv_id
      WHERE place.user_id = asker.user_id
        AND CASE WHEN $3::text IS NULL THEN conversation.low_id IS NULL
            ELSE conversation.name = $3::text END)
    FROM app JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2
    WHERE app.name = $1";

/// Whose a message is stands in the index, so that only the asker's own are looked at; what
/// of them she may see is decided by her place in the conversation as it is now.
const SEARCH: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM search
     JOIN message ON message.msg_id = search.msg_id
     JOIN conversation ON conversation.conv_id = message.conv_id
     JOIN member place ON place.conv_id = message.conv_id AND place.user_id = $2
     JOIN users sender ON sender.user_id = message.sender_id
     WHERE search.words @@ $1::text::tsquery
       AND message.conv_seq > place.visible_after
       AND NOT message.is_recalled AND NOT message.is_replaced
       AND (message.expires_us IS NULL OR message.expires_us > $3)
       AND ($4::text IS NULL OR sender.name = $4::text)
       AND ($5::text IS NULL OR message.kind = $5::text)
       AND message.created_us >= $6 AND message.created_us < $7
       AND search.msg_id < $8
       AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = place.user_id
         AND hidden.conv_id = message.conv_id AND hidden.conv_seq = message.conv_seq)
     ORDER BY search.msg_id DESC LIMIT $9"
);

pub(in crate::store::postgres) async fn search(
    connection: &mut PgConnection,
    query: &SearchQuery,
) -> Result<Found, sqlx::Error> {
    let phrases = words::phrases(&query.text);
    if phrases.is_empty() {
        return Ok(Found::default());
    }
    let asker: Option<(i64, Vec<i64>)> = sqlx::query_as(WHOSE)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(query.conv.as_ref().map(ConvId::as_str))
        .fetch_optional(&mut *connection)
        .await?;
    let Some((asker, convs)) = asker else {
        return Ok(Found::default());
    };
    let mut whose: Vec<_> = convs.into_iter().map(of_conv).collect();
    if query.conv.is_none() {
        whose.push(of_user(asker));
    }
    if whose.is_empty() {
        return Ok(Found::default());
    }
    let rows = sqlx::query(SEARCH)
        .bind(tsquery(&phrases, &whose))
        .bind(asker)
        .bind(integer(query.now.get()))
        .bind(query.sender.as_ref().map(UserId::as_str))
        .bind(query.kind.as_ref().map(Kind::as_str))
        .bind(query.since.map_or(0, |since| integer(since.get())))
        .bind(
            query
                .until
                .map_or(i64::MAX, |until: Micros| integer(until.get())),
        )
        .bind(query.before.map_or(i64::MAX, integer))
        .bind(integer(query.limit as u64 + 1))
        .fetch_all(&mut *connection)
        .await?;
    let mut found = Found::default();
    for row in rows.iter().take(query.limit) {
        found.messages.push(Columns::of(row).message()?);
    }
    if rows.len() > query.limit {
        found.next = found.messages.last().map(|last| last.msg_id.get());
    }
    Ok(found)
}
