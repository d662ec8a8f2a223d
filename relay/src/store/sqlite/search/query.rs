//! Asks the index and the messages together.

use seqline_protocol::{ConvId, Kind, UserId};
use sqlx::{Row as _, SqlitePool};

use crate::{
    account::Account,
    store::{
        Found, SearchQuery,
        rows::integer,
        sqlite::rows::{message, message_columns},
        words::{self, Phrase},
    },
};

/// Who the asker is in the index: herself, and each group and channel that she belongs to.
const SCOPES: &str = "
    SELECT asker.user_id, (
      SELECT group_concat('c' || conversation.conv_id, ' OR ')
      FROM member JOIN conversation USING (conv_id)
      WHERE member.user_id = asker.user_id AND conversation.low_id IS NULL)
    FROM app JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
    WHERE app.name = ?1";

/// What history would show her, of what the index found.
const FOUND: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM search.words
     CROSS JOIN message ON message.msg_id = words.rowid
     CROSS JOIN member ON member.conv_id = message.conv_id AND member.user_id = ?2
     CROSS JOIN conversation ON conversation.conv_id = message.conv_id
     CROSS JOIN user sender ON sender.user_id = message.sender_id
     WHERE words MATCH ?1 AND words.rowid < ?3
       AND message.conv_seq > member.visible_after
       AND message.recalled = 0 AND message.replaced = 0
       AND (message.expires_us IS NULL OR message.expires_us > ?4)
       AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = ?2
         AND hidden.conv_id = message.conv_id AND hidden.conv_seq = message.conv_seq)
       AND (?5 IS NULL OR conversation.name = ?5)
       AND (?6 IS NULL OR sender.name = ?6)
       AND (?7 IS NULL OR message.kind = ?7)
       AND message.created_us >= ?8 AND message.created_us < ?9
     ORDER BY words.rowid DESC LIMIT ?10"
);

pub(in crate::store::sqlite) async fn find(
    readers: &SqlitePool,
    query: &SearchQuery,
) -> Result<Found, sqlx::Error> {
    let phrases = words::phrases(&query.text);
    if phrases.is_empty() {
        return Ok(Found::default());
    }
    let Some((asker, scope)) = scope(readers, &query.account).await? else {
        return Ok(Found::default());
    };
    let rows = sqlx::query(FOUND)
        .bind(expression(&phrases, &scope))
        .bind(asker)
        .bind(query.before.map_or(i64::MAX, integer))
        .bind(integer(query.now.get()))
        .bind(query.conv.as_ref().map(ConvId::as_str))
        .bind(query.sender.as_ref().map(UserId::as_str))
        .bind(query.kind.as_ref().map(Kind::as_str))
        .bind(query.since.map_or(0, |since| integer(since.get())))
        .bind(query.until.map_or(i64::MAX, |until| integer(until.get())))
        .bind(integer(query.limit as u64 + 1))
        .fetch_all(readers)
        .await?;
    let has_more = rows.len() > query.limit;
    let shown = rows.iter().take(query.limit);
    let messages: Vec<_> = shown.map(|row| message(row, 0)).collect::<Result<_, _>>()?;
    let last = messages.last().filter(|_| has_more);
    Ok(Found {
        next: last.map(|last| last.msg_id.get()),
        messages,
    })
}

async fn scope(
    readers: &SqlitePool,
    account: &Account,
) -> Result<Option<(i64, String)>, sqlx::Error> {
    let row = sqlx::query(SCOPES)
        .bind(account.app.as_str())
        .bind(account.user.as_str())
        .fetch_optional(readers)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let user: i64 = row.try_get(0)?;
    let scope = match row.try_get::<Option<String>, _>(1)? {
        None => format!("u{user}"),
        Some(groups) => format!("u{user} OR {groups}"),
    };
    Ok(Some((user, scope)))
}

/// Words are letters and digits, so that quotes make plain text of any of them.
fn expression(phrases: &[Phrase], scope: &str) -> String {
    let mut expression = format!("scope : ({scope}) AND text : (");
    for (index, phrase) in phrases.iter().enumerate() {
        if index > 0 {
            expression.push_str(" AND ");
        }
        expression.push('"');
        expression.push_str(&phrase.words.join(" "));
        expression.push('"');
        if phrase.is_prefix {
            expression.push('*');
        }
    }
    expression.push(')');
    expression
}
