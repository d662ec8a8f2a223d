//! The statements, over SQLite.

crate::store::broadcasts::sql::queries!(sqlx::SqliteConnection, "");
