//! Pages of a timeline, in one statement so that entries and head are of one snapshot.

use futures_util::TryStreamExt as _;
use seqline_protocol::{ConvSeq, Entry, Item, Message, Micros, MsgId, Receipt, Seq};
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::rows::{MESSAGE_COLUMNS, conv, integer, message, message_columns, number, user};
use crate::{
    store::{Page, PageQuery},
    weight,
};

/// The kinds of a timeline row, as the schema lists them.
pub(super) const MESSAGE: i64 = 0;
pub(super) const RECEIPT: i64 = 1;
pub(super) const READ: i64 = 2;
pub(super) const RECALL: i64 = 3;

pub(super) const PAGE: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", user.head, user.floor, timeline.seq, timeline.kind, conversation.name, \
       timeline.conv_seq, about.name, timeline.msg_id, timeline.read
     FROM app
     JOIN user ON user.app_id = app.app_id AND user.name = ?2
     LEFT JOIN timeline ON timeline.user_id = user.user_id AND timeline.seq > ?3
     LEFT JOIN conversation ON conversation.conv_id = timeline.conv_id
     LEFT JOIN user about ON about.user_id = timeline.about_id
     LEFT JOIN message ON message.msg_id = timeline.msg_id AND timeline.kind = 0
     LEFT JOIN user sender ON sender.user_id = message.sender_id
     WHERE app.name = ?1
     ORDER BY timeline.seq LIMIT ?4",
);

pub(super) async fn read(readers: &SqlitePool, query: &PageQuery) -> Result<Page, sqlx::Error> {
    let mut rows = sqlx::query(PAGE)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(integer(query.after.get()))
        .bind(integer(query.limit as u64))
        .fetch(readers);
    let mut page = Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: Seq::ZERO.next(),
    };
    let mut bytes_left = query.bytes_max;
    while let Some(row) = rows.try_next().await? {
        page.head = Seq::saturating(number(row.try_get(MESSAGE_COLUMNS)?));
        page.floor = Seq::saturating(number(row.try_get(MESSAGE_COLUMNS + 1)?));
        // A timeline with nothing after `after` gives one row of nulls.
        if row
            .try_get::<Option<i64>, _>(MESSAGE_COLUMNS + 2)?
            .is_none()
        {
            break;
        }
        let entry = entry(&row, query.now)?;
        let bytes = weight::entry_bytes(&entry);
        if bytes > bytes_left && !page.entries.is_empty() {
            break;
        }
        bytes_left = bytes_left.saturating_sub(bytes);
        page.entries.push(entry);
    }
    Ok(page)
}

fn entry(row: &SqliteRow, now: Micros) -> Result<Entry, sqlx::Error> {
    let at = |offset| MESSAGE_COLUMNS + offset;
    let seq = Seq::saturating(number(row.try_get(at(2))?));
    let conv_seq = ConvSeq::saturating(number(row.try_get(at(5))?));
    let item = match row.try_get::<i64, _>(at(3))? {
        MESSAGE => Item::Message(shown(message(row, 0)?, now)),
        RECEIPT => Item::Receipt(Receipt {
            conv: conv(row, at(4))?,
            user: user(row, at(6))?,
            delivered: conv_seq,
            read: ConvSeq::saturating(number(row.try_get(at(8))?)),
        }),
        READ => Item::Read {
            conv: conv(row, at(4))?,
            conv_seq,
        },
        RECALL => Item::Recall {
            conv: conv(row, at(4))?,
            conv_seq,
            msg_id: MsgId::saturating(number(row.try_get(at(7))?)),
            by: user(row, at(6))?,
        },
        kind => {
            let error = format!("no timeline entry is of kind {kind}");
            return Err(sqlx::Error::Decode(error.into()));
        }
    };
    Ok(Entry { seq, item })
}

/// An expired message keeps its place in the timeline, whose seqs have no holes, and
/// loses its body.
fn shown(mut message: Message, now: Micros) -> Message {
    if message.expires_us.is_some_and(|expires| expires <= now) {
        message.body.clear();
    }
    message
}
