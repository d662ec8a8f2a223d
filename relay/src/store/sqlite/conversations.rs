//! The conversation list. Sorted when it is read: a user has far fewer conversations
//! than messages, and an index by activity would be written with every message.

use futures_util::TryStreamExt as _;
use seqline_protocol::{ConvSeq, Conversation, Micros, Receipt};
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::rows::{
    MESSAGE_COLUMNS, conv, integer, message, message_columns, number, own_messages, user,
};
use crate::{
    store::{ConvPage, Conversations, ConversationsQuery},
    weight,
};

const CONVERSATIONS: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", conversation.conv_id, conversation.name, conversation.head, conversation.active_us, \
       member.read, ",
    own_messages!(),
    ", member.own_read, peer.name, theirs.delivered, theirs.read
     FROM app
     JOIN user ON user.app_id = app.app_id AND user.name = ?2
     JOIN member ON member.user_id = user.user_id
     JOIN conversation ON conversation.conv_id = member.conv_id
     LEFT JOIN member theirs ON theirs.conv_id = member.conv_id
       AND theirs.user_id <> member.user_id
     LEFT JOIN user peer ON peer.user_id = theirs.user_id
     LEFT JOIN message ON message.msg_id = (
       SELECT shown.msg_id FROM message shown
       WHERE shown.conv_id = conversation.conv_id
         AND (shown.expires_us IS NULL OR shown.expires_us > ?5)
       ORDER BY shown.conv_seq DESC LIMIT 1)
     LEFT JOIN user sender ON sender.user_id = message.sender_id
     WHERE app.name = ?1
       AND (conversation.active_us < ?3
         OR conversation.active_us = ?3 AND conversation.conv_id < ?4)
     ORDER BY conversation.active_us DESC, conversation.conv_id DESC
     LIMIT ?6",
);

pub(super) async fn read(
    readers: &SqlitePool,
    query: &ConversationsQuery,
) -> Result<Conversations, sqlx::Error> {
    let (active, key) = query.after.map_or((i64::MAX, 0), |page| {
        (integer(page.active.get()), integer(page.key))
    });
    let mut rows = sqlx::query(CONVERSATIONS)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(active)
        .bind(key)
        .bind(integer(query.now.get()))
        .bind(integer(query.limit as u64 + 1))
        .fetch(readers);
    let mut page = Conversations::default();
    let mut last_key = 0;
    let mut bytes_left = query.bytes_max;
    while let Some(row) = rows.try_next().await? {
        let (key, conversation) = conversation(&row)?;
        let bytes = weight::conversation_bytes(&conversation);
        if page.rows.len() == query.limit || bytes > bytes_left && !page.rows.is_empty() {
            page.next = page.rows.last().map(|last| ConvPage {
                active: last.active_us,
                key: last_key,
            });
            break;
        }
        bytes_left = bytes_left.saturating_sub(bytes);
        last_key = key;
        page.rows.push(conversation);
    }
    Ok(page)
}

fn conversation(row: &SqliteRow) -> Result<(u64, Conversation), sqlx::Error> {
    let at = |offset| MESSAGE_COLUMNS + offset;
    let stored = |offset| row.try_get::<i64, _>(at(offset)).map(number);
    let conv = conv(row, at(1))?;
    let (head, read) = (stored(2)?, stored(4)?);
    let (own, own_read) = (stored(5)?, stored(6)?);
    let receipts = match row.try_get::<Option<&str>, _>(at(7))? {
        None => Vec::new(),
        Some(_) => vec![Receipt {
            conv: conv.clone(),
            user: user(row, at(7))?,
            delivered: ConvSeq::saturating(stored(8)?),
            read: ConvSeq::saturating(stored(9)?),
        }],
    };
    let last = match row.try_get::<Option<i64>, _>(0)? {
        None => None,
        Some(_) => Some(message(row, 0)?),
    };
    let conversation = Conversation {
        conv,
        head: ConvSeq::saturating(head),
        last,
        unread: head
            .saturating_sub(read)
            .saturating_sub(own.saturating_sub(own_read)),
        read: ConvSeq::saturating(read),
        receipts,
        active_us: Micros::saturating(stored(3)?),
    };
    Ok((stored(0)?, conversation))
}
