//! Pages of a timeline, in one statement so that entries and head are of one snapshot.

use seqline_protocol::{BroadcastId, Entry, Item, Message, Micros, MsgId, Receipt, Seq};
use sqlx::{PgPool, postgres::PgRow};

use crate::{
    store::{
        Page, PageQuery, PageRange, Timeline,
        ledger::EntryKind,
        postgres::columns::{Columns, decode, inconsistent, message_columns},
        rows::integer,
    },
    weight,
};

/// Whose timeline it is, and where that stands: tables, owner, head and floor. Parameters 1
/// to 3: app, asking user, and the conversation whose timeline it is.
macro_rules! own {
    ($then:ident, $order:literal) => {
        $then!(
            "FROM app
             JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2
               AND $3::text IS NULL",
            "asker.user_id",
            "asker.head",
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
             JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2
             JOIN conversation crowd ON crowd.app_id = app.app_id AND crowd.name = $3::text
             JOIN member place ON place.conv_id = crowd.conv_id
               AND place.user_id = asker.user_id",
            "-crowd.conv_id",
            "crowd.log_head",
            "greatest(crowd.log_floor, place.log_after + 1)",
            $order
        )
    };
}

/// Rows below the floor may be there still; see [`crate::store::postgres::age`].
macro_rules! page {
    ($from:literal, $owner:literal, $head:literal, $floor:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $head,
            ", ",
            $floor,
            ", timeline.seq, timeline.kind, conversation.name,
               timeline.conv_seq, about.name, timeline.msg_id, timeline.read, timeline.data,
               hidden.conv_seq IS NOT NULL, ",
            message_columns!(),
            " ",
            $from,
            " LEFT JOIN LATERAL (
                SELECT * FROM timeline entry
                WHERE entry.owner_id = ",
            $owner,
            " AND entry.seq >= $4
                  AND entry.seq >= ",
            $floor,
            " AND entry.seq < $5
                ORDER BY entry.seq ",
            $order,
            " LIMIT $6) timeline ON true
             LEFT JOIN conversation ON conversation.conv_id = timeline.conv_id
             LEFT JOIN users about ON about.user_id = timeline.about_id
             LEFT JOIN message ON message.msg_id = timeline.msg_id AND timeline.kind IN (0, 4)
             LEFT JOIN users sender ON sender.user_id = message.sender_id
             LEFT JOIN hidden ON hidden.user_id = asker.user_id
               AND hidden.conv_id = timeline.conv_id AND hidden.conv_seq = timeline.conv_seq
             WHERE app.name = $1
             ORDER BY timeline.seq ",
            $order
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
            " WHERE app.name = $1
               UNION ALL
               SELECT search.owner,
                 CASE WHEN middle.is_before THEN (low + high) / 2 + 1 ELSE low END,
                 CASE WHEN middle.is_before THEN high ELSE (low + high) / 2 END
               FROM search, LATERAL (
                 SELECT coalesce((SELECT at_us FROM timeline
                   WHERE owner_id = search.owner AND seq = (low + high) / 2) < $4, true)
                   AS is_before) middle
               WHERE low < high)
             SELECT low FROM search WHERE low >= high"
        )
    };
}

const OWN_OLDEST_FIRST: &str = own!(page, "ASC");
const OWN_NEWEST_FIRST: &str = own!(page, "DESC");
const CROWD_OLDEST_FIRST: &str = crowds!(page, "ASC");
const CROWD_NEWEST_FIRST: &str = crowds!(page, "DESC");
const OWN_SINCE: &str = own!(first_since, "");
const CROWD_SINCE: &str = crowds!(first_since, "");

pub(in crate::store::postgres) async fn page(
    readers: &PgPool,
    query: &PageQuery,
) -> Result<Page, sqlx::Error> {
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
    let rows = sqlx::query(sql)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(crowd(query))
        .bind(low)
        .bind(high)
        .bind(integer(query.limit as u64))
        .fetch_all(readers)
        .await?;
    let mut page = Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: Seq::ZERO.next(),
    };
    let mut bytes_left = query.bytes_max;
    for row in &rows {
        let mut columns = Columns::of(row);
        page.head = columns.seq()?;
        page.floor = columns.seq()?;
        let Some(entry) = entry(row, query.now)? else {
            break;
        };
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

/// Beyond the head, if nothing was written since then.
async fn first_since(
    readers: &PgPool,
    query: &PageQuery,
    time: Micros,
) -> Result<i64, sqlx::Error> {
    let sql = match query.timeline {
        Timeline::User(_) => OWN_SINCE,
        Timeline::Crowd(..) => CROWD_SINCE,
    };
    let first: Option<i64> = sqlx::query_scalar(sql)
        .bind(query.account.app.as_str())
        .bind(query.account.user.as_str())
        .bind(crowd(query))
        .bind(integer(time.get()))
        .fetch_optional(readers)
        .await?;
    Ok(first.unwrap_or(1))
}

fn crowd(query: &PageQuery) -> Option<&str> {
    match &query.timeline {
        Timeline::User(_) => None,
        Timeline::Crowd(_, conv) => Some(conv.as_str()),
    }
}

/// None in the row of nulls of a timeline with nothing in the range.
fn entry(row: &PgRow, now: Micros) -> Result<Option<Entry>, sqlx::Error> {
    let mut columns = Columns::of(row);
    let (_head, _floor) = (columns.seq()?, columns.seq()?);
    let Some(seq) = columns.optional()?.map(Seq::saturating) else {
        return Ok(None);
    };
    let kind = columns.entry_kind()?;
    if kind == EntryKind::Seen {
        let _no_conv: Option<&str> = columns.take()?;
        let broadcast = BroadcastId::saturating(columns.count()?);
        let (_user, _no_msg) = (columns.user()?, columns.optional()?);
        let opened = columns.count()? != 0;
        let item = Item::Seen { broadcast, opened };
        return Ok(Some(Entry { seq, item }));
    }
    let conv = columns.conv()?;
    let conv_seq = columns.conv_seq()?;
    let about = columns.user()?;
    let msg_id = columns.optional()?.map(MsgId::saturating);
    let read = columns.optional()?;
    let data: Option<&str> = columns.take()?;
    let is_hidden: bool = columns.take()?;
    let mut message = || match columns.optional_message() {
        Ok(Some(message)) => Ok(shown(message, now)),
        Ok(None) => Err(inconsistent()),
        Err(error) => Err(error),
    };
    let item = match kind {
        EntryKind::Message | EntryKind::Edit if is_hidden => Item::Delete { conv, conv_seq },
        EntryKind::Message => Item::Message(message()?),
        EntryKind::Edit => Item::Edit(message()?),
        EntryKind::Receipt => Item::Receipt(Receipt {
            conv,
            user: about,
            delivered: conv_seq,
            read: seqline_protocol::ConvSeq::saturating(read.unwrap_or(0)),
        }),
        EntryKind::Read => Item::Read { conv, conv_seq },
        EntryKind::Recall => Item::Recall {
            conv,
            conv_seq,
            msg_id: msg_id.ok_or_else(inconsistent)?,
            by: about,
        },
        EntryKind::Delete => Item::Delete { conv, conv_seq },
        EntryKind::Group => Item::Group(serde_json::from_str(data.unwrap_or("")).map_err(decode)?),
        EntryKind::Crowd => Item::Crowd {
            conv,
            after: conv_seq.get().checked_sub(1).map(Seq::saturating),
        },
        EntryKind::Seen => return Err(inconsistent()),
    };
    Ok(Some(Entry { seq, item }))
}

/// An expired message keeps its place in the timeline, whose seqs have no holes, and
/// loses its body.
fn shown(mut message: Message, now: Micros) -> Message {
    if message.expires_us.is_some_and(|expires| expires <= now) {
        message.body.clear();
    }
    message
}
