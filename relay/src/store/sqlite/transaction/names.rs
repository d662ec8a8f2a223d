//! Names to keys.

use seqline_protocol::AppId;
use sqlx::{Row as _, SqliteConnection};

use super::{SqliteTransaction, cache::Cache};
use crate::store::{
    ledger::{AppKey, ConvKey, Create, Names, Resolved, UserKey},
    sqlite::bulk::Bulk,
};

struct Table {
    insert: Bulk,
    select: Bulk,
}

static USERS: Table = Table {
    insert: Bulk::new(
        "INSERT INTO user (app_id, name) SELECT * FROM (VALUES ",
        "(?,?)",
        ") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING",
    ),
    select: Bulk::new(
        "WITH wanted (place, app_id, name) AS (VALUES ",
        "(#,?,?)",
        ") SELECT place, user_id FROM wanted CROSS JOIN user USING (app_id, name)",
    ),
};

static CONVS: Table = Table {
    insert: Bulk::new(
        "INSERT INTO conversation (app_id, name) SELECT * FROM (VALUES ",
        "(?,?)",
        ") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING",
    ),
    select: Bulk::new(
        "WITH wanted (place, app_id, name) AS (VALUES ",
        "(#,?,?)",
        ") SELECT place, conv_id FROM wanted CROSS JOIN conversation USING (app_id, name)",
    ),
};

impl SqliteTransaction<'_> {
    pub(super) async fn names(&mut self, names: &Names<'_>) -> Result<Resolved, sqlx::Error> {
        if makes_some(names, self.cache) {
            self.begin().await?;
        }
        let (connection, cache) = (&mut *self.connection, &mut *self.cache);
        let mut users = Vec::new();
        for &(account, create) in &names.users {
            if cache.user(account).is_none()
                && let Some(app) = app(connection, cache, &account.app, create).await?
            {
                users.push((app, account, create));
            }
        }
        let wanted: Vec<_> = users
            .iter()
            .map(|(app, account, create)| (*app, account.user.as_str(), *create))
            .collect();
        for (index, key) in look_up(connection, &USERS, &wanted).await? {
            if let Some((_, account, _)) = users.get(index) {
                cache.add_user(account, UserKey(key));
            }
        }
        let mut convs = Vec::new();
        for &(name, conv, create) in &names.convs {
            if cache.conv(name, conv).is_none()
                && let Some(app) = app(connection, cache, name, create).await?
            {
                convs.push((app, name, conv, create));
            }
        }
        let wanted: Vec<_> = convs
            .iter()
            .map(|(app, _, conv, create)| (*app, conv.as_str(), *create))
            .collect();
        for (index, key) in look_up(connection, &CONVS, &wanted).await? {
            if let Some((_, app, conv, _)) = convs.get(index) {
                cache.add_conv(app, conv, ConvKey(key));
            }
        }
        let users = names.users.iter().map(|(account, _)| cache.user(account));
        let convs = names.convs.iter();
        Ok(Resolved {
            users: users.collect(),
            convs: convs.map(|(app, conv, _)| cache.conv(app, conv)).collect(),
        })
    }
}

/// Whether a name may have to be made.
fn makes_some(names: &Names<'_>, cache: &Cache) -> bool {
    let mut users = names.users.iter();
    let mut convs = names.convs.iter();
    users.any(|(user, create)| *create == Create::Yes && cache.user(user).is_none())
        || convs
            .any(|(app, conv, create)| *create == Create::Yes && cache.conv(app, conv).is_none())
}

async fn app(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    name: &AppId,
    create: Create,
) -> Result<Option<AppKey>, sqlx::Error> {
    if let Some(key) = cache.app(name) {
        return Ok(Some(key));
    }
    if create == Create::Yes {
        sqlx::query("INSERT INTO app (name) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(name.as_str())
            .execute(&mut *connection)
            .await?;
    }
    let row = sqlx::query("SELECT app_id FROM app WHERE name = ?")
        .bind(name.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let key = AppKey(row.try_get(0)?);
    cache.add_app(name, key);
    Ok(Some(key))
}

/// Index into `names` and key of each that is there.
async fn look_up(
    connection: &mut SqliteConnection,
    table: &Table,
    names: &[(AppKey, &str, Create)],
) -> Result<Vec<(usize, i64)>, sqlx::Error> {
    let made: Vec<_> = names
        .iter()
        .filter(|(_, _, create)| *create == Create::Yes)
        .map(|(app, name, _)| (*app, *name))
        .collect();
    table
        .insert
        .execute(connection, &made, |params, (app, name)| {
            params.add(app.0).add(*name);
        })
        .await?;
    let mut found = Vec::new();
    table
        .select
        .fetch_by_index(
            connection,
            names,
            |params, (app, name, _)| {
                params.add(app.0).add(*name);
            },
            |index, row| {
                found.push((index, row.try_get(1)?));
                Ok(())
            },
        )
        .await?;
    Ok(found)
}
