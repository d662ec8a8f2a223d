//! How schemas are brought up to date: by sqlx's migrator, which keeps account of what ran.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
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

/// What is wrong with a schema, for whoever starts a relay on it.
pub(super) fn explain(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(version) => format!(
            "its schema has version {version}, which is of a newer relay; start that one, or \
             restore a backup from before it"
        ),
        MigrateError::VersionMismatch(version) => format!(
            "its schema's version {version} is not this relay's; it is of another program, or \
             was changed by hand"
        ),
        other => other.to_string(),
    }
}
