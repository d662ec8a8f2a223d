//! The public mailbox in a database. Its statements are few, and such that SQLite and
//! PostgreSQL both understand them: so they are written once, and [`queries`] makes the
//! functions of both.
//!
//! Whatever operators do begins by locking the one row of `mailbox` until the commit: so one
//! thing is done after the other, numbers become visible in their order, and a poll, which is
//! one statement, sees the newest number and all changes up to it.

use seqline_protocol::{AppId, Micros, PubSeq, UserId};

use super::{AuditRow, BroadcastRow, BroadcastState, PublicChanges};
use crate::store::rows::{integer, number};

pub(in crate::store) const SET_HEAD: &str = "UPDATE mailbox SET head = $1, last_id = $2";

pub(in crate::store) const NAMED: &str = "
    SELECT data, (SELECT operator FROM broadcast_audit WHERE broadcast_id = $2
      ORDER BY audit_id DESC LIMIT 1)
    FROM broadcast WHERE app = $1 AND broadcast_id = $2 AND NOT is_deleted";

pub(in crate::store) const KEPT: &str = "
    SELECT count(*) FROM broadcast WHERE app = $1 AND NOT is_deleted
      AND (state = 0 OR state < 4 AND (expires_us IS NULL OR expires_us > $2))";

pub(in crate::store) const PUT: &str = "
    INSERT INTO broadcast (broadcast_id, app, state, keeping, is_deleted, changed_us, pub_seq,
      expires_us, data)
    VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8)
    ON CONFLICT (broadcast_id) DO UPDATE SET state = excluded.state, keeping = 0,
      is_deleted = excluded.is_deleted, changed_us = excluded.changed_us,
      pub_seq = excluded.pub_seq, expires_us = excluded.expires_us, data = excluded.data";

pub(in crate::store) const ADD_AUDIT: &str = "
    INSERT INTO broadcast_audit (app, broadcast_id, operator, at_us, action, revision, pub_seq,
      details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(in crate::store) const ONE: &str =
    "SELECT data FROM broadcast WHERE app = $1 AND broadcast_id = $2 AND NOT is_deleted";

pub(in crate::store) const LIST: &str = "
    SELECT data FROM broadcast WHERE app = $1 AND broadcast_id < $2 AND NOT is_deleted
      AND ((1 << state) & $3) <> 0
    ORDER BY broadcast_id DESC LIMIT $4";

macro_rules! audit {
    ($whose:literal) => {
        concat!(
            "SELECT audit_id, broadcast_id, operator, at_us, action, revision, pub_seq, details
             FROM broadcast_audit WHERE app = $1 AND audit_id < $2 ",
            $whose,
            " ORDER BY audit_id DESC LIMIT $3"
        )
    };
}
pub(in crate::store) const AUDIT_OF_APP: &str = audit!("");
pub(in crate::store) const AUDIT_OF_ONE: &str = audit!("AND broadcast_id = $4");

pub(in crate::store) const ALLOW_LIST: &str = "SELECT users FROM allow_list WHERE app = $1";

pub(in crate::store) const PUT_ALLOW_LIST: &str = "
    INSERT INTO allow_list (app, pub_seq, users) VALUES ($1, $2, $3)
    ON CONFLICT (app) DO UPDATE SET pub_seq = excluded.pub_seq, users = excluded.users";

pub(in crate::store) const CHANGES: &str = "
    SELECT mailbox.head, mailbox.floor, changed.app, changed.data, changed.users
    FROM mailbox LEFT JOIN (
      SELECT pub_seq, app, data, NULL AS users FROM broadcast WHERE keeping = 0 AND pub_seq > $1
      UNION ALL
      SELECT pub_seq, app, NULL AS data, users FROM allow_list WHERE pub_seq > $1) changed
    ON true
    ORDER BY changed.pub_seq";

pub(in crate::store) const FORGET: &str = "
    UPDATE broadcast SET keeping = 1
    WHERE keeping = 0 AND changed_us < $1
      AND (is_deleted OR state = 4 OR pub_seq IS NOT NULL AND expires_us < $1)
    RETURNING coalesce(pub_seq, 0)";

pub(in crate::store) const RAISE_FLOOR: &str = "UPDATE mailbox SET floor = $1 WHERE floor < $1";

pub(in crate::store) const FORGOTTEN: &str = "
    SELECT broadcast_id, is_deleted FROM broadcast WHERE keeping = 1 ORDER BY broadcast_id LIMIT 1";

pub(in crate::store) const DROP_SEEN: &str = "
    DELETE FROM seen WHERE broadcast_id = $1 AND user_id IN (
      SELECT user_id FROM seen WHERE broadcast_id = $1 ORDER BY user_id LIMIT $2)";

pub(in crate::store) const DROP_REACH: &str = "DELETE FROM reach WHERE broadcast_id = $1";

pub(in crate::store) const DROP: &str = "DELETE FROM broadcast WHERE broadcast_id = $1";

pub(in crate::store) const CLEANED: &str =
    "UPDATE broadcast SET keeping = 2 WHERE broadcast_id = $1";

pub(in crate::store) const PUT_REACH: &str = "
    INSERT INTO reach (broadcast_id, node, name, sketch) VALUES ($1, $2, $3, $4)
    ON CONFLICT (broadcast_id, node, name) DO UPDATE SET sketch = excluded.sketch";

pub(in crate::store) const REACH: &str = "
    SELECT node, name, sketch FROM reach JOIN broadcast USING (broadcast_id)
    WHERE app = $1 AND broadcast_id = $2 AND NOT is_deleted
    ORDER BY node, name";

/// What [`AUDIT_OF_APP`] gives.
pub(in crate::store) type AuditColumns = (
    i64,
    Option<i64>,
    String,
    i64,
    String,
    i32,
    Option<i64>,
    String,
);

/// What [`CHANGES`] gives.
pub(in crate::store) type ChangeColumns =
    (i64, i64, Option<String>, Option<String>, Option<String>);

/// How a state is stored. The statements know the numbers.
pub(in crate::store) fn stored_state(state: BroadcastState) -> i16 {
    match state {
        BroadcastState::Draft => 0,
        BroadcastState::Staged => 1,
        BroadcastState::Published => 2,
        BroadcastState::Stopped => 3,
        BroadcastState::Recalled => 4,
    }
}

/// A bit for each of these states; for any, if there are none.
pub(in crate::store) fn mask(states: &[BroadcastState]) -> i32 {
    let bits = states.iter().map(|state| 1 << stored_state(*state));
    bits.reduce(|all, one| all | one).unwrap_or(i32::MAX)
}

pub(in crate::store) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys always serializes")
}

pub(in crate::store) fn from_json<T: serde::de::DeserializeOwned>(
    text: &str,
) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(decode)
}

pub(in crate::store) fn rows(all: &[(String,)]) -> Result<Vec<BroadcastRow>, sqlx::Error> {
    all.iter().map(|(data,)| from_json(data)).collect()
}

pub(in crate::store) fn user(name: String) -> Result<UserId, sqlx::Error> {
    UserId::new(name).map_err(decode)
}

pub(in crate::store) fn audit_row(columns: AuditColumns) -> Result<AuditRow, sqlx::Error> {
    let (id, broadcast, operator, at, action, revision, pub_seq, details) = columns;
    Ok(AuditRow {
        id: number(id),
        broadcast: broadcast.map(|id| seqline_protocol::BroadcastId::saturating(number(id))),
        operator: user(operator)?,
        at: Micros::saturating(number(at)),
        action,
        revision: u32::try_from(revision).unwrap_or(0),
        pub_seq: pub_seq.map(|at| PubSeq::saturating(number(at))),
        details,
    })
}

pub(in crate::store) fn changes(all: Vec<ChangeColumns>) -> Result<PublicChanges, sqlx::Error> {
    let mut changes = PublicChanges::default();
    for (head, floor, app, data, users) in all {
        changes.head = PubSeq::saturating(number(head));
        changes.floor = PubSeq::saturating(number(floor));
        if let Some(data) = data {
            changes.rows.push(from_json(&data)?);
        }
        if let Some((app, users)) = app.zip(users) {
            let app = AppId::new(app).map_err(decode)?;
            changes.allow_lists.push((app, from_json(&users)?));
        }
    }
    Ok(changes)
}

pub(in crate::store) fn stored(number: PubSeq) -> i64 {
    integer(number.get())
}

/// What is stored is not what we store.
fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// Functions for one kind of connection. Those that write take one with a transaction that
/// has begun; `$lock` is what makes a select lock its row.
macro_rules! queries {
    ($connection:ty, $lock:literal) => {
        use std::collections::BTreeSet;

        use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq, UserId};

        use crate::{
            limits::AGE_STEP_ROWS,
            store::{
                AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow,
                BroadcastState, PublicChanges, ReachRow,
                broadcasts::{Before, change_allow_list, decide, sql},
                rows::{integer, number},
            },
        };

        type Done<T> = Result<T, sqlx::Error>;

        pub(super) async fn command(
            connection: &mut $connection,
            command: BroadcastCommand,
            now: Micros,
        ) -> Done<Result<BroadcastRow, BroadcastRefusal>> {
            let (head, last_id) = locked(connection).await?;
            let app = command.app.clone();
            let named = match command.of {
                Some((id, _)) => named(connection, &app, id).await?,
                None => None,
            };
            let kept: i64 = sqlx::query_scalar(sql::KEPT)
                .bind(app.as_str())
                .bind(integer(now.get()))
                .fetch_one(&mut *connection)
                .await?;
            let before = Before {
                row: named,
                head,
                next_id: last_id.next(),
                kept: usize::try_from(kept).unwrap_or(usize::MAX),
            };
            let decided = match decide(command, before, now) {
                Ok(decided) => decided,
                Err(refusal) => return Ok(Err(refusal)),
            };
            put(connection, &decided.row).await?;
            add_audit(connection, &app, &decided.audit).await?;
            let head = decided.audit.pub_seq.unwrap_or(head);
            set_head(connection, head, last_id.max(decided.row.id)).await?;
            Ok(Ok(decided.row))
        }

        /// Head and newest id. Until the commit, nobody else does anything.
        async fn locked(connection: &mut $connection) -> Done<(PubSeq, BroadcastId)> {
            let (head, last_id): (i64, i64) = sqlx::query_as(LOCKED).fetch_one(connection).await?;
            Ok((
                PubSeq::saturating(number(head)),
                BroadcastId::saturating(number(last_id)),
            ))
        }

        const LOCKED: &str = concat!("SELECT head, last_id FROM mailbox", $lock);

        async fn set_head(
            connection: &mut $connection,
            head: PubSeq,
            last_id: BroadcastId,
        ) -> Done<()> {
            sqlx::query(sql::SET_HEAD)
                .bind(sql::stored(head))
                .bind(integer(last_id.get()))
                .execute(connection)
                .await?;
            Ok(())
        }

        async fn named(
            connection: &mut $connection,
            app: &AppId,
            id: BroadcastId,
        ) -> Done<Option<(BroadcastRow, UserId)>> {
            let row: Option<(String, String)> = sqlx::query_as(sql::NAMED)
                .bind(app.as_str())
                .bind(integer(id.get()))
                .fetch_optional(connection)
                .await?;
            row.map(|(data, by)| Ok((sql::from_json(&data)?, sql::user(by)?)))
                .transpose()
        }

        async fn put(connection: &mut $connection, row: &BroadcastRow) -> Done<()> {
            sqlx::query(sql::PUT)
                .bind(integer(row.id.get()))
                .bind(row.app.as_str())
                .bind(sql::stored_state(row.state))
                .bind(row.is_deleted)
                .bind(integer(row.changed.get()))
                .bind(row.pub_seq.map(sql::stored))
                .bind(row.audience.expires_us.map(|at| integer(at.get())))
                .bind(sql::to_json(row))
                .execute(connection)
                .await?;
            Ok(())
        }

        async fn add_audit(connection: &mut $connection, app: &AppId, row: &AuditRow) -> Done<()> {
            sqlx::query(sql::ADD_AUDIT)
                .bind(app.as_str())
                .bind(row.broadcast.map(|id| integer(id.get())))
                .bind(row.operator.as_str())
                .bind(integer(row.at.get()))
                .bind(row.action.as_str())
                .bind(i32::try_from(row.revision).unwrap_or(i32::MAX))
                .bind(row.pub_seq.map(sql::stored))
                .bind(row.details.as_str())
                .execute(connection)
                .await?;
            Ok(())
        }

        pub(super) async fn one(
            connection: &mut $connection,
            app: &AppId,
            id: BroadcastId,
        ) -> Done<Option<BroadcastRow>> {
            let rows: Vec<(String,)> = sqlx::query_as(sql::ONE)
                .bind(app.as_str())
                .bind(integer(id.get()))
                .fetch_all(connection)
                .await?;
            Ok(sql::rows(&rows)?.pop())
        }

        pub(super) async fn list(
            connection: &mut $connection,
            app: &AppId,
            before: Option<BroadcastId>,
            states: &[BroadcastState],
            limit: usize,
        ) -> Done<Vec<BroadcastRow>> {
            let rows: Vec<(String,)> = sqlx::query_as(sql::LIST)
                .bind(app.as_str())
                .bind(before.map_or(i64::MAX, |id| integer(id.get())))
                .bind(sql::mask(states))
                .bind(integer(limit as u64))
                .fetch_all(connection)
                .await?;
            sql::rows(&rows)
        }

        pub(super) async fn audit(
            connection: &mut $connection,
            app: &AppId,
            broadcast: Option<BroadcastId>,
            before: Option<u64>,
            limit: usize,
        ) -> Done<Vec<AuditRow>> {
            let text = match broadcast {
                Some(_) => sql::AUDIT_OF_ONE,
                None => sql::AUDIT_OF_APP,
            };
            let mut query = sqlx::query_as::<_, sql::AuditColumns>(text)
                .bind(app.as_str())
                .bind(before.map_or(i64::MAX, integer))
                .bind(integer(limit as u64));
            if let Some(id) = broadcast {
                query = query.bind(integer(id.get()));
            }
            let rows = query.fetch_all(connection).await?;
            rows.into_iter().map(sql::audit_row).collect()
        }

        pub(super) async fn allow_list(
            connection: &mut $connection,
            app: &AppId,
        ) -> Done<BTreeSet<UserId>> {
            let users: Option<String> = sqlx::query_scalar(sql::ALLOW_LIST)
                .bind(app.as_str())
                .fetch_optional(connection)
                .await?;
            users.map_or(Ok(BTreeSet::new()), |users| sql::from_json(&users))
        }

        pub(super) async fn changed_allow_list(
            connection: &mut $connection,
            app: &AppId,
            operator: &UserId,
            change: AllowListChange,
            now: Micros,
        ) -> Done<Result<BTreeSet<UserId>, usize>> {
            let (head, last_id) = locked(connection).await?;
            let before = allow_list(connection, app).await?;
            let changed = match change_allow_list(&before, operator, change, head, now) {
                Ok(changed) => changed,
                Err(count) => return Ok(Err(count)),
            };
            if let Some(audit) = changed.audit {
                let head = audit.pub_seq.unwrap_or(head);
                sqlx::query(sql::PUT_ALLOW_LIST)
                    .bind(app.as_str())
                    .bind(sql::stored(head))
                    .bind(sql::to_json(&changed.users))
                    .execute(&mut *connection)
                    .await?;
                add_audit(connection, app, &audit).await?;
                set_head(connection, head, last_id).await?;
            }
            Ok(Ok(changed.users))
        }

        pub(super) async fn changes(
            connection: &mut $connection,
            after: PubSeq,
        ) -> Done<PublicChanges> {
            let rows: Vec<sql::ChangeColumns> = sqlx::query_as(sql::CHANGES)
                .bind(sql::stored(after))
                .fetch_all(connection)
                .await?;
            sql::changes(rows)
        }

        /// Takes what is old out of what polls are told.
        pub(super) async fn forget(connection: &mut $connection, before: Micros) -> Done<()> {
            locked(connection).await?;
            let forgotten: Vec<(i64,)> = sqlx::query_as(sql::FORGET)
                .bind(integer(before.get()))
                .fetch_all(&mut *connection)
                .await?;
            if let Some(newest) = forgotten.iter().map(|(at,)| *at).max().filter(|at| *at > 0) {
                sqlx::query(sql::RAISE_FLOOR)
                    .bind(newest + 1)
                    .execute(connection)
                    .await?;
            }
            Ok(())
        }

        /// Removes what else belonged to something that was forgotten. True if there may be
        /// more.
        pub(super) async fn clean(connection: &mut $connection) -> Done<bool> {
            let next: Option<(i64, bool)> = sqlx::query_as(sql::FORGOTTEN)
                .fetch_optional(&mut *connection)
                .await?;
            let Some((id, is_deleted)) = next else {
                return Ok(false);
            };
            let dropped = sqlx::query(sql::DROP_SEEN)
                .bind(id)
                .bind(integer(AGE_STEP_ROWS as u64))
                .execute(&mut *connection)
                .await?;
            if dropped.rows_affected() >= AGE_STEP_ROWS as u64 {
                return Ok(true);
            }
            let rest: &[&'static str] = if is_deleted {
                &[sql::DROP_REACH, sql::DROP]
            } else {
                &[sql::CLEANED]
            };
            for text in rest.iter().copied() {
                sqlx::query(text).bind(id).execute(&mut *connection).await?;
            }
            Ok(true)
        }

        pub(super) async fn put_reach(connection: &mut $connection, rows: &[ReachRow]) -> Done<()> {
            for row in rows {
                sqlx::query(sql::PUT_REACH)
                    .bind(integer(row.broadcast.get()))
                    .bind(row.node.as_str())
                    .bind(row.key.as_str())
                    .bind(row.sketch.as_slice())
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        }

        pub(super) async fn reach(
            connection: &mut $connection,
            app: &AppId,
            id: BroadcastId,
        ) -> Done<Vec<ReachRow>> {
            let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(sql::REACH)
                .bind(app.as_str())
                .bind(integer(id.get()))
                .fetch_all(connection)
                .await?;
            let row = |(node, key, sketch)| ReachRow {
                broadcast: id,
                node,
                key,
                sketch,
            };
            Ok(rows.into_iter().map(row).collect())
        }
    };
}
pub(in crate::store) use queries;
