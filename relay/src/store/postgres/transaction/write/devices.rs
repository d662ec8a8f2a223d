//! Devices as they come and go.

use seqline_protocol::DeviceId;
use sqlx::PgConnection;

use super::column;
use crate::{
    limits::DEVICES_PER_USER_MAX,
    store::{
        ledger::{Changes, DeviceRecord, EndedSessions, UserKey},
        rows::integer,
    },
};

pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &Changes,
    by: (i64, u64),
) -> Result<(), sqlx::Error> {
    seen(connection, &changes.devices_seen, by).await?;
    newest(connection, &changes.sessions_newest, by).await?;
    left(connection, &changes.devices_left, by.1).await?;
    gone(connection, &changes.devices_gone).await?;
    ended(connection, &changes.sessions_ended).await
}

/// What is not known of a device yet is written when it is noted that it connected.
async fn newest(
    connection: &mut PgConnection,
    newest: &[(UserKey, DeviceId, u64)],
    (holder, now_us): (i64, u64),
) -> Result<(), sqlx::Error> {
    if newest.is_empty() {
        return Ok(());
    }
    let mut latest = std::collections::BTreeMap::new();
    for (user, device, number) in newest {
        let session = latest.entry((*user, device)).or_insert(*number);
        *session = (*session).max(*number);
    }
    let latest: Vec<_> = latest.into_iter().collect();
    sqlx::query(
        "INSERT INTO device (user_id, name, session, platform, host, first_us, last_us, relay_id)
         SELECT *, 'unknown', '', $4, $4, $5
         FROM unnest($1::bigint[], $2::text[], $3::bigint[])
         ON CONFLICT (user_id, name) DO UPDATE SET
           session = excluded.session, ended = 0, relay_id = excluded.relay_id
         WHERE device.session < excluded.session",
    )
    .bind(column(&latest, |((user, _), _)| user.0))
    .bind(column(&latest, |((_, device), _)| device.as_str()))
    .bind(column(&latest, |(_, number)| integer(*number)))
    .bind(integer(now_us))
    .bind(holder)
    .execute(connection)
    .await?;
    Ok(())
}

async fn ended(connection: &mut PgConnection, ended: &[EndedSessions]) -> Result<(), sqlx::Error> {
    for one in ended {
        sqlx::query(
            "UPDATE device SET session = $3, relay_id = NULL,
               ended = CASE WHEN $2 IS NULL THEN 1 ELSE 2 END
             WHERE user_id = $1 AND ($2 IS NULL OR name = $2) AND session < $3 AND ended < 2",
        )
        .bind(one.user.0)
        .bind(one.device.as_deref())
        .bind(integer(one.before))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn seen(
    connection: &mut PgConnection,
    seen: &[DeviceRecord],
    (holder, now_us): (i64, u64),
) -> Result<(), sqlx::Error> {
    if seen.is_empty() {
        return Ok(());
    }
    // Of a device that connected twice in the batch, the later one counts.
    let mut latest = std::collections::BTreeMap::new();
    for device in seen {
        latest.insert((device.user, device.device.as_str()), device);
    }
    let latest: Vec<_> = latest.into_values().collect();
    sqlx::query(
        "INSERT INTO device
           (user_id, name, platform, host, app_version, session, first_us, last_us, relay_id)
         SELECT *, $7, $7, CASE WHEN session > 0 THEN $8::bigint END
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[])
           AS seen (user_id, name, platform, host, app_version, session)
         ON CONFLICT (user_id, name) DO UPDATE SET
           platform = excluded.platform, host = excluded.host,
           app_version = excluded.app_version, last_us = excluded.last_us,
           first_us = CASE WHEN device.ended = 2 THEN excluded.first_us ELSE device.first_us END,
           session = greatest(device.session, excluded.session), ended = 0,
           relay_id = coalesce(excluded.relay_id, device.relay_id)
         WHERE excluded.session = 0 OR excluded.session >= device.session",
    )
    .bind(column(&latest, |device| device.user.0))
    .bind(column(&latest, |device| device.device.as_str()))
    .bind(column(&latest, |device| device.platform.as_str()))
    .bind(column(&latest, |device| device.host.as_bytes()))
    .bind(column(&latest, |device| {
        device.app_version.as_deref().map(str::as_bytes)
    }))
    .bind(column(&latest, |device| integer(device.session)))
    .bind(integer(now_us))
    .bind(holder)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM device USING (
           SELECT user_id, name, row_number() OVER (
             PARTITION BY user_id ORDER BY last_us DESC, name) AS place
           FROM device WHERE user_id = ANY($1)) ranked
         WHERE ranked.place > $2
           AND device.user_id = ranked.user_id AND device.name = ranked.name",
    )
    .bind(column(&latest, |device| device.user.0))
    .bind(integer(DEVICES_PER_USER_MAX as u64))
    .execute(connection)
    .await?;
    Ok(())
}

async fn left(
    connection: &mut PgConnection,
    left: &[(UserKey, DeviceId, u64)],
    now_us: u64,
) -> Result<(), sqlx::Error> {
    if left.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE device SET last_us = $4,
           relay_id = CASE WHEN device.session > gone.session THEN device.relay_id END
         FROM (SELECT user_id, name, max(session) AS session
           FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS each (user_id, name, session)
           GROUP BY user_id, name) AS gone
         WHERE device.user_id = gone.user_id AND device.name = gone.name",
    )
    .bind(column(left, |(user, ..)| user.0))
    .bind(column(left, |(_, device, _)| device.as_str()))
    .bind(column(left, |(.., session)| integer(*session)))
    .bind(integer(now_us))
    .execute(connection)
    .await?;
    Ok(())
}

async fn gone(
    connection: &mut PgConnection,
    gone: &[(UserKey, DeviceId)],
) -> Result<(), sqlx::Error> {
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM device USING unnest($1::bigint[], $2::text[]) AS gone (user_id, name)
         WHERE device.user_id = gone.user_id AND device.name = gone.name",
    )
    .bind(column(gone, |(user, _)| user.0))
    .bind(column(gone, |(_, device)| device.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}
