//! Names to keys, remembered: a name never changes its key, nor is it removed.
//!
//! New names are made in statements of their own that commit at once, before the
//! transaction that needs them locks anything. So nothing waits for another transaction's
//! names while it holds locks; and what is remembered exists, whatever becomes of that
//! transaction.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use seqline_protocol::{AppId, ConvId, UserId};
use sqlx::PgPool;

use super::columns::inconsistent;
use crate::{
    index::Index,
    limits::NAMES_CACHED_MAX,
    store::ledger::{AppKey, ConvKey, Create, Names, Resolved, UserKey},
};

/// Keys by name. All are forgotten when there would be too many.
#[derive(Default)]
pub(super) struct NameCache(Mutex<Known>);

#[derive(Default)]
struct Known {
    apps: BTreeMap<AppId, KnownApp>,
    count: usize,
}

struct KnownApp {
    key: i64,
    users: Index<UserId, i64>,
    convs: Index<ConvId, i64>,
}

/// Where names of one kind are.
struct Directory {
    find: &'static str,
    make: &'static str,
}

const USERS: Directory = Directory {
    find: "SELECT wanted.at, users.user_id
           FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS wanted (app_id, name, at)
           JOIN users ON users.app_id = wanted.app_id AND users.name = wanted.name",
    make: "INSERT INTO users (app_id, name)
           SELECT * FROM unnest($1::bigint[], $2::text[]) AS made (app_id, name)
           ORDER BY made.app_id, made.name ON CONFLICT DO NOTHING",
};

const CONVS: Directory = Directory {
    find: "SELECT wanted.at, conversation.conv_id
           FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS wanted (app_id, name, at)
           JOIN conversation ON conversation.app_id = wanted.app_id
             AND conversation.name = wanted.name",
    make: "INSERT INTO conversation (app_id, name)
           SELECT * FROM unnest($1::bigint[], $2::text[]) AS made (app_id, name)
           ORDER BY made.app_id, made.name ON CONFLICT DO NOTHING",
};

/// A name that is not remembered: its place in what was asked for, its app, its text.
struct Unknown<'a> {
    at: usize,
    app: &'a AppId,
    name: &'a str,
    create: Create,
}

impl NameCache {
    pub(super) async fn resolve(
        &self,
        pool: &PgPool,
        names: &Names<'_>,
    ) -> Result<Resolved, sqlx::Error> {
        let mut resolved = self.remembered(names);
        let unknown_users: Vec<_> = names
            .users
            .iter()
            .enumerate()
            .filter(|(at, _)| resolved.users.get(*at) == Some(&None))
            .map(|(at, &(account, create))| Unknown {
                at,
                app: &account.app,
                name: account.user.as_str(),
                create,
            })
            .collect();
        let unknown_convs: Vec<_> = names
            .convs
            .iter()
            .enumerate()
            .filter(|(at, _)| resolved.convs.get(*at) == Some(&None))
            .map(|(at, &(app, conv, create))| Unknown {
                at,
                app,
                name: conv.as_str(),
                create,
            })
            .collect();
        if unknown_users.is_empty() && unknown_convs.is_empty() {
            return Ok(resolved);
        }
        self.learn_apps(pool, unknown_users.iter().chain(&unknown_convs))
            .await?;
        for (at, key) in self.look_up(pool, &USERS, &unknown_users).await? {
            if let (Some(slot), Some(&(account, _))) =
                (resolved.users.get_mut(at), names.users.get(at))
            {
                *slot = Some(UserKey(key));
                self.remember(&account.app, |app| {
                    app.users.insert(account.user.clone(), key);
                });
            }
        }
        for (at, key) in self.look_up(pool, &CONVS, &unknown_convs).await? {
            if let (Some(slot), Some(&(app, conv, _))) =
                (resolved.convs.get_mut(at), names.convs.get(at))
            {
                let app_key = self.app(app).ok_or_else(inconsistent)?;
                *slot = Some((AppKey(app_key), ConvKey(key)));
                self.remember(app, |app| {
                    app.convs.insert(conv.clone(), key);
                });
            }
        }
        Ok(resolved)
    }

    fn remembered(&self, names: &Names<'_>) -> Resolved {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.count > NAMES_CACHED_MAX {
            // Apps are few, and are asked for again right away.
            for app in known.apps.values_mut() {
                app.users.clear();
                app.convs.clear();
            }
            known.count = 0;
        }
        Resolved {
            users: names
                .users
                .iter()
                .map(|(account, _)| {
                    let app = known.apps.get(&account.app)?;
                    app.users.get(&account.user).copied().map(UserKey)
                })
                .collect(),
            convs: names
                .convs
                .iter()
                .map(|(app, conv, _)| {
                    let app = known.apps.get(*app)?;
                    let conv = app.convs.get(*conv).copied()?;
                    Some((AppKey(app.key), ConvKey(conv)))
                })
                .collect(),
        }
    }

    fn app(&self, app: &AppId) -> Option<i64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.apps.get(app).map(|app| app.key)
    }

    fn remember(&self, app: &AppId, add: impl FnOnce(&mut KnownApp)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.count += 1;
        if let Some(app) = known.apps.get_mut(app) {
            add(app);
        }
    }

    /// Apps are those that the relay is configured for: few, and made when they are first used.
    async fn learn_apps<'a>(
        &self,
        pool: &PgPool,
        unknown: impl Iterator<Item = &'a Unknown<'a>>,
    ) -> Result<(), sqlx::Error> {
        let mut apps: Vec<_> = unknown
            .map(|unknown| unknown.app)
            .filter(|app| self.app(app).is_none())
            .collect();
        apps.sort_unstable();
        apps.dedup();
        for app in apps {
            sqlx::query("INSERT INTO app (name) VALUES ($1) ON CONFLICT DO NOTHING")
                .bind(app.as_str())
                .execute(pool)
                .await?;
            let key: i64 = sqlx::query_scalar("SELECT app_id FROM app WHERE name = $1")
                .bind(app.as_str())
                .fetch_one(pool)
                .await?;
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.apps.entry(app.clone()).or_insert_with(|| KnownApp {
                key,
                users: Index::new(),
                convs: Index::new(),
            });
        }
        Ok(())
    }

    /// Place and key of each that is there, or is made now.
    async fn look_up(
        &self,
        pool: &PgPool,
        directory: &Directory,
        unknown: &[Unknown<'_>],
    ) -> Result<Vec<(usize, i64)>, sqlx::Error> {
        let mut found = self.find(pool, directory, unknown.iter()).await?;
        let mut is_there = vec![false; unknown.len()];
        for (index, _) in &found {
            if let Some(slot) = is_there.get_mut(*index) {
                *slot = true;
            }
        }
        let missing: Vec<_> = unknown
            .iter()
            .enumerate()
            .filter(|(index, name)| {
                name.create == Create::Yes && is_there.get(*index) == Some(&false)
            })
            .collect();
        if !missing.is_empty() {
            let (apps, texts) = self.arrays(missing.iter().map(|(_, name)| *name))?;
            sqlx::query(directory.make)
                .bind(apps)
                .bind(texts)
                .execute(pool)
                .await?;
            let made = self
                .find(pool, directory, missing.iter().map(|(_, name)| *name))
                .await?;
            if made.len() != missing.len() {
                return Err(inconsistent());
            }
            for (index, key) in made {
                found.extend(missing.get(index).map(|(index, _)| (*index, key)));
            }
        }
        Ok(found
            .into_iter()
            .filter_map(|(index, key)| Some((unknown.get(index)?.at, key)))
            .collect())
    }

    async fn find<'a>(
        &self,
        pool: &PgPool,
        directory: &Directory,
        names: impl Iterator<Item = &'a Unknown<'a>>,
    ) -> Result<Vec<(usize, i64)>, sqlx::Error> {
        let (apps, texts) = self.arrays(names)?;
        if apps.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, i64)> = sqlx::query_as(directory.find)
            .bind(apps)
            .bind(texts)
            .fetch_all(pool)
            .await?;
        rows.into_iter()
            .map(|(at, key)| {
                let index = usize::try_from(at - 1).map_err(|_| inconsistent())?;
                Ok((index, key))
            })
            .collect()
    }

    fn arrays<'a>(
        &self,
        names: impl Iterator<Item = &'a Unknown<'a>>,
    ) -> Result<(Vec<i64>, Vec<&'a str>), sqlx::Error> {
        let mut arrays = (Vec::new(), Vec::new());
        for name in names {
            arrays.0.push(self.app(name.app).ok_or_else(inconsistent)?);
            arrays.1.push(name.name);
        }
        Ok(arrays)
    }
}
