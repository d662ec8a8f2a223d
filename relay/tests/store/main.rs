//! What storage promises: one suite, which every backend passes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod conformance;
mod memory;
mod operators;
mod oracle;
mod polling;
mod postgres;
#[path = "../support/postgres/mod.rs"]
mod postgres_server;
mod public_polling;
mod sqlite;
mod support;
