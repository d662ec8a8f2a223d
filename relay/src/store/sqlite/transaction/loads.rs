//! Conversations, members and users by key: out of the cache, or into it.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::AppId;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{SqliteTransaction, cache::MEMBERS_CACHED_MAX};
use crate::{
    account::Account,
    store::{
        ledger::{
            AppKey, ConvKey, ConvRow, ConvState, Direct, GroupRow, MemberKey, MemberRow,
            MembersWanted, UserKey, UserRow,
        },
        sqlite::{
            bulk::Bulk,
            rows::{
                conv, conv_state, count, flag, inconsistent, join_newest_message, join_rule, name,
                role, small, user,
            },
        },
    },
};

static CONVS: Bulk = Bulk::new(
    "WITH wanted (conv_id) AS (VALUES ",
    "(?)",
    concat!(
        ") SELECT conversation.conv_id, app_id, name, state, coalesce(newest.conv_seq, 0),
             conversation.created_us, coalesce(newest.created_us, conversation.created_us),
             members, low_id, coalesce(newest.low_count, 0), log_head, owner_id, title,
             announcement, join_rule, is_muted, mentions_all
           FROM wanted CROSS JOIN conversation USING (conv_id)
           ",
        join_newest_message!("conversation.conv_id"),
    ),
);

static USERS: Bulk = Bulk::new(
    "WITH wanted (user_id) AS (VALUES ",
    "(?)",
    ") SELECT user_id, app.name, user.name,
         max(floor - 1, coalesce((SELECT max(seq) FROM timeline WHERE owner_id = user_id), 0)),
         delivered, is_known, last_seen_us, shares_presence, crowds
       FROM wanted CROSS JOIN user USING (user_id) CROSS JOIN app USING (app_id)",
);

macro_rules! member_columns {
    () => {
        " SELECT conv_id, user_id, role, joined_us, read, own_read, delivered, sent, \
          visible_after, is_cleared, muted_until_us, mentioned, log_after "
    };
}

static MEMBERS_OF: Bulk = Bulk::new(
    "WITH wanted (conv_id) AS (VALUES ",
    "(?)",
    concat!(
        ") ",
        member_columns!(),
        "FROM wanted CROSS JOIN member USING (conv_id)"
    ),
);

static MEMBERS: Bulk = Bulk::new(
    "WITH wanted (conv_id, user_id) AS (VALUES ",
    "(?,?)",
    concat!(
        ") ",
        member_columns!(),
        "FROM wanted CROSS JOIN member USING (conv_id, user_id)"
    ),
);

impl SqliteTransaction<'_> {
    pub(super) async fn load_convs(&mut self, keys: &[ConvKey]) -> Result<(), sqlx::Error> {
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| !self.cache.convs.contains_key(key))
            .collect();
        let rows = &mut self.cache.convs;
        CONVS
            .fetch(
                self.connection,
                &missing,
                |params, key| {
                    params.add(key.0);
                },
                |row| {
                    let row = conv_row(row)?;
                    rows.insert(row.key, row);
                    Ok(())
                },
            )
            .await
    }

    pub(super) async fn load_users(&mut self, keys: &[UserKey]) -> Result<(), sqlx::Error> {
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| !self.cache.users.contains_key(key))
            .collect();
        let rows = &mut self.cache.users;
        USERS
            .fetch(
                self.connection,
                &missing,
                |params, key| {
                    params.add(key.0);
                },
                |row| {
                    let row = user_row(row)?;
                    rows.insert(row.key, row);
                    Ok(())
                },
            )
            .await
    }

    /// Small conversations are loaded and remembered whole; of large ones only what is asked.
    pub(super) async fn load_members(
        &mut self,
        wanted: &[MembersWanted],
    ) -> Result<Vec<MemberRow>, sqlx::Error> {
        let convs: Vec<_> = wanted.iter().map(conv_of).collect();
        self.load_convs(&convs).await?;
        let mut whole = Vec::new();
        let (mut all, mut some) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let conv = conv_of(wanted);
            let row = self.cache.convs.get(&conv).ok_or_else(inconsistent)?;
            if row.members <= MEMBERS_CACHED_MAX {
                whole.push(conv);
                continue;
            }
            match wanted {
                MembersWanted::Fanout(_, users) if row.state != ConvState::Open => {
                    some.extend(users.iter().map(|user| (conv, *user)));
                }
                MembersWanted::Some(_, users) => {
                    some.extend(users.iter().map(|user| (conv, *user)));
                }
                MembersWanted::Fanout(..) | MembersWanted::All(_) => all.push(conv),
            }
        }
        self.remember_members(&whole).await?;
        let mut rows = members_of(self.connection, &all).await?;
        rows.extend(members(self.connection, &some).await?);
        for wanted in wanted {
            let conv = conv_of(wanted);
            let Some(known) = self.cache.members(conv) else {
                continue;
            };
            match wanted {
                MembersWanted::Some(_, users) => {
                    rows.extend(users.iter().filter_map(|user| known.get(user)));
                }
                MembersWanted::Fanout(..) | MembersWanted::All(_) => rows.extend(known.values()),
            }
        }
        rows.sort_unstable_by_key(|row| (row.conv, row.user));
        rows.dedup_by_key(|row| (row.conv, row.user));
        Ok(rows)
    }

    async fn remember_members(&mut self, convs: &[ConvKey]) -> Result<(), sqlx::Error> {
        let missing: Vec<_> = convs
            .iter()
            .copied()
            .filter(|conv| self.cache.members(*conv).is_none())
            .collect();
        let mut found: BTreeMap<ConvKey, BTreeMap<UserKey, MemberRow>> = BTreeMap::new();
        // Nobody belongs to a mere name: nothing to ask for.
        let is_more = |row: &ConvRow| row.state != ConvState::Named;
        let stored: Vec<_> = missing
            .iter()
            .copied()
            .filter(|conv| self.cache.convs.get(conv).is_some_and(is_more))
            .collect();
        for row in members_of(self.connection, &stored).await? {
            found.entry(row.conv).or_default().insert(row.user, row);
        }
        for conv in missing {
            let rows = found.remove(&conv).unwrap_or_default();
            self.cache.add_members(conv, rows);
        }
        Ok(())
    }
}

fn conv_of(wanted: &MembersWanted) -> ConvKey {
    match wanted {
        MembersWanted::Fanout(conv, _)
        | MembersWanted::Some(conv, _)
        | MembersWanted::All(conv) => *conv,
    }
}

async fn members_of(
    connection: &mut SqliteConnection,
    convs: &[ConvKey],
) -> Result<Vec<MemberRow>, sqlx::Error> {
    let mut rows = Vec::new();
    MEMBERS_OF
        .fetch(
            connection,
            convs,
            |params, conv| {
                params.add(conv.0);
            },
            |row| {
                rows.push(member_row(row)?);
                Ok(())
            },
        )
        .await?;
    Ok(rows)
}

async fn members(
    connection: &mut SqliteConnection,
    keys: &[MemberKey],
) -> Result<Vec<MemberRow>, sqlx::Error> {
    let mut rows = Vec::new();
    MEMBERS
        .fetch(
            connection,
            keys,
            |params, (conv, user)| {
                params.add(conv.0).add(user.0);
            },
            |row| {
                rows.push(member_row(row)?);
                Ok(())
            },
        )
        .await?;
    Ok(rows)
}

fn conv_row(row: &SqliteRow) -> Result<ConvRow, sqlx::Error> {
    Ok(ConvRow {
        key: ConvKey(row.try_get(0)?),
        app: AppKey(row.try_get(1)?),
        conv: conv(row, 2)?,
        state: conv_state(row, 3)?,
        head: count(row, 4)?,
        created_us: count(row, 5)?,
        active_us: count(row, 6)?,
        members: small(row, 7)?,
        direct: Direct {
            low: row.try_get::<Option<i64>, _>(8)?.map(UserKey),
            low_sent: count(row, 9)?,
        },
        log_head: count(row, 10)?,
        group: GroupRow {
            owner: row.try_get::<Option<i64>, _>(11)?.map(UserKey),
            title: row.try_get(12)?,
            announcement: row.try_get(13)?,
            join: join_rule(row, 14)?,
            is_muted: flag(row, 15)?,
            mentions_all: count(row, 16)?,
        },
    })
}

fn user_row(row: &SqliteRow) -> Result<UserRow, sqlx::Error> {
    let account = Account {
        app: name(row, 1, AppId::new)?,
        user: user(row, 2)?,
    };
    Ok(UserRow {
        key: UserKey(row.try_get(0)?),
        account: Arc::new(account),
        head: count(row, 3)?,
        delivered: count(row, 4)?,
        is_known: flag(row, 5)?,
        last_seen_us: count(row, 6)?,
        shares_presence: flag(row, 7)?,
        crowds: small(row, 8)?,
    })
}

fn member_row(row: &SqliteRow) -> Result<MemberRow, sqlx::Error> {
    Ok(MemberRow {
        conv: ConvKey(row.try_get(0)?),
        user: UserKey(row.try_get(1)?),
        role: role(row, 2)?,
        joined_us: count(row, 3)?,
        read: count(row, 4)?,
        own_read: count(row, 5)?,
        delivered: count(row, 6)?,
        sent: count(row, 7)?,
        visible_after: count(row, 8)?,
        is_cleared: flag(row, 9)?,
        muted_until_us: count(row, 10)?,
        mentioned: count(row, 11)?,
        log_after: count(row, 12)?,
    })
}
