//! Groups and channels: what they are like, who belongs to them, who has read what.

use seqline_protocol::UserId;
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use crate::store::{
    Group, GroupQuery, Member, MembersQuery, Receipts, ReceiptsQuery,
    ledger::ConvState,
    rows::integer,
    sqlite::rows::{
        conv_seq, conv_state, count, flag, join_rule, micros, optional, role, small, user,
    },
};

/// Parameter 2 is null for the app's server, which need not be a member.
const GROUP: &str = "
    SELECT owner.name, title, announcement, join_rule, is_muted, state, log_head, members,
           (SELECT coalesce(max(conv_seq), 0) FROM message
            WHERE message.conv_id = conversation.conv_id),
           created_us, asker.name, place.role, place.joined_us, place.muted_until_us
    FROM app
    JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = ?3
    JOIN user owner ON owner.user_id = conversation.owner_id
    LEFT JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
    LEFT JOIN member place ON place.conv_id = conversation.conv_id
      AND place.user_id = asker.user_id
    WHERE app.name = ?1 AND (?2 IS NULL OR place.user_id IS NOT NULL)";

/// One row of nulls if there is none left; no row for who may not ask.
const MEMBERS: &str = "
    SELECT user.name, member.role, member.joined_us, member.muted_until_us
    FROM app
    JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = ?3
      AND conversation.owner_id IS NOT NULL
    LEFT JOIN (member JOIN user ON user.user_id = member.user_id AND user.name > ?4)
      ON member.conv_id = conversation.conv_id
    WHERE app.name = ?1
      AND (?2 IS NULL OR EXISTS (SELECT 1 FROM user asker JOIN member place USING (user_id)
        WHERE asker.app_id = app.app_id AND asker.name = ?2
          AND place.conv_id = conversation.conv_id))
    ORDER BY user.name LIMIT ?5";

/// Who was there already when the message came, and is still. One row for each who has read
/// it, and the sums in all of them.
const RECEIPTS: &str = "
    WITH asked AS (
      SELECT conversation.conv_id, conversation.state, message.conv_seq, message.sender_id,
             message.created_us
      FROM app
      JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = ?3
      JOIN message ON message.conv_id = conversation.conv_id AND message.conv_seq = ?4
      WHERE app.name = ?1
        AND (?2 IS NULL OR EXISTS (SELECT 1 FROM user asker JOIN member place USING (user_id)
          WHERE asker.app_id = app.app_id AND asker.name = ?2
            AND place.conv_id = conversation.conv_id
            AND place.visible_after < message.conv_seq
            AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = place.user_id
              AND hidden.conv_id = place.conv_id AND hidden.conv_seq = message.conv_seq)))),
    others AS (
      SELECT member.user_id, member.read >= asked.conv_seq AS has_read,
        iif(asked.state = 1, member.delivered, member.read) >= asked.conv_seq AS has_it
      FROM asked JOIN member ON member.conv_id = asked.conv_id
        AND member.user_id <> asked.sender_id AND member.joined_us <= asked.created_us)
    SELECT (SELECT count(*) FROM others), (SELECT coalesce(sum(has_it), 0) FROM others),
           (SELECT coalesce(sum(has_read), 0) FROM others), reader.name
    FROM asked
    LEFT JOIN (others JOIN user reader ON reader.user_id = others.user_id) ON others.has_read
    ORDER BY reader.name LIMIT max(1, ?5)";

pub(in crate::store::sqlite) async fn group(
    readers: &SqlitePool,
    query: &GroupQuery,
) -> Result<Option<Group>, sqlx::Error> {
    let row = sqlx::query(GROUP)
        .bind(query.actor.app().as_str())
        .bind(query.actor.user().map(UserId::as_str))
        .bind(query.conv.as_str())
        .fetch_optional(readers)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let state = conv_state(&row, 5)?;
    Ok(Some(Group {
        conv: query.conv.clone(),
        owner: user(&row, 0)?,
        title: row.try_get(1)?,
        announcement: row.try_get(2)?,
        join: join_rule(&row, 3)?,
        is_muted: flag(&row, 4)?,
        is_dissolved: state == ConvState::Dissolved,
        is_crowd: state == ConvState::Crowd || state == ConvState::Dissolved && count(&row, 6)? > 0,
        members: small(&row, 7)?,
        head: conv_seq(&row, 8)?,
        created: micros(&row, 9)?,
        own: match optional(&row, 11)? {
            None => None,
            Some(_) => Some(member(&row, 10)?),
        },
    }))
}

pub(in crate::store::sqlite) async fn members(
    readers: &SqlitePool,
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
    let mut members = Vec::new();
    for row in &rows {
        if optional(row, 1)?.is_some() {
            members.push(member(row, 0)?);
        }
    }
    Ok(Some(members))
}

pub(in crate::store::sqlite) async fn receipts(
    readers: &SqlitePool,
    query: &ReceiptsQuery,
) -> Result<Option<Receipts>, sqlx::Error> {
    let rows = sqlx::query(RECEIPTS)
        .bind(query.actor.app().as_str())
        .bind(query.actor.user().map(UserId::as_str))
        .bind(query.conv.as_str())
        .bind(integer(query.conv_seq.get()))
        .bind(integer(query.limit as u64))
        .fetch_all(readers)
        .await?;
    let mut receipts = None;
    for row in &rows {
        let receipts = receipts.get_or_insert(Receipts {
            members: small(row, 0)?,
            delivered: small(row, 1)?,
            read: small(row, 2)?,
            readers: Vec::new(),
        });
        let is_reader = row.try_get::<Option<&str>, _>(3)?.is_some();
        if is_reader && receipts.readers.len() < query.limit {
            receipts.readers.push(user(row, 3)?);
        }
    }
    Ok(receipts)
}

fn member(row: &SqliteRow, first: usize) -> Result<Member, sqlx::Error> {
    Ok(Member {
        user: user(row, first)?,
        role: role(row, first + 1)?,
        joined: micros(row, first + 2)?,
        muted_until: micros(row, first + 3)?,
    })
}
