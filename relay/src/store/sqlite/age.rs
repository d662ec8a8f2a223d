//! Takes old entries out of timelines, and raises their floors.
//!
//! A round goes over all users, then over all crowds, by key; each step looks at a few of
//! them on a reading connection, and removes what it found in one short transaction.

use seqline_protocol::Micros;
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::{
    rows::{count, json},
    writer::Writer,
};
use crate::{
    limits::{AGE_STEP_ROWS, AGE_STEP_USERS},
    store::rows::integer,
};

/// How far a round has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Round {
    are_users_done: bool,
    /// The last one that has nothing old left.
    after: i64,
}

/// A kind of timelines: which owners come next, whether each has something old, and how
/// its floor is raised.
struct Timelines {
    next: &'static str,
    raise: &'static str,
}

const USERS: Timelines = Timelines {
    next: "SELECT user_id, user_id, floor, EXISTS (SELECT 1 FROM timeline
             WHERE owner_id = user_id AND seq = floor AND at_us < ?1)
           FROM user WHERE user_id > ?2 ORDER BY user_id LIMIT ?3",
    raise: "UPDATE user SET floor = raised.value ->> 1 FROM json_each(?1) raised
            WHERE user_id = raised.value ->> 0",
};

const CROWDS: Timelines = Timelines {
    next: "SELECT conv_id, -conv_id, log_floor, EXISTS (SELECT 1 FROM timeline
             WHERE owner_id = -conv_id AND seq = log_floor AND at_us < ?1)
           FROM conversation WHERE conv_id > ?2 ORDER BY conv_id LIMIT ?3",
    raise: "UPDATE conversation SET log_floor = raised.value ->> 1 FROM json_each(?1) raised
            WHERE conv_id = -(raised.value ->> 0)",
};

/// A timeline whose oldest entry is old.
struct Old {
    key: i64,
    owner: i64,
    floor: u64,
}

/// One step. True if there is more to do in this round.
pub(super) async fn step(
    readers: &SqlitePool,
    writer: &tokio::sync::Mutex<Writer>,
    round: &mut Round,
    before: Micros,
) -> Result<bool, sqlx::Error> {
    let timelines = if round.are_users_done { CROWDS } else { USERS };
    let rows = sqlx::query(timelines.next)
        .bind(integer(before.get()))
        .bind(round.after)
        .bind(integer(AGE_STEP_USERS as u64))
        .fetch_all(readers)
        .await?;
    let Some(last) = rows.last() else {
        let is_over = round.are_users_done;
        *round = Round {
            are_users_done: !is_over,
            after: 0,
        };
        return Ok(!is_over);
    };
    let mut after = last.try_get(0)?;
    let mut old = Vec::new();
    for row in &rows {
        if row.try_get::<i64, _>(3)? != 0 {
            old.push(Old {
                key: row.try_get(0)?,
                owner: row.try_get(1)?,
                floor: count(row, 2)?,
            });
        }
    }
    if !old.is_empty() {
        let mut writer = writer.lock().await;
        writer.begin().await?;
        let removed = remove(writer.connection(), &timelines, &old, before).await;
        if let Some(unfinished) = writer.end(removed).await? {
            after = unfinished - 1;
        }
    }
    round.after = after;
    Ok(true)
}

/// Removes up to a step's rows. The first owner that has old ones left, if any.
async fn remove(
    connection: &mut SqliteConnection,
    timelines: &Timelines,
    old: &[Old],
    before: Micros,
) -> Result<Option<i64>, sqlx::Error> {
    let mut left = AGE_STEP_ROWS as u64;
    let mut raised: Vec<(i64, u64)> = Vec::new();
    let mut unfinished = None;
    for one in old {
        let row = sqlx::query(
            "SELECT coalesce(max(seq) + 1, ?2), count(*) FROM (
               SELECT seq, at_us FROM timeline WHERE owner_id = ?1 AND seq >= ?2
               ORDER BY seq LIMIT ?3)
             WHERE at_us < ?4",
        )
        .bind(one.owner)
        .bind(integer(one.floor))
        .bind(integer(left))
        .bind(integer(before.get()))
        .fetch_one(&mut *connection)
        .await?;
        let (floor, rows) = (count(&row, 0)?, count(&row, 1)?);
        sqlx::query("DELETE FROM timeline WHERE owner_id = ?1 AND seq < ?2")
            .bind(one.owner)
            .bind(integer(floor))
            .execute(&mut *connection)
            .await?;
        raised.push((one.owner, floor));
        left -= rows.min(left);
        if left == 0 {
            unfinished = Some(one.key);
            break;
        }
    }
    sqlx::query(timelines.raise)
        .bind(json(&raised))
        .execute(&mut *connection)
        .await?;
    Ok(unfinished)
}
