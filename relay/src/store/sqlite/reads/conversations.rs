//! The conversation list. When each was active last, its newest message says, and they are
//! sorted when the list is read: a user has far fewer conversations than messages, and
//! anything that knew the order would be written with every message.

use futures_util::TryStreamExt as _;
use seqline_protocol::{ConvKind, ConvSeq, Conversation, Receipt};
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use crate::{
    store::{
        ConvPage, Conversations, ConversationsQuery,
        rows::integer,
        sqlite::rows::{
            MESSAGE_COLUMNS, conv, conv_seq, count, flag, join_newest_message, message,
            message_columns, micros, optional, user,
        },
    },
    weight,
};

/// The page is cut before messages are looked for.
const CONVERSATIONS: &str = concat!(
    "WITH listed AS (
       SELECT conversation.*, place.user_id AS asker_id, place.read, place.own_read,
         place.sent, place.visible_after, place.mentioned,
         coalesce(newest.conv_seq, 0) AS head,
         coalesce(newest.created_us, conversation.created_us) AS active_us,
         CASE place.user_id WHEN conversation.low_id THEN newest.low_count
           ELSE newest.conv_seq - newest.low_count END AS direct_sent
       FROM app
       JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
       JOIN member place ON place.user_id = asker.user_id
       JOIN conversation ON conversation.conv_id = place.conv_id
       ",
    join_newest_message!("conversation.conv_id"),
    "
       WHERE app.name = ?1
         AND NOT (place.is_cleared AND coalesce(newest.conv_seq, 0) <= place.visible_after)
         AND (coalesce(newest.created_us, conversation.created_us), conversation.conv_id)
           < (?3, ?4)
       ORDER BY active_us DESC, conversation.conv_id DESC
       LIMIT ?6)
     SELECT ",
    message_columns!(),
    ", conversation.conv_id, conversation.name, conversation.head, conversation.active_us,
       conversation.read, conversation.own_read, conversation.sent, conversation.direct_sent,
       conversation.mentioned, conversation.mentions_all, conversation.title,
       conversation.state = 2 OR conversation.state = 3 AND conversation.log_head > 0,
       peer.name, theirs.delivered, theirs.read
     FROM listed conversation
     LEFT JOIN member theirs ON conversation.low_id IS NOT NULL
       AND theirs.conv_id = conversation.conv_id AND theirs.user_id <> conversation.asker_id
     LEFT JOIN user peer ON peer.user_id = theirs.user_id
     LEFT JOIN message ON message.conv_id = conversation.conv_id AND message.conv_seq = (
       SELECT shown.conv_seq FROM message shown
       WHERE shown.conv_id = conversation.conv_id
         AND shown.conv_seq > conversation.visible_after
         AND (shown.expires_us IS NULL OR shown.expires_us > ?5)
         AND shown.replaced = 0
         AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = conversation.asker_id
           AND hidden.conv_id = shown.conv_id AND hidden.conv_seq = shown.conv_seq)
       ORDER BY shown.conv_seq DESC LIMIT 1)
     LEFT JOIN user sender ON sender.user_id = message.sender_id
     ORDER BY conversation.active_us DESC, conversation.conv_id DESC",
);

pub(in crate::store::sqlite) async fn read(
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
    let conv = conv(row, at(1))?;
    let is_direct = conv.kind() == ConvKind::Direct;
    let (head, read, own_read) = (count(row, at(2))?, count(row, at(4))?, count(row, at(5))?);
    let own = count(row, at(if is_direct { 7 } else { 6 }))?;
    let mentioned = count(row, at(8))?.max(count(row, at(9))?);
    let receipts = match optional(row, at(13))? {
        Some(_) if is_direct => vec![Receipt {
            conv: conv.clone(),
            user: user(row, at(12))?,
            delivered: conv_seq(row, at(13))?,
            read: conv_seq(row, at(14))?,
        }],
        _ => Vec::new(),
    };
    let last = match optional(row, 0)? {
        None => None,
        Some(_) => Some(message(row, 0)?),
    };
    let conversation = Conversation {
        head: ConvSeq::saturating(head),
        last,
        unread: head
            .saturating_sub(read)
            .saturating_sub(own.saturating_sub(own_read)),
        read: ConvSeq::saturating(read),
        receipts,
        active_us: micros(row, at(3))?,
        title: if is_direct {
            None
        } else {
            Some(row.try_get(at(10))?)
        },
        mentioned: (mentioned > read).then(|| ConvSeq::saturating(mentioned)),
        crowd: flag(row, at(11))?,
        conv,
    };
    Ok((count(row, at(0))?, conversation))
}
