//! Messages that wait to be told to the apps' servers.

use seqline_protocol::{AppId, Micros, UserId};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::rows::{MESSAGE_COLUMNS, decode, json, message, message_columns, small};
use crate::store::{Hook, HookId, rows::integer};

const DUE: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", hook_id, attempts,
       (SELECT json_group_array(name) FROM json_each(recipients)
        CROSS JOIN user ON user_id = value)
     FROM app
     CROSS JOIN hook
     CROSS JOIN conversation ON conversation.conv_id = hook.conv_id
       AND conversation.app_id = app.app_id
     CROSS JOIN message ON message.msg_id = hook.msg_id
     CROSS JOIN user sender ON sender.user_id = message.sender_id
     WHERE app.name = ?1 AND due_us <= ?2
       AND hook_id = (SELECT min(hook_id) FROM hook first WHERE first.conv_id = hook.conv_id)
     ORDER BY hook_id LIMIT ?3",
);

pub(super) async fn due(
    readers: &SqlitePool,
    app: &AppId,
    limit: usize,
    now: Micros,
) -> Result<Vec<Hook>, sqlx::Error> {
    let rows = sqlx::query(DUE)
        .bind(app.as_str())
        .bind(integer(now.get()))
        .bind(integer(limit as u64))
        .fetch_all(readers)
        .await?;
    rows.iter()
        .map(|row| {
            let names = row.try_get(MESSAGE_COLUMNS + 2)?;
            let mut recipients: Vec<UserId> = serde_json::from_str(names).map_err(decode)?;
            recipients.sort();
            Ok(Hook {
                id: HookId(row.try_get(MESSAGE_COLUMNS)?),
                app: app.clone(),
                message: message(row, 0)?,
                recipients,
                attempts: small(row, MESSAGE_COLUMNS + 1)?,
            })
        })
        .collect()
}

pub(super) async fn done(
    connection: &mut SqliteConnection,
    hooks: &[HookId],
) -> Result<(), sqlx::Error> {
    let ids: Vec<i64> = hooks.iter().map(|hook| hook.0).collect();
    sqlx::query("DELETE FROM hook WHERE hook_id IN (SELECT value FROM json_each(?))")
        .bind(json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn failed(
    connection: &mut SqliteConnection,
    hook: HookId,
    due: Micros,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE hook SET attempts = attempts + 1, due_us = ? WHERE hook_id = ?")
        .bind(integer(due.get()))
        .bind(hook.0)
        .execute(connection)
        .await?;
    Ok(())
}
