//! Columns to values, and back.

use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, IdError, JoinRule, Kind, Label, Message, Micros, MsgId, Priority,
    Role, Seq, UserId,
};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::store::{ledger::ConvState, rows::number};

/// The columns that [`message`] reads, of the tables `message`, `conversation` and
/// the sender's row of `user` as `sender`.
macro_rules! message_columns {
    () => {
        "message.msg_id, message.client_msg_id, sender.name, conversation.name, \
         message.conv_seq, message.kind, message.body, message.priority, message.created_us, \
         message.expires_us, message.recalled, message.key, message.replaces, message.replaced, \
         message.business, message.mentions, message.edited_us"
    };
}
pub(super) use message_columns;

/// Joins a conversation's newest message as `newest`; nulls if there is none.
macro_rules! join_newest_message {
    ($conv:literal) => {
        concat!(
            "LEFT JOIN message newest ON newest.conv_id = ",
            $conv,
            " AND newest.conv_seq = (SELECT max(last.conv_seq) FROM message last
                WHERE last.conv_id = ",
            $conv,
            ")"
        )
    };
}
pub(super) use join_newest_message;

/// How many columns they are.
pub(super) const MESSAGE_COLUMNS: usize = 17;
/// Where the names are that other things than messages have, too.
pub(super) const SENDER_COLUMN: usize = 2;
pub(super) const CONV_COLUMN: usize = 3;

/// The message whose columns start at `first`. What was taken back or replaced has no body.
pub(super) fn message(row: &SqliteRow, first: usize) -> Result<Message, sqlx::Error> {
    let (recalled, replaced) = (flag(row, first + 10)?, flag(row, first + 13)?);
    Ok(Message {
        msg_id: MsgId::saturating(count(row, first)?),
        client_msg_id: name(row, first + 1, ClientMsgId::new)?,
        sender: user(row, first + SENDER_COLUMN)?,
        conv: conv(row, first + CONV_COLUMN)?,
        conv_seq: conv_seq(row, first + 4)?,
        kind: kind(row.try_get(first + 5)?)?,
        body: if recalled || replaced {
            String::new()
        } else {
            row.try_get(first + 6)?
        },
        priority: priority(row.try_get(first + 7)?),
        created_us: micros(row, first + 8)?,
        expires_us: optional(row, first + 9)?.map(Micros::saturating),
        recalled,
        key: label(row, first + 11)?,
        replaces: optional(row, first + 12)?.map(ConvSeq::saturating),
        replaced,
        business: label(row, first + 14)?,
        mentions: mentions(row.try_get(first + 15)?)?,
        edited_us: optional(row, first + 16)?.map(Micros::saturating),
    })
}

/// A stored integer; none of ours is ever negative.
pub(super) fn count(row: &SqliteRow, column: usize) -> Result<u64, sqlx::Error> {
    row.try_get(column).map(number)
}

/// The same of one that may be absent.
pub(super) fn optional(row: &SqliteRow, column: usize) -> Result<Option<u64>, sqlx::Error> {
    row.try_get::<Option<i64>, _>(column)
        .map(|value| value.map(number))
}

/// The same of one that is small.
pub(super) fn small(row: &SqliteRow, column: usize) -> Result<u32, sqlx::Error> {
    Ok(u32::try_from(count(row, column)?).unwrap_or(u32::MAX))
}

pub(super) fn flag(row: &SqliteRow, column: usize) -> Result<bool, sqlx::Error> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

pub(super) fn micros(row: &SqliteRow, column: usize) -> Result<Micros, sqlx::Error> {
    count(row, column).map(Micros::saturating)
}

pub(super) fn conv_seq(row: &SqliteRow, column: usize) -> Result<ConvSeq, sqlx::Error> {
    count(row, column).map(ConvSeq::saturating)
}

pub(super) fn seq(row: &SqliteRow, column: usize) -> Result<Seq, sqlx::Error> {
    count(row, column).map(Seq::saturating)
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
    check(row.try_get(column)?).map_err(decode)
}

fn label(row: &SqliteRow, column: usize) -> Result<Option<Label>, sqlx::Error> {
    row.try_get::<Option<String>, _>(column)?
        .map(Label::new)
        .transpose()
        .map_err(decode)
}

fn kind(text: String) -> Result<Kind, sqlx::Error> {
    Kind::new(text).ok_or_else(|| sqlx::Error::Decode("a stored kind is not one".into()))
}

fn mentions(stored: Option<&str>) -> Result<Vec<UserId>, sqlx::Error> {
    stored.map_or(Ok(Vec::new()), |text| {
        serde_json::from_str(text).map_err(decode)
    })
}

/// What is stored is not what we store.
pub(super) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// How mentions are stored: none of them as nothing.
pub(super) fn stored_mentions(mentions: &[UserId]) -> Option<String> {
    (!mentions.is_empty()).then(|| json(mentions))
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

pub(super) fn role(row: &SqliteRow, column: usize) -> Result<Role, sqlx::Error> {
    Ok(match row.try_get::<i64, _>(column)? {
        0 => Role::Member,
        1 => Role::Admin,
        _ => Role::Owner,
    })
}

/// How a role is stored.
pub(super) fn stored_role(role: Role) -> i64 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

pub(super) fn join_rule(row: &SqliteRow, column: usize) -> Result<JoinRule, sqlx::Error> {
    Ok(match row.try_get::<i64, _>(column)? {
        1 => JoinRule::Open,
        2 => JoinRule::Admins,
        _ => JoinRule::Invited,
    })
}

/// How a rule of joining is stored.
pub(super) fn stored_join_rule(rule: JoinRule) -> i64 {
    match rule {
        JoinRule::Invited => 0,
        JoinRule::Open => 1,
        JoinRule::Admins => 2,
    }
}

pub(super) fn conv_state(row: &SqliteRow, column: usize) -> Result<ConvState, sqlx::Error> {
    Ok(match row.try_get::<i64, _>(column)? {
        0 => ConvState::Named,
        1 => ConvState::Open,
        2 => ConvState::Crowd,
        _ => ConvState::Dissolved,
    })
}

/// How a conversation's state is stored. The queries know the numbers.
pub(super) fn stored_conv_state(state: ConvState) -> i64 {
    match state {
        ConvState::Named => 0,
        ConvState::Open => 1,
        ConvState::Crowd => 2,
        ConvState::Dissolved => 3,
    }
}

/// Rows as the JSON text that `json_each` takes apart.
pub(super) fn json<T: serde::Serialize + ?Sized>(rows: &T) -> String {
    serde_json::to_string(rows).expect("numbers and texts always serialize")
}

/// The database does not have what the same transaction has just put there.
pub(super) fn inconsistent() -> sqlx::Error {
    sqlx::Error::Protocol("the database is inconsistent".to_owned())
}
