//! Rows to values.

use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, IdError, Kind, Message, Micros, MsgId, Priority, UserId,
};
use sqlx::{Row as _, sqlite::SqliteRow};

/// The columns that [`message`] reads, of the tables `message`, `conversation` and
/// the sender's row of `user` as `sender`.
macro_rules! message_columns {
    () => {
        "message.msg_id, message.client_msg_id, sender.name, conversation.name, \
         message.conv_seq, message.kind, message.body, message.priority, message.created_us, \
         message.expires_us, message.recalled"
    };
}
pub(super) use message_columns;

/// How many messages of a conversation are those of the user of this row of `member`.
macro_rules! own_messages {
    () => {
        "CASE member.user_id WHEN conversation.low_id THEN conversation.low_count \
         ELSE conversation.head - conversation.low_count END"
    };
}
pub(super) use own_messages;

/// How many columns they are.
pub(super) const MESSAGE_COLUMNS: usize = 11;

/// The message whose columns start at `first`.
pub(super) fn message(row: &SqliteRow, first: usize) -> Result<Message, sqlx::Error> {
    let expires: Option<i64> = row.try_get(first + 9)?;
    Ok(Message {
        msg_id: MsgId::saturating(number(row.try_get(first)?)),
        client_msg_id: name(row, first + 1, ClientMsgId::new)?,
        sender: user(row, first + 2)?,
        conv: conv(row, first + 3)?,
        conv_seq: ConvSeq::saturating(number(row.try_get(first + 4)?)),
        kind: kind(row.try_get(first + 5)?)?,
        body: row.try_get(first + 6)?,
        priority: priority(row.try_get(first + 7)?),
        created_us: Micros::saturating(number(row.try_get(first + 8)?)),
        expires_us: expires.map(|at| Micros::saturating(number(at))),
        recalled: row.try_get::<i64, _>(first + 10)? != 0,
    })
}

pub(super) fn user(row: &SqliteRow, column: usize) -> Result<UserId, sqlx::Error> {
    name(row, column, UserId::new)
}

pub(super) fn conv(row: &SqliteRow, column: usize) -> Result<ConvId, sqlx::Error> {
    name(row, column, ConvId::new)
}

pub(super) fn name<T>(
    row: &SqliteRow,
    column: usize,
    check: impl FnOnce(String) -> Result<T, IdError>,
) -> Result<T, sqlx::Error> {
    check(row.try_get(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn kind(text: String) -> Result<Kind, sqlx::Error> {
    Kind::new(text).ok_or_else(|| sqlx::Error::Decode("a stored kind is not one".into()))
}

fn priority(stored: i64) -> Priority {
    match stored {
        0 => Priority::Low,
        2 => Priority::High,
        _ => Priority::Normal,
    }
}

/// How a priority is stored.
pub(super) fn stored_priority(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
    }
}

/// A stored integer; none of ours is ever negative.
pub(super) fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A number as SQLite stores it; all of ours are below 2^53.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The position that `json_each` gives in its `key` column.
pub(super) fn position(row: &SqliteRow, column: usize) -> Result<usize, sqlx::Error> {
    usize::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Rows as the JSON text that `json_each` takes apart.
pub(super) fn json<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("numbers and texts always serialize")
}

/// The database does not have what the same transaction has just put there.
pub(super) fn inconsistent() -> sqlx::Error {
    sqlx::Error::Protocol("the database is inconsistent".to_owned())
}
