//! The public mailbox in a database. Its statements are few, and such that SQLite and
//! PostgreSQL both understand them: so they are written once, and [`super::queries`]
//! makes the functions of both.
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
