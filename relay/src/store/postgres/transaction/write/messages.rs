//! Messages, and what is to be done with them later: hooks and search.

use seqline_protocol::{Label, Micros};
use sqlx::PgConnection;

use super::{column, expect};
use crate::{
    index::Index,
    store::{
        ledger::{Changes, EntryKind, MessageRow, MessageUpdate, Owner},
        postgres::columns::{stored_mentions, stored_priority},
        rows::integer,
    },
};

/// Messages of one row of the queue at most, so that one step of indexing stays small.
const QUEUED_RANGE_MAX: u64 = 100;

pub(super) async fn insert(
    connection: &mut PgConnection,
    rows: &[MessageRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq, digest,
                              client_msg_id, kind, body, priority, created_us, expires_us, key,
                              replaces, business, mentions, edited_us, is_recalled, is_replaced)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
                              $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bytea[],
                              $10::smallint[], $11::bigint[], $12::bigint[], $13::text[],
                              $14::bigint[], $15::text[], $16::text[], $17::bigint[],
                              $18::boolean[], $19::boolean[])",
    )
    .bind(column(rows, |row| integer(row.message.msg_id.get())))
    .bind(column(rows, |row| row.conv.0))
    .bind(column(rows, |row| integer(row.message.conv_seq.get())))
    .bind(column(rows, |row| row.sender.0))
    .bind(column(rows, |row| integer(row.sender_seq)))
    .bind(column(rows, |row| row.digest))
    .bind(column(rows, |row| row.message.client_msg_id.as_str()))
    .bind(column(rows, |row| row.message.kind.as_str()))
    .bind(column(rows, |row| row.message.body.as_bytes()))
    .bind(column(rows, |row| stored_priority(row.message.priority)))
    .bind(column(rows, |row| integer(row.message.created_us.get())))
    .bind(column(rows, |row| time(row.message.expires_us)))
    .bind(column(rows, |row| {
        row.message.key.as_ref().map(Label::as_str)
    }))
    .bind(column(rows, |row| {
        row.message.replaces.map(|replaced| integer(replaced.get()))
    }))
    .bind(column(rows, |row| {
        row.message.business.as_ref().map(Label::as_str)
    }))
    .bind(column(rows, |row| stored_mentions(&row.message.mentions)))
    .bind(column(rows, |row| time(row.message.edited_us)))
    .bind(column(rows, |row| row.message.recalled))
    .bind(column(rows, |row| row.message.replaced))
    .execute(connection)
    .await?;
    Ok(())
}

fn time(at: Option<Micros>) -> Option<i64> {
    at.map(|at| integer(at.get()))
}

pub(super) async fn update(
    connection: &mut PgConnection,
    updates: &[MessageUpdate],
) -> Result<(), sqlx::Error> {
    if updates.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE message SET
           body = changed.body, is_recalled = changed.is_recalled,
           is_replaced = changed.is_replaced, edited_us = changed.edited_us
         FROM unnest($1::bigint[], $2::bytea[], $3::boolean[], $4::boolean[], $5::bigint[])
           AS changed (msg_id, body, is_recalled, is_replaced, edited_us)
         WHERE message.msg_id = changed.msg_id",
    )
    .bind(column(updates, |update| integer(update.msg_id)))
    .bind(column(updates, |update| update.body.as_bytes()))
    .bind(column(updates, |update| update.is_recalled))
    .bind(column(updates, |update| update.is_replaced))
    .bind(column(updates, |update| update.edited_us.map(integer)))
    .execute(connection)
    .await?;
    expect(done.rows_affected(), updates.len())
}

/// Ranges of new messages (their ids follow each other, and no other commit has one in
/// between), and each that reads differently now.
pub(super) async fn queue_for_search(
    connection: &mut PgConnection,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for id in changes.messages.iter().map(|row| row.message.msg_id.get()) {
        match ranges.last_mut() {
            Some((first, last)) if id == *last + 1 && id - *first < QUEUED_RANGE_MAX => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    ranges.extend(
        changes
            .updates
            .iter()
            .map(|update| (update.msg_id, update.msg_id)),
    );
    if ranges.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO search_queue (first_id, last_id)
         SELECT * FROM unnest($1::bigint[], $2::bigint[])",
    )
    .bind(column(&ranges, |(first, _)| integer(*first)))
    .bind(column(&ranges, |(_, last)| integer(*last)))
    .execute(connection)
    .await?;
    Ok(())
}

/// With the users who get an entry of the message in this commit, its sender left out.
pub(super) async fn hooks(
    connection: &mut PgConnection,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    let hooks = &changes.hooks;
    if hooks.is_empty() {
        return Ok(());
    }
    let mut recipients: Index<u64, Vec<String>> = Index::new();
    for entry in &changes.entries {
        if let (EntryKind::Message, Some(id), Owner::User(user)) =
            (entry.kind, entry.msg_id, entry.owner)
            && user != entry.about
        {
            recipients.entry(id).or_default().push(user.0.to_string());
        }
    }
    // An array of arrays of different lengths is none: each is handed over as its text.
    let recipients = column(hooks, |(id, _)| {
        let users = recipients.get(id).map(|users| users.join(","));
        format!("{{{}}}", users.unwrap_or_default())
    });
    sqlx::query(
        "INSERT INTO hook (app_id, conv_id, msg_id, recipients)
         SELECT conversation.app_id, told.conv_id, told.msg_id, told.recipients::bigint[]
         FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS told (msg_id, conv_id, recipients)
         JOIN conversation ON conversation.conv_id = told.conv_id
         ORDER BY told.msg_id",
    )
    .bind(column(hooks, |(id, _)| integer(*id)))
    .bind(column(hooks, |(_, conv)| conv.0))
    .bind(recipients)
    .execute(connection)
    .await?;
    Ok(())
}
