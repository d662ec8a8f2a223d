//! How schemas are brought up to date: by sqlx's migrator, which keeps account of what ran.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::inspection::SchemaStep;

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

/// Hears of each step before it is taken.
pub(super) type Told<'a> = dyn FnMut(&SchemaStep) + Send + 'a;

/// What sqlx's migrator keeps account of: version, checksum, and whether it ended well.
pub(super) type Applied = (i64, Vec<u8>, bool);

/// Reads it, from its table.
pub(super) const APPLIED: &str =
    "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";

/// Which steps a database has, by the account that its migrator keeps.
pub(super) fn compare(
    part: &'static str,
    steps: &Steps,
    applied: &[Applied],
) -> Result<Vec<SchemaStep>, MigrateError> {
    for (version, _, is_whole) in applied {
        if !steps.iter().any(|(known, ..)| known == version) {
            return Err(MigrateError::VersionMissing(*version));
        }
        if !is_whole {
            return Err(MigrateError::Dirty(*version));
        }
    }
    let compared = migrator(steps);
    let compared = steps.iter().zip(compared.iter());
    let compared = compared.map(|(&(version, name, _), migration)| {
        let found = applied.iter().find(|(applied, ..)| *applied == version);
        if found.is_some_and(|(_, checksum, _)| **checksum != *migration.checksum) {
            return Err(MigrateError::VersionMismatch(version));
        }
        Ok(SchemaStep {
            part,
            version,
            name,
            is_applied: found.is_some(),
        })
    });
    compared.collect()
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
        MigrateError::Dirty(version) => format!(
            "its schema's version {version} was begun and not ended; restore a backup from before \
             it, and start again"
        ),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &Steps = &[(1, "first", "SELECT 1"), (2, "second", "SELECT 2")];

    fn applied(version: i64, sql: &'static str) -> Applied {
        let one = [(version, "", sql)];
        let checksum = migrator(&one).iter().next().unwrap().checksum.to_vec();
        (version, checksum, true)
    }

    #[test]
    fn what_is_applied_is_told_from_what_is_not() {
        let told = |applied: &[Applied]| -> Vec<bool> {
            let steps = compare("a", STEPS, applied).unwrap();
            steps.iter().map(|step| step.is_applied).collect()
        };
        assert_eq!(told(&[]), [false, false]);
        let first = applied(1, "SELECT 1");
        assert_eq!(told(std::slice::from_ref(&first)), [true, false]);
        assert_eq!(told(&[first, applied(2, "SELECT 2")]), [true, true]);
    }

    #[test]
    fn what_this_relay_did_not_write_is_an_error() {
        let newer = compare("a", STEPS, &[applied(3, "SELECT 3")]);
        assert!(matches!(newer, Err(MigrateError::VersionMissing(3))));
        let changed = compare("a", STEPS, &[applied(1, "SELECT 7")]);
        assert!(matches!(changed, Err(MigrateError::VersionMismatch(1))));
        let (version, checksum, _) = applied(1, "SELECT 1");
        let half = compare("a", STEPS, &[(version, checksum, false)]);
        assert!(matches!(half, Err(MigrateError::Dirty(1))));
    }
}
