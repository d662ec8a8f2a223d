//! The statements, over PostgreSQL.

crate::store::broadcasts::queries::queries!(sqlx::PgConnection, " FOR UPDATE");
