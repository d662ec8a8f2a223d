//! The statements, over SQLite.

crate::store::broadcasts::queries::queries!(sqlx::SqliteConnection, "");
