//! Users and their devices.

use seqline_protocol::{AppId, DeviceId, Label, UserId};
use sqlx::{Row as _, SqlitePool};

use crate::{
    account::Account,
    store::{
        DeviceRow, UserState,
        sqlite::rows::{decode, flag, json, micros, name, user},
    },
};

pub(in crate::store::sqlite) async fn devices(
    readers: &SqlitePool,
    account: &Account,
) -> Result<Vec<DeviceRow>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT device.name, platform, host, app_version, first_us, last_us
         FROM app
         JOIN user ON user.app_id = app.app_id AND user.name = ?2
         JOIN device ON device.user_id = user.user_id
         WHERE app.name = ?1
         ORDER BY last_us DESC, device.name",
    )
    .bind(account.app.as_str())
    .bind(account.user.as_str())
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeviceRow {
                device: name(row, 0, DeviceId::new)?,
                platform: Label::new(row.try_get::<String, _>(1)?).map_err(decode)?,
                host: row.try_get(2)?,
                app_version: row.try_get(3)?,
                first: micros(row, 4)?,
                last: micros(row, 5)?,
                is_elsewhere: false,
            })
        })
        .collect()
}

/// In the order in which they were asked for.
pub(in crate::store::sqlite) async fn users(
    readers: &SqlitePool,
    app: &AppId,
    users: &[UserId],
) -> Result<Vec<UserState>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT user.name, last_seen_us, shares_presence FROM app
         CROSS JOIN json_each(?2) wanted
         CROSS JOIN user ON user.app_id = app.app_id AND user.name = wanted.value
         WHERE app.name = ?1 AND is_known
         ORDER BY wanted.key",
    )
    .bind(app.as_str())
    .bind(json(users))
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(UserState {
                user: user(row, 0)?,
                last_seen: micros(row, 1)?,
                shares_presence: flag(row, 2)?,
                is_elsewhere: false,
            })
        })
        .collect()
}
