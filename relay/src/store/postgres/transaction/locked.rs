//! Rows that a commit locks, and those that belong to a locked one.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::AppId;
use sqlx::{PgConnection, postgres::PgRow};

use crate::{
    account::Account,
    store::{
        ledger::{
            AppKey, ConvKey, ConvRow, Direct, GroupRow, MemberKey, MemberRow, MembersWanted,
            UserKey, UserRow,
        },
        postgres::columns::{Columns, inconsistent},
    },
};

/// The rows are sorted before they are locked.
const CONVERSATIONS: &str = "
    SELECT conv_id, app_id, name, state, head, created_us, active_us, members, log_head,
           low_id, low_sent, owner_id, title, announcement, join_rule, is_muted, mentions_all
    FROM conversation WHERE conv_id = ANY($1) ORDER BY conv_id FOR NO KEY UPDATE";

const USERS: &str = "
    SELECT users.user_id, app.name, users.name, users.head, users.delivered, users.is_known,
           users.last_seen_us, users.shares_presence, users.crowds
    FROM users JOIN app ON app.app_id = users.app_id
    WHERE users.user_id = ANY($1) ORDER BY users.user_id FOR NO KEY UPDATE OF users";

macro_rules! members {
    ($from:literal) => {
        concat!(
            "SELECT member.conv_id, member.user_id, role, joined_us, read, own_read, delivered,
                    sent, visible_after, is_cleared, muted_until_us, mentioned, log_after ",
            $from
        )
    };
}

const ALL_MEMBERS: &str = members!("FROM member WHERE conv_id = ANY($1)");

const MEMBERS_IF_OPEN: &str = members!(
    "FROM conversation JOIN member ON member.conv_id = conversation.conv_id
     WHERE conversation.conv_id = ANY($1) AND conversation.state = 1"
);

const SOME_MEMBERS: &str = members!(
    "FROM unnest($1::bigint[], $2::bigint[]) AS wanted (conv_id, user_id)
     JOIN member ON member.conv_id = wanted.conv_id AND member.user_id = wanted.user_id"
);

pub(super) async fn conversations(
    connection: &mut PgConnection,
    keys: &[ConvKey],
) -> Result<Vec<ConvRow>, sqlx::Error> {
    let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
    let rows = sqlx::query(CONVERSATIONS)
        .bind(&keys)
        .fetch_all(connection)
        .await?;
    if rows.len() != keys.len() {
        return Err(inconsistent());
    }
    rows.iter().map(conversation).collect()
}

fn conversation(row: &PgRow) -> Result<ConvRow, sqlx::Error> {
    let mut columns = Columns::of(row);
    Ok(ConvRow {
        key: ConvKey(columns.take()?),
        app: AppKey(columns.take()?),
        conv: columns.conv()?,
        state: columns.conv_state()?,
        head: columns.count()?,
        created_us: columns.count()?,
        active_us: columns.count()?,
        members: columns.small()?,
        log_head: columns.count()?,
        direct: Direct {
            low: columns.take::<Option<i64>>()?.map(UserKey),
            low_sent: columns.count()?,
        },
        group: GroupRow {
            owner: columns.take::<Option<i64>>()?.map(UserKey),
            title: columns.text()?,
            announcement: columns.text()?,
            join: columns.join_rule()?,
            is_muted: columns.take()?,
            mentions_all: columns.count()?,
        },
    })
}

pub(super) async fn users(
    connection: &mut PgConnection,
    keys: &[UserKey],
) -> Result<Vec<UserRow>, sqlx::Error> {
    let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
    let rows = sqlx::query(USERS).bind(&keys).fetch_all(connection).await?;
    if rows.len() != keys.len() {
        return Err(inconsistent());
    }
    rows.iter().map(user).collect()
}

fn user(row: &PgRow) -> Result<UserRow, sqlx::Error> {
    let mut columns = Columns::of(row);
    Ok(UserRow {
        key: UserKey(columns.take()?),
        account: Arc::new(Account {
            app: columns.name(AppId::new)?,
            user: columns.user()?,
        }),
        head: columns.count()?,
        delivered: columns.count()?,
        is_known: columns.take()?,
        last_seen_us: columns.count()?,
        shares_presence: columns.take()?,
        crowds: columns.small()?,
    })
}

pub(super) async fn members(
    connection: &mut PgConnection,
    wanted: &[MembersWanted],
) -> Result<Vec<MemberRow>, sqlx::Error> {
    let (mut all, mut if_open, mut some) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for one in wanted {
        let (conv, users) = match one {
            MembersWanted::All(conv) => {
                all.push(conv.0);
                continue;
            }
            MembersWanted::Fanout(conv, users) => {
                if_open.push(conv.0);
                (conv, users)
            }
            MembersWanted::Some(conv, users) => (conv, users),
        };
        for user in users {
            some.0.push(conv.0);
            some.1.push(user.0);
        }
    }
    let mut members = BTreeMap::new();
    for (sql, convs) in [(ALL_MEMBERS, all), (MEMBERS_IF_OPEN, if_open)] {
        if !convs.is_empty() {
            let rows = sqlx::query(sql)
                .bind(convs)
                .fetch_all(&mut *connection)
                .await?;
            add(&mut members, &rows)?;
        }
    }
    let found = |conv, user| members.contains_key(&(ConvKey(conv), UserKey(user)));
    let some: (Vec<_>, Vec<_>) = some
        .0
        .into_iter()
        .zip(some.1)
        .filter(|(conv, user)| !found(*conv, *user))
        .unzip();
    if !some.0.is_empty() {
        let rows = sqlx::query(SOME_MEMBERS)
            .bind(some.0)
            .bind(some.1)
            .fetch_all(connection)
            .await?;
        add(&mut members, &rows)?;
    }
    Ok(members.into_values().collect())
}

fn add(members: &mut BTreeMap<MemberKey, MemberRow>, rows: &[PgRow]) -> Result<(), sqlx::Error> {
    for row in rows {
        let mut columns = Columns::of(row);
        let member = MemberRow {
            conv: ConvKey(columns.take()?),
            user: UserKey(columns.take()?),
            role: columns.role()?,
            joined_us: columns.count()?,
            read: columns.count()?,
            own_read: columns.count()?,
            delivered: columns.count()?,
            sent: columns.count()?,
            visible_after: columns.count()?,
            is_cleared: columns.take()?,
            muted_until_us: columns.count()?,
            mentioned: columns.count()?,
            log_after: columns.count()?,
        };
        members.insert((member.conv, member.user), member);
    }
    Ok(())
}
