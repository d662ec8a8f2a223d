//! Pages of a timeline, in one statement so that entries and head are of one snapshot.

use futures_util::TryStreamExt as _;
use seqline_protocol::{BroadcastId, Entry, Item, Message, Micros, MsgId, Receipt, Seq};
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use crate::{
    store::{
        Page, PageQuery, PageRange, Timeline,
        ledger::EntryKind,
        rows::integer,
        sqlite::rows::{
            CONV_COLUMN, MESSAGE_COLUMNS, SENDER_COLUMN, conv, conv_seq, count, decode, flag,
            message, message_columns, optional, seq, user,
        },
    },
    weight,
};

/// Whose timeline it is, and where that stands: tables, owner, head and floor. Parameters 1
/// to 3: app, asking user, and the conversation whose timeline it is.
macro_rules! own {
    ($then:ident, $order:literal) => {
        $then!(
            "FROM app
             JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2",
            "asker.user_id",
            "max(asker.floor - 1, coalesce((SELECT max(seq) FROM timeline WHERE owner_id = (
               SELECT user_id FROM user WHERE user.name = ?2
                 AND user.app_id = (SELECT app_id FROM app WHERE name = ?1))), 0))",
            "asker.floor",
            $order
        )
    };
}

/// A member sees the entries after the one that she was told to read after.
macro_rules! crowds {
    ($then:ident, $order:literal) => {
        $then!(
            "FROM app
             JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
             JOIN conversation crowd ON crowd.app_id = app.app_id AND crowd.name = ?3
             JOIN member place ON place.conv_id = crowd.conv_id
               AND place.user_id = asker.user_id",
            "-crowd.conv_id",
            "crowd.log_head",
            "max(crowd.log_floor, place.log_after + 1)",
            $order
        )
    };
}

/// Each row is copied from SQLite's thread to ours column by column, so that none comes
/// twice: an entry's conversation and the user whom it is about (of messages, the sender)
/// are those of the message columns.
macro_rules! page {
    ($from:literal, $owner:literal, $head:literal, $floor:literal, $order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", ",
            $head,
            ", ",
            $floor,
            ", timeline.seq, timeline.kind, timeline.conv_seq, timeline.msg_id, timeline.read,
               timeline.data, hidden.conv_seq IS NOT NULL ",
            $from,
            " LEFT JOIN timeline ON timeline.owner_id = ",
            $owner,
            "
                AND timeline.seq >= max(?4, ",
            $floor,
            ") AND timeline.seq < ?5
             LEFT JOIN conversation ON conversation.conv_id = timeline.conv_id
             LEFT JOIN user sender ON sender.user_id = timeline.about_id
             LEFT JOIN message ON message.conv_id = timeline.conv_id
                AND message.conv_seq = timeline.conv_seq AND timeline.kind IN (0, 4)
             LEFT JOIN hidden ON hidden.user_id = asker.user_id
               AND hidden.conv_id = timeline.conv_id AND hidden.conv_seq = timeline.conv_seq
             WHERE app.name = ?1
             ORDER BY timeline.seq ",
            $order,
            " LIMIT ?6"
        )
    };
}

/// The first entry that was written at a time or later: entries are written in the order of
/// time, so that it takes a few looks instead of a scan.
macro_rules! first_since {
    ($from:literal, $owner:literal, $head:literal, $floor:literal, $order:literal) => {
        concat!(
            "WITH RECURSIVE search (owner, low, high) AS (
               SELECT ",
            $owner,
            ", ",
            $floor,
            ", ",
            $head,
            " + 1 ",
            $from,
            " WHERE app.name = ?1
               UNION ALL
               SELECT owner,
                 iif((SELECT at_us FROM timeline
                      WHERE owner_id = owner AND seq = (low + high) / 2) < ?4,
                   (low + high) / 2 + 1, low),
                 iif((SELECT at_us FROM timeline
                      WHERE owner_id = owner AND seq = (low + high) / 2) < ?4,
                   high, (low + high) / 2)
               FROM search WHERE low < high)
             SELECT low FROM search WHERE low >= high"
        )
    };
}

pub(in crate::store::sqlite) const OWN_OLDEST_FIRST: &str = own!(page, "ASC");
pub(in crate::store::sqlite) const OWN_NEWEST_FIRST: &str = own!(page, "DESC");
pub(in crate::store::sqlite) const CROWD_OLDEST_FIRST: &str = crowds!(page, "ASC");
pub(in crate::store::sqlite) const CROWD_NEWEST_FIRST: &str = crowds!(page, "DESC");
const OWN_SINCE: &str = own!(first_since, "");
const CROWD_SINCE: &str = crowds!(first_since, "");

pub(in crate::store::sqlite) async fn read(
    readers: &SqlitePool,
    query: &PageQuery,
) -> Result<Page, sqlx::Error> {
    if !is_askers(query) {
        return Ok(EMPTY);
    }
    let (low, high, is_ascending) = match query.range {
        PageRange::After(after) => (integer(after.get()) + 1, i64::MAX, true),
        PageRange::Before(before) => (1, integer(before.get()), false),
        PageRange::Since(time) => (first_since(readers, query, time).await?, i64::MAX, true),
        PageRange::Until(time) => (1, first_since(readers, query, time).await?, false),
    };
    let sql = match (&query.timeline, is_ascending) {
        (Timeline::User(_), true) => OWN_OLDEST_FIRST,
        (Timeline::User(_), false) => OWN_NEWEST_FIRST,
        (Timeline::Crowd(..), true) => CROWD_OLDEST_FIRST,
        (Timeline::Crowd(..), false) => CROWD_NEWEST_FIRST,
    };
    let mut rows = sqlx::query(sql)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(crowd(query))
        .bind(low)
        .bind(high)
        .bind(integer(query.limit as u64))
        .fetch(readers);
    let mut page = EMPTY;
    let mut bytes_left = query.bytes_max;
    while let Some(row) = rows.try_next().await? {
        page.head = seq(&row, MESSAGE_COLUMNS)?;
        page.floor = seq(&row, MESSAGE_COLUMNS + 1)?;
        // A timeline with nothing in the range gives one row of nulls.
        if optional(&row, MESSAGE_COLUMNS + 2)?.is_none() {
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
    if !is_ascending {
        page.entries.reverse();
    }
    Ok(page)
}

/// What someone finds who may not see a timeline, or one that never was.
const EMPTY: Page = Page {
    entries: Vec::new(),
    head: Seq::ZERO,
    floor: Seq::ZERO.next(),
};

/// Whether the timeline can be the asker's at all; of a crowd's, the statement finds out.
fn is_askers(query: &PageQuery) -> bool {
    match &query.timeline {
        Timeline::User(account) => *account == query.account,
        Timeline::Crowd(app, _) => *app == query.account.app,
    }
}

/// Beyond the head, if nothing was written since then.
async fn first_since(
    readers: &SqlitePool,
    query: &PageQuery,
    time: Micros,
) -> Result<i64, sqlx::Error> {
    let sql = match query.timeline {
        Timeline::User(_) => OWN_SINCE,
        Timeline::Crowd(..) => CROWD_SINCE,
    };
    let row = sqlx::query(sql)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(crowd(query))
        .bind(integer(time.get()))
        .fetch_optional(readers)
        .await?;
    row.map_or(Ok(1), |row| row.try_get(0))
}

fn crowd(query: &PageQuery) -> Option<&str> {
    match &query.timeline {
        Timeline::User(_) => None,
        Timeline::Crowd(_, conv) => Some(conv.as_str()),
    }
}

fn entry(row: &SqliteRow, now: Micros) -> Result<Entry, sqlx::Error> {
    let at = |offset| MESSAGE_COLUMNS + offset;
    let seq = seq(row, at(2))?;
    let place = conv_seq(row, at(4))?;
    let kind = kind(row.try_get(at(3))?)?;
    let is_hidden = flag(row, at(8))?;
    let item = match kind {
        EntryKind::Message | EntryKind::Edit if is_hidden => Item::Delete {
            conv: conv(row, CONV_COLUMN)?,
            conv_seq: place,
        },
        EntryKind::Message => Item::Message(shown(message(row, 0)?, now)),
        EntryKind::Edit => Item::Edit(shown(message(row, 0)?, now)),
        EntryKind::Receipt => Item::Receipt(Receipt {
            conv: conv(row, CONV_COLUMN)?,
            user: user(row, SENDER_COLUMN)?,
            delivered: place,
            read: conv_seq(row, at(6))?,
        }),
        EntryKind::Read => Item::Read {
            conv: conv(row, CONV_COLUMN)?,
            conv_seq: place,
        },
        EntryKind::Recall => Item::Recall {
            conv: conv(row, CONV_COLUMN)?,
            conv_seq: place,
            msg_id: MsgId::saturating(count(row, at(5))?),
            by: user(row, SENDER_COLUMN)?,
        },
        EntryKind::Delete => Item::Delete {
            conv: conv(row, CONV_COLUMN)?,
            conv_seq: place,
        },
        EntryKind::Group => Item::Group(serde_json::from_str(row.try_get(at(7))?).map_err(decode)?),
        EntryKind::Crowd => Item::Crowd {
            conv: conv(row, CONV_COLUMN)?,
            after: place.get().checked_sub(1).map(Seq::saturating),
        },
        EntryKind::Seen => Item::Seen {
            broadcast: BroadcastId::saturating(place.get()),
            opened: flag(row, at(6))?,
        },
    };
    Ok(Entry { seq, item })
}

fn kind(stored: i64) -> Result<EntryKind, sqlx::Error> {
    Ok(match stored {
        0 => EntryKind::Message,
        1 => EntryKind::Receipt,
        2 => EntryKind::Read,
        3 => EntryKind::Recall,
        4 => EntryKind::Edit,
        5 => EntryKind::Delete,
        6 => EntryKind::Group,
        7 => EntryKind::Crowd,
        8 => EntryKind::Seen,
        kind => {
            let error = format!("no timeline entry is of kind {kind}");
            return Err(sqlx::Error::Decode(error.into()));
        }
    })
}

/// An expired message keeps its place in the timeline, whose seqs have no holes, and
/// loses its body.
fn shown(mut message: Message, now: Micros) -> Message {
    if message.expires_us.is_some_and(|expires| expires <= now) {
        message.body.clear();
    }
    message
}
