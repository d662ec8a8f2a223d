//! What users have seen of the public mailbox.

use seqline_protocol::DeviceId;
use sqlx::PgConnection;

use super::load::place;
use crate::store::{
    ledger::{SeenKey, SeenRow},
    postgres::columns::{Columns, decode},
    rows::integer,
};

/// The users are locked: nobody else changes what they have seen.
pub(super) async fn load(
    connection: &mut PgConnection,
    wanted: &[SeenKey],
) -> Result<Vec<Option<SeenRow>>, sqlx::Error> {
    let (broadcasts, users) = keys(wanted.iter());
    let rows = sqlx::query(
        "SELECT wanted.at, seen.user_id IS NOT NULL, seen.device,
           coalesce(seen.is_opened, false)
         FROM unnest($1::bigint[], $2::bigint[])
           WITH ORDINALITY AS wanted (broadcast_id, user_id, at)
         JOIN broadcast ON broadcast.broadcast_id = wanted.broadcast_id
           AND broadcast.pub_seq IS NOT NULL AND broadcast.keeping = 0
         JOIN users ON users.user_id = wanted.user_id
         JOIN app ON app.app_id = users.app_id AND app.name = broadcast.app
         LEFT JOIN seen ON seen.broadcast_id = wanted.broadcast_id
           AND seen.user_id = wanted.user_id",
    )
    .bind(broadcasts)
    .bind(users)
    .fetch_all(connection)
    .await?;
    let mut seen = vec![None; wanted.len()];
    for row in &rows {
        let mut columns = Columns::of(row);
        let slot = place(&mut seen, columns.take()?)?;
        let is_claimed = columns.take()?;
        let device: Option<String> = columns.take()?;
        *slot = Some(SeenRow {
            is_claimed,
            device: device.map(DeviceId::new).transpose().map_err(decode)?,
            is_opened: columns.take()?,
        });
    }
    Ok(seen)
}

pub(super) async fn write(
    connection: &mut PgConnection,
    rows: &[(SeenKey, SeenRow)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (broadcasts, users) = keys(rows.iter().map(|(key, _)| key));
    let opened: Vec<bool> = rows.iter().map(|(_, row)| row.is_opened).collect();
    let devices: Vec<Option<&str>> = rows
        .iter()
        .map(|(_, row)| row.device.as_ref().map(DeviceId::as_str))
        .collect();
    sqlx::query(
        "INSERT INTO seen (broadcast_id, user_id, is_opened, device)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[])
         ON CONFLICT (broadcast_id, user_id) DO UPDATE SET
           is_opened = excluded.is_opened, device = excluded.device",
    )
    .bind(broadcasts)
    .bind(users)
    .bind(opened)
    .bind(devices)
    .execute(connection)
    .await?;
    Ok(())
}

fn keys<'k>(keys: impl Iterator<Item = &'k SeenKey>) -> (Vec<i64>, Vec<i64>) {
    keys.map(|(broadcast, user)| (integer(broadcast.get()), user.0))
        .unzip()
}
