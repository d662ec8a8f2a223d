//! Messages that the apps' servers are to be told of.
//!
//! One relay at a time works on an app's: whoever holds the lease, for as long as it keeps
//! asking. The time is the database's.

use seqline_protocol::{AppId, Micros, UserId};
use sqlx::{PgPool, postgres::PgRow};

use super::columns::{Columns, decode, message_columns};
use crate::store::{Hook, HookId, rows::integer};

/// Renewed when less than half is left, so that not every question writes.
const IS_HELD: &str = "
    SELECT EXISTS (SELECT 1 FROM lease
      WHERE work = 'hooks ' || $1 AND holder = $2 AND until > now() + interval '30 s')";

const HOLD: &str = "
    INSERT INTO lease (work, holder, until) VALUES ('hooks ' || $1, $2, now() + interval '60 s')
    ON CONFLICT (work) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE lease.holder = excluded.holder OR lease.until < now()";

const DUE: &str = concat!(
    "SELECT hook.hook_id, hook.attempts,
       ARRAY(SELECT users.name FROM users WHERE users.user_id = ANY(hook.recipients)
         ORDER BY users.name), ",
    message_columns!(),
    " FROM app
     JOIN hook ON hook.app_id = app.app_id AND hook.due_us <= $2
     JOIN message ON message.msg_id = hook.msg_id
     JOIN conversation ON conversation.conv_id = message.conv_id
     JOIN users sender ON sender.user_id = message.sender_id
     WHERE app.name = $1
       AND NOT EXISTS (SELECT 1 FROM hook earlier
         WHERE earlier.conv_id = hook.conv_id AND earlier.hook_id < hook.hook_id)
     ORDER BY hook.hook_id LIMIT $3"
);

pub(super) async fn due(
    pool: &PgPool,
    holder: i64,
    app: &AppId,
    limit: usize,
    now: Micros,
) -> Result<Vec<Hook>, sqlx::Error> {
    if !is_ours(pool, holder, app).await? {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(DUE)
        .bind(app.as_str())
        .bind(integer(now.get()))
        .bind(integer(limit as u64))
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| hook(row, app)).collect()
}

async fn is_ours(pool: &PgPool, holder: i64, app: &AppId) -> Result<bool, sqlx::Error> {
    let is_held: bool = sqlx::query_scalar(IS_HELD)
        .bind(app.as_str())
        .bind(holder)
        .fetch_one(pool)
        .await?;
    if is_held {
        return Ok(true);
    }
    let taken = sqlx::query(HOLD)
        .bind(app.as_str())
        .bind(holder)
        .execute(pool)
        .await?;
    Ok(taken.rows_affected() > 0)
}

fn hook(row: &PgRow, app: &AppId) -> Result<Hook, sqlx::Error> {
    let mut columns = Columns::of(row);
    Ok(Hook {
        id: HookId(columns.take()?),
        attempts: columns.small()?,
        recipients: columns
            .take::<Vec<String>>()?
            .into_iter()
            .map(|user| UserId::new(user).map_err(decode))
            .collect::<Result<_, _>>()?,
        message: columns.message()?,
        app: app.clone(),
    })
}

pub(super) async fn done(pool: &PgPool, hooks: &[HookId]) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = hooks.iter().map(|hook| hook.0).collect();
    sqlx::query("DELETE FROM hook WHERE hook_id = ANY($1)")
        .bind(ids)
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn failed(pool: &PgPool, hook: HookId, due: Micros) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE hook SET attempts = attempts + 1, due_us = $2 WHERE hook_id = $1")
        .bind(hook.0)
        .bind(integer(due.get()))
        .execute(pool)
        .await?;
    Ok(())
}
