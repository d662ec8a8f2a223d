//! Names to row ids, remembered, since nearly every operation is about names that were
//! just used.
//!
//! What was learned in a transaction that was rolled back may not exist: the caller
//! then forgets everything.

use std::collections::BTreeSet;

use seqline_protocol::{AppId, ConvId, UserId};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{inconsistent, json, position};
use crate::{account::Account, index::Index, limits::NAMES_CACHED_MAX};

/// Row ids by name.
#[derive(Default)]
pub(super) struct Names {
    apps: Index<AppId, AppNames>,
    count: usize,
}

struct AppNames {
    app_id: i64,
    users: Index<UserId, i64>,
    convs: Index<ConvId, i64>,
}

/// Whether names that have no row get one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Leave,
}

impl Names {
    /// Forgets everything if too much is remembered. Called between transactions.
    pub(super) fn trim(&mut self) {
        if self.count > NAMES_CACHED_MAX {
            *self = Self::default();
        }
    }

    /// The user's row id, if it is known.
    pub(super) fn user(&self, account: &Account) -> Option<i64> {
        self.apps
            .get(&account.app)?
            .users
            .get(&account.user)
            .copied()
    }

    /// The conversation's row id, if it is known.
    pub(super) fn conv(&self, app: &AppId, conv: &ConvId) -> Option<i64> {
        self.apps.get(app)?.convs.get(conv).copied()
    }

    /// Learns the row ids of these users.
    pub(super) async fn learn_users(
        &mut self,
        connection: &mut SqliteConnection,
        accounts: &[&Account],
        missing: Missing,
    ) -> Result<(), sqlx::Error> {
        let mut unknown = Vec::new();
        for &account in accounts {
            let app = self.app(connection, &account.app).await?;
            if !app.users.contains_key(&account.user) {
                unknown.push((app.app_id, account));
            }
        }
        let names: Vec<_> = unknown
            .iter()
            .map(|(app_id, account)| (*app_id, account.user.as_str()))
            .collect();
        for (index, user_id) in look_up(connection, &USERS, &names, missing).await? {
            if let Some((_, account)) = unknown.get(index)
                && let Some(app) = self.apps.get_mut(&account.app)
                && app.users.insert(account.user.clone(), user_id).is_none()
            {
                self.count += 1;
            }
        }
        Ok(())
    }

    /// Learns the row ids of these conversations. Returns those that were not known.
    pub(super) async fn learn_convs(
        &mut self,
        connection: &mut SqliteConnection,
        convs: &[(&AppId, &ConvId)],
        missing: Missing,
    ) -> Result<BTreeSet<i64>, sqlx::Error> {
        let mut unknown = Vec::new();
        for &(app_name, conv) in convs {
            let app = self.app(connection, app_name).await?;
            if !app.convs.contains_key(conv) {
                unknown.push((app.app_id, app_name, conv));
            }
        }
        let names: Vec<_> = unknown
            .iter()
            .map(|(app_id, _, conv)| (*app_id, conv.as_str()))
            .collect();
        let mut learned = BTreeSet::new();
        for (index, conv_id) in look_up(connection, &CONVS, &names, missing).await? {
            if let Some((_, app_name, conv)) = unknown.get(index)
                && let Some(app) = self.apps.get_mut(*app_name)
                && app.convs.insert((*conv).clone(), conv_id).is_none()
            {
                self.count += 1;
                learned.insert(conv_id);
            }
        }
        Ok(learned)
    }

    async fn app(
        &mut self,
        connection: &mut SqliteConnection,
        name: &AppId,
    ) -> Result<&mut AppNames, sqlx::Error> {
        if !self.apps.contains_key(name) {
            sqlx::query("INSERT INTO app (name) VALUES (?1) ON CONFLICT DO NOTHING")
                .bind(name.as_str())
                .execute(&mut *connection)
                .await?;
            let row = sqlx::query("SELECT app_id FROM app WHERE name = ?1")
                .bind(name.as_str())
                .fetch_one(&mut *connection)
                .await?;
            let app = AppNames {
                app_id: row.try_get(0)?,
                users: Index::new(),
                convs: Index::new(),
            };
            self.apps.insert(name.clone(), app);
        }
        self.apps.get_mut(name).ok_or_else(inconsistent)
    }
}

struct Table {
    insert: &'static str,
    select: &'static str,
}

const USERS: Table = Table {
    insert: "INSERT INTO user (app_id, name)
             SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING",
    select: "SELECT wanted.key, user_id FROM json_each(?1) wanted
             CROSS JOIN user ON app_id = wanted.value ->> 0 AND name = wanted.value ->> 1",
};

const CONVS: Table = Table {
    insert: "INSERT INTO conversation (app_id, name)
             SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING",
    select: "SELECT wanted.key, conv_id FROM json_each(?1) wanted
             CROSS JOIN conversation ON app_id = wanted.value ->> 0 AND name = wanted.value ->> 1",
};

/// Index into `names` and row id of each that has a row.
async fn look_up(
    connection: &mut SqliteConnection,
    table: &Table,
    names: &[(i64, &str)],
    missing: Missing,
) -> Result<Vec<(usize, i64)>, sqlx::Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names = json(names);
    if missing == Missing::Create {
        sqlx::query(table.insert)
            .bind(&names)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query(table.select)
        .bind(&names)
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| Ok((position(row, 0)?, row.try_get(1)?)))
        .collect()
}
