//! The statements, over PostgreSQL.

crate::store::broadcasts::sql::queries!(sqlx::PgConnection, " FOR UPDATE");
