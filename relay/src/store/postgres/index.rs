//! Takes messages into the search index, some time after they were stored.
//!
//! A commit puts ranges of its messages into a queue. A row of the queue becomes visible
//! with the messages that it names, so that a commit that took long is not passed over, as
//! one would be by a mark that says "everything up to this id is indexed".

use std::collections::BTreeMap;

use seqline_protocol::Kind;
use sqlx::{PgConnection, PgPool};

use crate::{
    limits::INDEX_STEP_MESSAGES,
    store::{postgres::columns::decode, rows::integer, words},
};

/// Any number of ours: that relays take turns. Two at once could overtake each other with
/// an older and a newer text of the same message.
const LOCK: i64 = 0x7365_716c_696e_6502;

/// Longest word in the index, in bytes (PostgreSQL allows 2046): longer ones are cut.
const WORD_BYTES_MAX: usize = 512;

/// Words of one message whose place is known: a tsvector counts no further.
const PLACES_MAX: usize = 16_383;

/// Id, conversation, kind, body, whether it was taken back or replaced, and the users of a
/// direct conversation.
type QueuedMessage = (i64, i64, String, Vec<u8>, bool, Vec<i64>);

/// One small step; true if there may be more to do.
pub(super) async fn step(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_ours {
        return Ok(false);
    }
    let queued = queued(&mut transaction).await?;
    if queued.is_empty() {
        return Ok(false);
    }
    take_in(&mut transaction, &queued).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Number and range of the oldest in the queue; as many as make a small step.
async fn queued(connection: &mut PgConnection) -> Result<Vec<(i64, i64, i64)>, sqlx::Error> {
    let mut queued: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT queue_id, first_id, last_id FROM search_queue ORDER BY queue_id LIMIT $1",
    )
    .bind(integer(INDEX_STEP_MESSAGES as u64))
    .fetch_all(connection)
    .await?;
    let mut messages = 0;
    let fit = queued
        .iter()
        .take_while(|(_, first, last)| {
            messages += last - first + 1;
            messages <= integer(INDEX_STEP_MESSAGES as u64)
        })
        .count();
    queued.truncate(fit.max(1));
    Ok(queued)
}

async fn take_in(
    connection: &mut PgConnection,
    queued: &[(i64, i64, i64)],
) -> Result<(), sqlx::Error> {
    let numbers: Vec<_> = queued.iter().map(|(number, ..)| *number).collect();
    // One by one, and not as ranges: of a range PostgreSQL cannot tell that it is short, and
    // would rather read all messages that there are.
    let wanted = queued.iter().flat_map(|(_, first, last)| *first..=*last);
    let rows: Vec<QueuedMessage> = sqlx::query_as(
        "SELECT msg_id, conv_id, kind, body, is_recalled OR is_replaced,
           ARRAY(SELECT member.user_id
             FROM conversation JOIN member ON member.conv_id = conversation.conv_id
             WHERE conversation.conv_id = message.conv_id AND conversation.low_id IS NOT NULL)
         FROM message WHERE msg_id = ANY($1)",
    )
    .bind(wanted.collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let (mut ids, mut vectors, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (id, conv, kind, body, is_gone, users) in rows {
        let kind = Kind::new(kind).ok_or_else(|| sqlx::Error::Decode("no kind".into()))?;
        let body = String::from_utf8(body).map_err(decode)?;
        let words = words::text_of(&kind, &body)
            .filter(|_| !is_gone)
            .map(|text| words::words(&text))
            .filter(|words| !words.is_empty());
        match words {
            Some(words) => {
                ids.push(id);
                vectors.push(vector(&words, conv, &users));
            }
            None => gone.push(id),
        }
    }
    sqlx::query(
        "INSERT INTO search (msg_id, words)
         SELECT msg_id, words::tsvector FROM unnest($1::bigint[], $2::text[]) AS new (msg_id, words)
         ON CONFLICT (msg_id) DO UPDATE SET words = excluded.words",
    )
    .bind(ids)
    .bind(vectors)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM search WHERE msg_id = ANY($1)")
        .bind(gone)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM search_queue WHERE queue_id = ANY($1)")
        .bind(numbers)
        .execute(connection)
        .await?;
    Ok(())
}

/// A tsvector as text: the words with their places; and whose they are: the conversation's,
/// and of a direct one both users'.
fn vector(words: &[String], conv: i64, users: &[i64]) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (word, place) in words.iter().zip(1..=PLACES_MAX) {
        places.entry(cut(word)).or_default().push(place.to_string());
    }
    let words = places
        .into_iter()
        .map(|(word, places)| format!("{}:{}", quoted(word), places.join(",")));
    let users = users.iter().map(|user| quoted(&of_user(*user)));
    let whose = std::iter::once(quoted(&of_conv(conv))).chain(users);
    words.chain(whose).collect::<Vec<_>>().join(" ")
}

/// A tsquery as text.
pub(super) fn query(phrases: &[words::Phrase], whose: &[String]) -> String {
    let whose: Vec<_> = whose.iter().map(|one| quoted(one)).collect();
    let phrases = phrases.iter().map(|phrase| {
        let mut words: Vec<_> = phrase.words.iter().map(|word| quoted(cut(word))).collect();
        if phrase.is_prefix
            && let Some(last) = words.last_mut()
        {
            last.push_str(":*");
        }
        format!("({})", words.join(" <-> "))
    });
    std::iter::once(format!("({})", whose.join(" | ")))
        .chain(phrases)
        .collect::<Vec<_>>()
        .join(" & ")
}

/// No word of a text has the sign.
pub(super) fn of_user(user: i64) -> String {
    format!("@u{user}")
}

pub(super) fn of_conv(conv: i64) -> String {
    format!("@c{conv}")
}

fn cut(word: &str) -> &str {
    word.get(..word.floor_char_boundary(WORD_BYTES_MAX))
        .unwrap_or(word)
}

/// Words have letters and digits only, but that is decided elsewhere.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}
