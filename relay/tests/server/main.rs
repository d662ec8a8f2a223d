//! The relay as its clients see it: a real server on a free port.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod api;
mod bad_input;
mod broadcasts;
mod check;
mod cli;
mod commands;
mod crash;
mod drain;
mod fleet;
#[path = "../support/forged.rs"]
mod forged;
mod hostile;
mod http;
mod logins;
mod postgres;
#[path = "../support/postgres/mod.rs"]
mod postgres_server;
mod resources;
mod security;
mod socket;
mod storage_failure;
mod support;
mod tls;
mod traces;
mod upkeep;
mod webhooks;
