//! Groups and channels: what they are like, and who belongs to them.

use seqline_protocol::UserId;
use sqlx::PgPool;

use crate::store::{
    Group, GroupQuery, Member, MembersQuery, ledger::ConvState, postgres::columns::Columns,
    rows::integer,
};

/// Parameter 2 is null for the app's server, which need not be a member.
const GROUP: &str = "
    SELECT owner.name, title, announcement, join_rule, is_muted, state, log_head, members,
           conversation.head, created_us, place.user_id IS NOT NULL, asker.name, place.role, place.joined_us,
           place.muted_until_us
    FROM app
    JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = $3
    JOIN users owner ON owner.user_id = conversation.owner_id
    LEFT JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2::text
    LEFT JOIN member place ON place.conv_id = conversation.conv_id
      AND place.user_id = asker.user_id
    WHERE app.name = $1 AND ($2::text IS NULL OR place.user_id IS NOT NULL)";

/// One row of nulls if there is none left; no row for who may not ask.
const MEMBERS: &str = "
    SELECT listed.name IS NOT NULL, listed.name, listed.role, listed.joined_us,
           listed.muted_until_us
    FROM app
    JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = $3
      AND conversation.owner_id IS NOT NULL
    LEFT JOIN LATERAL (
      SELECT users.name, member.role, member.joined_us, member.muted_until_us
      FROM member JOIN users ON users.user_id = member.user_id
      WHERE member.conv_id = conversation.conv_id AND users.name > $4
      ORDER BY users.name LIMIT $5) listed ON true
    WHERE app.name = $1
      AND ($2::text IS NULL OR EXISTS (
        SELECT 1 FROM users asker JOIN member place ON place.user_id = asker.user_id
        WHERE asker.app_id = app.app_id AND asker.name = $2::text
          AND place.conv_id = conversation.conv_id))
    ORDER BY listed.name";

pub(in crate::store::postgres) async fn group(
    readers: &PgPool,
    query: &GroupQuery,
) -> Result<Option<Group>, sqlx::Error> {
    let row = sqlx::query(GROUP)
        .bind(query.actor.app().as_str())
        .bind(query.actor.user().map(UserId::as_str))
        .bind(query.conv.as_str())
        .fetch_optional(readers)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut columns = Columns::of(&row);
    let (owner, title, announcement) = (columns.user()?, columns.text()?, columns.text()?);
    let (join, is_muted, state) = (columns.join_rule()?, columns.take()?, columns.conv_state()?);
    let has_log = columns.count()? > 0;
    Ok(Some(Group {
        conv: query.conv.clone(),
        owner,
        title,
        announcement,
        join,
        is_muted,
        is_dissolved: state == ConvState::Dissolved,
        is_crowd: state == ConvState::Crowd || state == ConvState::Dissolved && has_log,
        members: columns.small()?,
        head: columns.conv_seq()?,
        created: columns.micros()?,
        own: member(&mut columns)?,
    }))
}

pub(in crate::store::postgres) async fn members(
    readers: &PgPool,
    query: &MembersQuery,
) -> Result<Option<Vec<Member>>, sqlx::Error> {
    let rows = sqlx::query(MEMBERS)
        .bind(query.group.actor.app().as_str())
        .bind(query.group.actor.user().map(UserId::as_str))
        .bind(query.group.conv.as_str())
        .bind(query.after.as_ref().map_or("", UserId::as_str))
        .bind(integer(query.limit as u64))
        .fetch_all(readers)
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    rows.iter()
        .filter_map(|row| member(&mut Columns::of(row)).transpose())
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Whether there is one, and then its columns.
fn member(columns: &mut Columns<'_>) -> Result<Option<Member>, sqlx::Error> {
    if !columns.take::<bool>()? {
        return Ok(None);
    }
    Ok(Some(Member {
        user: columns.user()?,
        role: columns.role()?,
        joined: columns.micros()?,
        muted_until: columns.micros()?,
    }))
}
