//! Rows that a commit looks at.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, DeviceId, Label};
use sqlx::{PgConnection, postgres::PgRow};

use crate::store::{
    ledger::{ConvKey, MemberKey, MessageRow, SentInSessions, SentRow, UserKey},
    postgres::columns::{Columns, inconsistent, message_columns},
    rows::{integer, number},
};

pub(super) async fn positions(
    connection: &mut PgConnection,
    keys: &[UserKey],
) -> Result<Vec<(u64, u64)>, sqlx::Error> {
    let users: Vec<_> = keys.iter().map(|key| key.0).collect();
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT wanted.at, users.head, users.delivered
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (user_id, at)
         JOIN users ON users.user_id = wanted.user_id",
    )
    .bind(users)
    .fetch_all(connection)
    .await?;
    if rows.len() != keys.len() {
        return Err(inconsistent());
    }
    let mut positions = vec![(0, 0); keys.len()];
    for (at, head, delivered) in rows {
        *place(&mut positions, at)? = (number(head), number(delivered));
    }
    Ok(positions)
}

pub(super) async fn received(
    connection: &mut PgConnection,
    wanted: &[(UserKey, u64, u64)],
) -> Result<Vec<(MemberKey, u64)>, sqlx::Error> {
    let (mut users, mut afters, mut up_tos) = (Vec::new(), Vec::new(), Vec::new());
    for (user, after, up_to) in wanted {
        users.push(user.0);
        afters.push(integer(*after));
        up_tos.push(integer(*up_to));
    }
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT timeline.owner_id, timeline.conv_id, max(timeline.conv_seq)
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (user_id, after, up_to)
         JOIN timeline ON timeline.owner_id = wanted.user_id
           AND timeline.seq > wanted.after AND timeline.seq <= wanted.up_to
         WHERE timeline.kind = 0 AND timeline.about_id <> timeline.owner_id
         GROUP BY timeline.owner_id, timeline.conv_id",
    )
    .bind(users)
    .bind(afters)
    .bind(up_tos)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(user, conv, conv_seq)| ((ConvKey(conv), UserKey(user)), number(conv_seq)))
        .collect())
}

pub(super) async fn sent(
    connection: &mut PgConnection,
    ids: &[(UserKey, &ClientMsgId)],
    devices: &[Option<&DeviceId>],
) -> Result<SentInSessions, sqlx::Error> {
    let (users, texts): (Vec<_>, Vec<_>) =
        ids.iter().map(|(user, id)| (user.0, id.as_str())).unzip();
    let mut names: Vec<_> = devices
        .iter()
        .map(|device| device.map(DeviceId::as_str))
        .collect();
    names.resize(ids.len(), None);
    let rows = sqlx::query(
        "SELECT wanted.at, coalesce(device.session, 0),
                msg_id, conv_seq, sender_seq, created_us, digest
         FROM unnest($1::bigint[], $2::text[], $3::text[])
           WITH ORDINALITY AS wanted (sender_id, id, device, at)
         LEFT JOIN message ON message.sender_id = wanted.sender_id
           AND message.client_msg_id = wanted.id
         LEFT JOIN device ON device.user_id = wanted.sender_id AND device.name = wanted.device
         WHERE message.msg_id IS NOT NULL OR device.session > 0",
    )
    .bind(users)
    .bind(texts)
    .bind(names)
    .fetch_all(connection)
    .await?;
    let mut sent = vec![None; ids.len()];
    let mut newest = vec![0; ids.len()];
    for row in &rows {
        let mut columns = Columns::of(row);
        let at = columns.take()?;
        *place(&mut newest, at)? = columns.count()?;
        let Some(msg_id) = columns.optional()? else {
            continue;
        };
        *place(&mut sent, at)? = Some(SentRow {
            msg_id,
            conv_seq: columns.count()?,
            sender_seq: columns.count()?,
            created_us: columns.count()?,
            digest: columns.take()?,
        });
    }
    Ok((sent, newest))
}

macro_rules! messages {
    ($($from:literal),+) => {
        concat!(
            "SELECT wanted.at, message.conv_id, message.sender_id, message.sender_seq, \
                    message.digest, ",
            message_columns!(),
            $($from,)+
            " JOIN conversation ON conversation.conv_id = message.conv_id
              JOIN users sender ON sender.user_id = message.sender_id"
        )
    };
}

const MESSAGES: &str = messages!(
    " FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS wanted (conv_id, conv_seq, at)
      JOIN message ON message.conv_id = wanted.conv_id AND message.conv_seq = wanted.conv_seq"
);

const KEYED: &str = messages!(
    " FROM unnest($1::bigint[], $2::bigint[], $3::text[])
        WITH ORDINALITY AS wanted (conv_id, sender_id, key, at)
      JOIN LATERAL (
        SELECT * FROM message newest
        WHERE newest.conv_id = wanted.conv_id AND newest.sender_id = wanted.sender_id
          AND newest.key = wanted.key AND NOT newest.is_recalled AND NOT newest.is_replaced
        ORDER BY newest.conv_seq DESC LIMIT 1) message ON true"
);

pub(super) async fn messages(
    connection: &mut PgConnection,
    places: &[(ConvKey, u64)],
) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
    let (convs, seqs): (Vec<_>, Vec<_>) = places
        .iter()
        .map(|(conv, seq)| (conv.0, integer(*seq)))
        .unzip();
    let rows = sqlx::query(MESSAGES)
        .bind(convs)
        .bind(seqs)
        .fetch_all(connection)
        .await?;
    message_rows(&rows, places.len())
}

pub(super) async fn keyed(
    connection: &mut PgConnection,
    wanted: &[(ConvKey, UserKey, &Label)],
) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
    let (mut convs, mut senders, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for (conv, sender, key) in wanted {
        convs.push(conv.0);
        senders.push(sender.0);
        keys.push(key.as_str());
    }
    let rows = sqlx::query(KEYED)
        .bind(convs)
        .bind(senders)
        .bind(keys)
        .fetch_all(connection)
        .await?;
    message_rows(&rows, wanted.len())
}

fn message_rows(rows: &[PgRow], count: usize) -> Result<Vec<Option<MessageRow>>, sqlx::Error> {
    let mut messages = vec![None; count];
    for row in rows {
        let mut columns = Columns::of(row);
        let slot = place(&mut messages, columns.take()?)?;
        *slot = Some(MessageRow {
            conv: ConvKey(columns.take()?),
            sender: UserKey(columns.take()?),
            sender_seq: columns.count()?,
            digest: columns.take()?,
            low_sent: None,
            message: Arc::new(columns.message()?),
        });
    }
    Ok(messages)
}

pub(super) async fn own_between(
    connection: &mut PgConnection,
    wanted: &[(MemberKey, u64, u64)],
) -> Result<Vec<u64>, sqlx::Error> {
    let (mut convs, mut users) = (Vec::new(), Vec::new());
    let (mut afters, mut up_tos) = (Vec::new(), Vec::new());
    for ((conv, user), after, up_to) in wanted {
        convs.push(conv.0);
        users.push(user.0);
        afters.push(integer(*after));
        up_tos.push(integer(*up_to));
    }
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT wanted.at, (
           SELECT count(*) FROM message
           WHERE message.conv_id = wanted.conv_id AND message.sender_id = wanted.user_id
             AND message.conv_seq > wanted.after AND message.conv_seq <= wanted.up_to)
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
           WITH ORDINALITY AS wanted (conv_id, user_id, after, up_to, at)",
    )
    .bind(convs)
    .bind(users)
    .bind(afters)
    .bind(up_tos)
    .fetch_all(connection)
    .await?;
    let mut counts = vec![0; wanted.len()];
    for (at, count) in rows {
        *place(&mut counts, at)? = number(count);
    }
    Ok(counts)
}

pub(super) async fn senders_between(
    connection: &mut PgConnection,
    wanted: &[(ConvKey, u64, u64)],
    limit: usize,
) -> Result<Vec<Vec<UserKey>>, sqlx::Error> {
    let (mut convs, mut afters, mut up_tos) = (Vec::new(), Vec::new(), Vec::new());
    for (conv, after, up_to) in wanted {
        convs.push(conv.0);
        afters.push(integer(*after));
        up_tos.push(integer(*up_to));
    }
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT wanted.at, sender.sender_id
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
           WITH ORDINALITY AS wanted (conv_id, after, up_to, at)
         CROSS JOIN LATERAL (
           SELECT DISTINCT message.sender_id FROM message
           WHERE message.conv_id = wanted.conv_id
             AND message.conv_seq > wanted.after AND message.conv_seq <= wanted.up_to
           ORDER BY message.sender_id LIMIT $4) sender
         ORDER BY wanted.at, sender.sender_id",
    )
    .bind(convs)
    .bind(afters)
    .bind(up_tos)
    .bind(integer(limit as u64))
    .fetch_all(connection)
    .await?;
    let mut senders = vec![Vec::new(); wanted.len()];
    for (at, sender) in rows {
        place(&mut senders, at)?.push(UserKey(sender));
    }
    Ok(senders)
}

pub(super) async fn hidden(
    connection: &mut PgConnection,
    wanted: &[(MemberKey, u64)],
) -> Result<Vec<bool>, sqlx::Error> {
    let (mut users, mut convs, mut seqs) = (Vec::new(), Vec::new(), Vec::new());
    for ((conv, user), conv_seq) in wanted {
        users.push(user.0);
        convs.push(conv.0);
        seqs.push(integer(*conv_seq));
    }
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT wanted.at
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
           WITH ORDINALITY AS wanted (user_id, conv_id, conv_seq, at)
         JOIN hidden USING (user_id, conv_id, conv_seq)",
    )
    .bind(users)
    .bind(convs)
    .bind(seqs)
    .fetch_all(connection)
    .await?;
    let mut hidden = vec![false; wanted.len()];
    for (at,) in rows {
        *place(&mut hidden, at)? = true;
    }
    Ok(hidden)
}

/// Ids that follow each other. Where another relay took one in between, these are left out
/// and others are taken: it holds no lock until its commit, and neither do we.
pub(super) async fn message_ids(
    connection: &mut PgConnection,
    count: usize,
) -> Result<u64, sqlx::Error> {
    let count = integer(count.max(1) as u64);
    loop {
        let (first, last): (i64, i64) = sqlx::query_as(
            "SELECT min(id), max(id)
             FROM (SELECT nextval('message_id') AS id FROM generate_series(1, $1)) taken",
        )
        .bind(count)
        .fetch_one(&mut *connection)
        .await?;
        if last - first + 1 == count {
            return Ok(number(first));
        }
    }
}

/// The place of a row in what was asked for: databases count from one.
pub(super) fn place<T>(places: &mut [T], at: i64) -> Result<&mut T, sqlx::Error> {
    usize::try_from(at - 1)
        .ok()
        .and_then(|at| places.get_mut(at))
        .ok_or_else(inconsistent)
}
