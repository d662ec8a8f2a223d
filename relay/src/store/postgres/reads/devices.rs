//! Users and their devices.

use seqline_protocol::{AppId, DeviceId, Label, UserId};
use sqlx::PgPool;

use crate::{
    account::Account,
    store::{
        DeviceRow, UserState,
        postgres::columns::{Columns, decode},
    },
};

pub(in crate::store::postgres) async fn devices(
    readers: &PgPool,
    holder: i64,
    account: &Account,
) -> Result<Vec<DeviceRow>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT device.name, platform, host, app_version, first_us, last_us,
           device.ended = 0 AND device.relay_id <> $3 AND EXISTS (
             SELECT 1 FROM relay WHERE relay.relay_id = device.relay_id AND relay.until > now())
         FROM app
         JOIN users ON users.app_id = app.app_id AND users.name = $2
         JOIN device ON device.user_id = users.user_id
         WHERE app.name = $1 AND device.ended < 2
         ORDER BY last_us DESC, device.name",
    )
    .bind(account.app.as_str())
    .bind(account.user.as_str())
    .bind(holder)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(DeviceRow {
                device: columns.name(DeviceId::new)?,
                platform: Label::new(columns.take::<String>()?).map_err(decode)?,
                host: columns.text()?,
                app_version: columns.optional_text()?,
                first: columns.micros()?,
                last: columns.micros()?,
                // None where it is connected to no relay.
                is_elsewhere: columns.take::<Option<bool>>()?.unwrap_or_default(),
            })
        })
        .collect()
}

/// In the order in which they were asked for.
pub(in crate::store::postgres) async fn users(
    readers: &PgPool,
    holder: i64,
    app: &AppId,
    users: &[UserId],
) -> Result<Vec<UserState>, sqlx::Error> {
    let names: Vec<_> = users.iter().map(UserId::as_str).collect();
    let rows = sqlx::query(
        "SELECT users.name, users.last_seen_us, users.shares_presence,
           EXISTS (SELECT 1 FROM device
             JOIN relay ON relay.relay_id = device.relay_id AND relay.until > now()
             WHERE device.user_id = users.user_id
               AND device.ended = 0 AND device.relay_id <> $3)
         FROM app
         CROSS JOIN unnest($2::text[]) WITH ORDINALITY AS wanted (name, at)
         JOIN users ON users.app_id = app.app_id AND users.name = wanted.name
         WHERE app.name = $1 AND users.is_known
         ORDER BY wanted.at",
    )
    .bind(app.as_str())
    .bind(names)
    .bind(holder)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(UserState {
                user: columns.user()?,
                last_seen: columns.micros()?,
                shares_presence: columns.take()?,
                is_elsewhere: columns.take()?,
            })
        })
        .collect()
}
