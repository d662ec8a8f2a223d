//! How schemas are brought up to date: by sqlx's migrator, which keeps account of what ran.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// Version, name and SQL of each step. Written out by hand rather than read by sqlx's macro,
/// whose crate would build SQLite's parser twice.
pub(super) type Steps = [(i64, &'static str, &'static str)];

pub(super) fn migrator(steps: &Steps) -> Migrator {
    let migrations = steps
        .iter()
        .map(|&(version, name, sql)| {
            Migration::new(
                version,
                Cow::Borrowed(name),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(migrations)
}
