//! What other relays wrote.

use seqline_protocol::{KickReason, Seq};
use sqlx::PgPool;

use crate::store::{
    News, SessionNews, SessionNumber, Swept, SweptCrowd,
    postgres::columns::Columns,
    rows::{integer, number},
};

/// A session without a number is newer than all that have one.
const SESSIONS: &str = "
    SELECT wanted.at, users.head, users.crowds > 0,
           coalesce(device.session > wanted.number, false), coalesce(device.ended, 0::smallint),
           coalesce(device.session, 0)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      WITH ORDINALITY AS wanted (app, name, device, number, told, at)
    JOIN app ON app.name = wanted.app
    JOIN users ON users.app_id = app.app_id AND users.name = wanted.name
    LEFT JOIN device ON device.user_id = users.user_id AND device.name = wanted.device
    WHERE users.head > wanted.told OR device.session > wanted.number
    ORDER BY wanted.at";

const CROWDS: &str = "
    SELECT wanted.at, conversation.log_head
    FROM unnest($1::text[], $2::text[], $3::bigint[])
      WITH ORDINALITY AS wanted (app, name, told, at)
    JOIN app ON app.name = wanted.app
    JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = wanted.name
    WHERE conversation.log_head > wanted.told
    ORDER BY wanted.at";

pub(in crate::store::postgres) async fn news(
    readers: &PgPool,
    sessions: &[Swept],
    crowds: &[SweptCrowd],
) -> Result<News, sqlx::Error> {
    Ok(News {
        sessions: if sessions.is_empty() {
            Vec::new()
        } else {
            of_sessions(readers, sessions).await?
        },
        crowds: if crowds.is_empty() {
            Vec::new()
        } else {
            of_crowds(readers, crowds).await?
        },
    })
}

async fn of_sessions(readers: &PgPool, wanted: &[Swept]) -> Result<Vec<SessionNews>, sqlx::Error> {
    let (mut apps, mut users, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    let (mut numbers, mut told) = (Vec::new(), Vec::new());
    for session in wanted {
        apps.push(session.account.app.as_str());
        users.push(session.account.user.as_str());
        devices.push(session.device.as_str());
        numbers.push(session.number.map_or(i64::MAX, |number| integer(number.0)));
        told.push(integer(session.told.get()));
    }
    let rows = sqlx::query(SESSIONS)
        .bind(apps)
        .bind(users)
        .bind(devices)
        .bind(numbers)
        .bind(told)
        .fetch_all(readers)
        .await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let at = columns.count()?;
            let head = columns.seq()?;
            let has_crowds = columns.take()?;
            let is_over: bool = columns.take()?;
            let reason = match columns.take::<i16>()? {
                0 => KickReason::Replaced,
                _ => KickReason::SessionEnded,
            };
            let before = SessionNumber(columns.count()?);
            Ok(SessionNews {
                at: place(at),
                head,
                has_crowds,
                over: is_over.then_some((reason, before)),
            })
        })
        .collect()
}

async fn of_crowds(
    readers: &PgPool,
    wanted: &[SweptCrowd],
) -> Result<Vec<(usize, Seq)>, sqlx::Error> {
    let (mut apps, mut convs, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for crowd in wanted {
        apps.push(crowd.app.as_str());
        convs.push(crowd.conv.as_str());
        told.push(integer(crowd.told.get()));
    }
    let rows: Vec<(i64, i64)> = sqlx::query_as(CROWDS)
        .bind(apps)
        .bind(convs)
        .bind(told)
        .fetch_all(readers)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(at, head)| (place(number(at)), Seq::saturating(number(head))))
        .collect())
}

/// The place of a row in what was asked for: databases count from one.
fn place(at: u64) -> usize {
    usize::try_from(at.saturating_sub(1)).unwrap_or(usize::MAX)
}
