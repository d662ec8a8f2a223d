//! What runs the statements of the public mailbox, for each database.

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
