//! The conversation list. Sorted when it is read: a user has far fewer conversations
//! than messages, and an index by activity would be written with every message.

use seqline_protocol::{ConvKind, ConvSeq, Conversation, Receipt, UserId};
use sqlx::{PgConnection, postgres::PgRow};

use crate::{
    store::{
        ConvPage, Conversations, ConversationsQuery,
        postgres::columns::{Columns, decode, message_columns},
        rows::integer,
    },
    weight,
};

/// The page is cut before messages are looked for.
const CONVERSATIONS: &str = concat!(
    "WITH listed AS (
       SELECT conversation.*, place.user_id AS asker_id, place.read, place.own_read,
         place.sent, place.visible_after, place.mentioned
       FROM app
       JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2
       JOIN member place ON place.user_id = asker.user_id
       JOIN conversation ON conversation.conv_id = place.conv_id
       WHERE app.name = $1
         AND NOT (place.is_cleared AND conversation.head <= place.visible_after)
         AND (conversation.active_us < $3
           OR conversation.active_us = $3 AND conversation.conv_id < $4)
       ORDER BY conversation.active_us DESC, conversation.conv_id DESC
       LIMIT $6)
     SELECT conversation.conv_id, conversation.name, conversation.head, conversation.active_us,
       conversation.read, conversation.own_read,
       CASE WHEN conversation.low_id IS NULL THEN conversation.sent
         WHEN conversation.low_id = conversation.asker_id THEN conversation.low_sent
         ELSE conversation.head - conversation.low_sent END,
       greatest(conversation.mentioned, conversation.mentions_all), conversation.title,
       conversation.state = 2 OR conversation.state = 3 AND conversation.log_head > 0,
       peer.name, theirs.delivered, theirs.read, ",
    message_columns!(),
    " FROM listed conversation
     LEFT JOIN member theirs ON conversation.low_id IS NOT NULL
       AND theirs.conv_id = conversation.conv_id AND theirs.user_id <> conversation.asker_id
     LEFT JOIN users peer ON peer.user_id = theirs.user_id
     LEFT JOIN LATERAL (
       SELECT * FROM message shown
       WHERE shown.conv_id = conversation.conv_id
         AND shown.conv_seq > conversation.visible_after
         AND (shown.expires_us IS NULL OR shown.expires_us > $5)
         AND NOT shown.is_replaced
         AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = conversation.asker_id
           AND hidden.conv_id = shown.conv_id AND hidden.conv_seq = shown.conv_seq)
       ORDER BY shown.conv_seq DESC LIMIT 1) message ON true
     LEFT JOIN users sender ON sender.user_id = message.sender_id
     ORDER BY conversation.active_us DESC, conversation.conv_id DESC",
);

pub(in crate::store::postgres) async fn conversations(
    connection: &mut PgConnection,
    query: &ConversationsQuery,
) -> Result<Conversations, sqlx::Error> {
    let (active, key) = query.after.map_or((i64::MAX, 0), |page| {
        (integer(page.active.get()), integer(page.key))
    });
    let rows = sqlx::query(CONVERSATIONS)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(active)
        .bind(key)
        .bind(integer(query.now.get()))
        .bind(integer(query.limit as u64 + 1))
        .fetch_all(&mut *connection)
        .await?;
    let mut page = Conversations::default();
    let mut last_key = 0;
    let mut bytes_left = query.bytes_max;
    for row in &rows {
        let (key, conversation) = conversation(row)?;
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

fn conversation(row: &PgRow) -> Result<(u64, Conversation), sqlx::Error> {
    let mut columns = Columns::of(row);
    let key = columns.count()?;
    let conv = columns.conv()?;
    let is_direct = conv.kind() == ConvKind::Direct;
    let head = columns.count()?;
    let active_us = columns.micros()?;
    let (read, own_read, own) = (columns.count()?, columns.count()?, columns.count()?);
    let mentioned = columns.count()?;
    let title = columns.text()?;
    let crowd = columns.take()?;
    let peer: Option<String> = columns.take()?;
    let (delivered, peer_read) = (columns.optional()?, columns.optional()?);
    let receipts = match peer {
        Some(peer) if is_direct => vec![Receipt {
            conv: conv.clone(),
            user: UserId::new(peer).map_err(decode)?,
            delivered: ConvSeq::saturating(delivered.unwrap_or(0)),
            read: ConvSeq::saturating(peer_read.unwrap_or(0)),
        }],
        _ => Vec::new(),
    };
    let conversation = Conversation {
        conv,
        head: ConvSeq::saturating(head),
        last: columns.optional_message()?,
        unread: head
            .saturating_sub(read)
            .saturating_sub(own.saturating_sub(own_read)),
        read: ConvSeq::saturating(read),
        receipts,
        active_us,
        title: (!is_direct).then_some(title),
        mentioned: (mentioned > read).then(|| ConvSeq::saturating(mentioned)),
        crowd,
    };
    Ok((key, conversation))
}
