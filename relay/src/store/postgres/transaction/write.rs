//! What a commit writes: one statement a table, an array for each column.

mod devices;
mod messages;

use sqlx::PgConnection;

use super::seen;
use crate::store::{
    ledger::{Changes, ConvRow, EntryRow, MemberKey, MemberRow, Owner, UserKey, UserRow},
    postgres::columns::{inconsistent, stored_conv_state, stored_join_rule, stored_role},
    rows::integer,
};

pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &Changes,
    (holder, now_us): (i64, u64),
) -> Result<(), sqlx::Error> {
    conversations(connection, &changes.convs).await?;
    groups(connection, &changes.convs).await?;
    members(connection, &changes.members).await?;
    members_gone(connection, &changes.members_gone).await?;
    users(connection, &changes.users).await?;
    messages::insert(connection, &changes.messages).await?;
    messages::update(connection, &changes.updates).await?;
    messages::queue_for_search(connection, changes).await?;
    entries(connection, &changes.entries).await?;
    hidden(connection, &changes.hidden).await?;
    seen::write(connection, &changes.seen).await?;
    devices::write(connection, changes, (holder, now_us)).await?;
    messages::hooks(connection, changes).await
}

/// One column of some rows.
fn column<'r, R, T>(rows: &'r [R], value: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

async fn conversations(
    connection: &mut PgConnection,
    convs: &[ConvRow],
) -> Result<(), sqlx::Error> {
    if convs.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE conversation SET
           state = changed.state, head = changed.head, created_us = changed.created_us,
           active_us = changed.active_us, members = changed.members,
           log_head = changed.log_head, low_id = changed.low_id, low_sent = changed.low_sent
         FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[],
                     $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[])
           AS changed (conv_id, state, head, created_us, active_us, members, log_head, low_id,
                       low_sent)
         WHERE conversation.conv_id = changed.conv_id",
    )
    .bind(column(convs, |conv| conv.key.0))
    .bind(column(convs, |conv| stored_conv_state(conv.state)))
    .bind(column(convs, |conv| integer(conv.head)))
    .bind(column(convs, |conv| integer(conv.created_us)))
    .bind(column(convs, |conv| integer(conv.active_us)))
    .bind(column(convs, |conv| small(conv.members)))
    .bind(column(convs, |conv| integer(conv.log_head)))
    .bind(column(convs, |conv| conv.direct.low.map(|low| low.0)))
    .bind(column(convs, |conv| integer(conv.direct.low_sent)))
    .execute(connection)
    .await?;
    expect(done.rows_affected(), convs.len())
}

/// What only groups and channels have, which most batches do not touch.
async fn groups(connection: &mut PgConnection, convs: &[ConvRow]) -> Result<(), sqlx::Error> {
    let groups: Vec<_> = convs
        .iter()
        .filter(|conv| conv.group.owner.is_some())
        .collect();
    if groups.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE conversation SET
           owner_id = changed.owner_id, title = changed.title,
           announcement = changed.announcement, join_rule = changed.join_rule,
           is_muted = changed.is_muted, mentions_all = changed.mentions_all
         FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::smallint[],
                     $6::boolean[], $7::bigint[])
           AS changed (conv_id, owner_id, title, announcement, join_rule, is_muted, mentions_all)
         WHERE conversation.conv_id = changed.conv_id",
    )
    .bind(column(&groups, |conv| conv.key.0))
    .bind(column(&groups, |conv| {
        conv.group.owner.map(|owner| owner.0)
    }))
    .bind(column(&groups, |conv| conv.group.title.as_bytes()))
    .bind(column(&groups, |conv| conv.group.announcement.as_bytes()))
    .bind(column(&groups, |conv| stored_join_rule(conv.group.join)))
    .bind(column(&groups, |conv| conv.group.is_muted))
    .bind(column(&groups, |conv| integer(conv.group.mentions_all)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn members(connection: &mut PgConnection, members: &[MemberRow]) -> Result<(), sqlx::Error> {
    if members.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO member (conv_id, user_id, role, joined_us, read, own_read, delivered, sent,
                             visible_after, is_cleared, muted_until_us, mentioned, log_after)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[],
                              $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                              $9::bigint[], $10::boolean[], $11::bigint[], $12::bigint[],
                              $13::bigint[])
         ON CONFLICT (conv_id, user_id) DO UPDATE SET
           role = excluded.role, joined_us = excluded.joined_us, read = excluded.read,
           own_read = excluded.own_read, delivered = excluded.delivered, sent = excluded.sent,
           visible_after = excluded.visible_after, is_cleared = excluded.is_cleared,
           muted_until_us = excluded.muted_until_us, mentioned = excluded.mentioned,
           log_after = excluded.log_after",
    )
    .bind(column(members, |member| member.conv.0))
    .bind(column(members, |member| member.user.0))
    .bind(column(members, |member| stored_role(member.role)))
    .bind(column(members, |member| integer(member.joined_us)))
    .bind(column(members, |member| integer(member.read)))
    .bind(column(members, |member| integer(member.own_read)))
    .bind(column(members, |member| integer(member.delivered)))
    .bind(column(members, |member| integer(member.sent)))
    .bind(column(members, |member| integer(member.visible_after)))
    .bind(column(members, |member| member.is_cleared))
    .bind(column(members, |member| integer(member.muted_until_us)))
    .bind(column(members, |member| integer(member.mentioned)))
    .bind(column(members, |member| integer(member.log_after)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn members_gone(
    connection: &mut PgConnection,
    gone: &[MemberKey],
) -> Result<(), sqlx::Error> {
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM member USING unnest($1::bigint[], $2::bigint[]) AS gone (conv_id, user_id)
         WHERE member.conv_id = gone.conv_id AND member.user_id = gone.user_id",
    )
    .bind(column(gone, |(conv, _)| conv.0))
    .bind(column(gone, |(_, user)| user.0))
    .execute(connection)
    .await?;
    Ok(())
}

async fn users(connection: &mut PgConnection, users: &[UserRow]) -> Result<(), sqlx::Error> {
    if users.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE users SET
           head = changed.head, delivered = changed.delivered, is_known = changed.is_known,
           last_seen_us = changed.last_seen_us, shares_presence = changed.shares_presence,
           crowds = changed.crowds
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[],
                     $6::boolean[], $7::integer[])
           AS changed (user_id, head, delivered, is_known, last_seen_us, shares_presence, crowds)
         WHERE users.user_id = changed.user_id",
    )
    .bind(column(users, |user| user.key.0))
    .bind(column(users, |user| integer(user.head)))
    .bind(column(users, |user| integer(user.delivered)))
    .bind(column(users, |user| user.is_known))
    .bind(column(users, |user| integer(user.last_seen_us)))
    .bind(column(users, |user| user.shares_presence))
    .bind(column(users, |user| small(user.crowds)))
    .execute(connection)
    .await?;
    expect(done.rows_affected(), users.len())
}

async fn entries(connection: &mut PgConnection, entries: &[EntryRow]) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO timeline (owner_id, seq, at_us, conv_id, conv_seq, about_id, msg_id, read,
                               kind, data)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
                              $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                              $9::smallint[], $10::text[])",
    )
    .bind(column(entries, |entry| stored_owner(entry.owner)))
    .bind(column(entries, |entry| integer(entry.seq)))
    .bind(column(entries, |entry| integer(entry.at_us)))
    .bind(column(entries, |entry| entry.conv.0))
    .bind(column(entries, |entry| integer(entry.conv_seq)))
    .bind(column(entries, |entry| entry.about.0))
    .bind(column(entries, |entry| entry.msg_id.map(integer)))
    .bind(column(entries, |entry| entry.read.map(integer)))
    .bind(column(entries, |entry| entry.kind as i16))
    .bind(column(entries, |entry| entry.data.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

fn stored_owner(owner: Owner) -> i64 {
    match owner {
        Owner::User(UserKey(user)) => user,
        Owner::Crowd(conv) => -conv.0,
    }
}

async fn hidden(
    connection: &mut PgConnection,
    hidden: &[(MemberKey, u64)],
) -> Result<(), sqlx::Error> {
    if hidden.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO hidden (user_id, conv_id, conv_seq)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING",
    )
    .bind(column(hidden, |((_, user), _)| user.0))
    .bind(column(hidden, |((conv, _), _)| conv.0))
    .bind(column(hidden, |(_, conv_seq)| integer(*conv_seq)))
    .execute(connection)
    .await?;
    Ok(())
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn expect(affected: u64, wanted: usize) -> Result<(), sqlx::Error> {
    if affected == wanted as u64 {
        Ok(())
    } else {
        Err(inconsistent())
    }
}
