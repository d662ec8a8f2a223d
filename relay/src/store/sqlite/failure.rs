//! What went wrong, by SQLite's result codes.

use crate::store::StoreError;

// Extended codes have the primary one in their low byte.
const PRIMARY: u32 = 0xff;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READONLY: u32 = 8;
const IOERR: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANTOPEN: u32 = 14;
const NOTADB: u32 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy(text),
            // A row that cannot be what was written.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(text),
            _ => match primary_code(&error) {
                Some(BUSY | LOCKED) => Self::Busy(text),
                Some(FULL) => Self::Full(text),
                Some(READONLY) => Self::ReadOnly(text),
                Some(IOERR | CANTOPEN) => Self::Unreachable(text),
                Some(CORRUPT | NOTADB) => Self::Corrupt(text),
                _ => Self::Failed(text),
            },
        }
    }
}

/// Whether what the database holds cannot be what was written.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(CORRUPT | NOTADB))
}

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?.parse::<u32>().ok()?;
    Some(code & PRIMARY)
}
