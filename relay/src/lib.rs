//! The thin server behind Seqline: keeps a private timeline for every user, and tells
//! the devices that are connected.

pub mod account;
pub mod admission;
pub mod api;
pub mod app;
pub mod assembly;
pub mod auth;
pub mod broadcasts;
pub mod bus;
pub mod callout;
pub mod check;
pub mod circles;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod connection;
pub mod counters;
pub mod dev_secret;
pub mod drain;
pub mod entropy;
pub mod fleet;
pub mod frames;
pub mod http;
pub mod hub;
mod index;
pub mod intake;
pub mod limits;
pub mod listener;
pub mod log;
pub mod mailbox;
pub mod presence;
pub mod process;
pub mod relay;
pub mod rooms;
pub mod session;
pub mod store;
pub mod store_health;
pub mod ticker;
pub mod traces;
pub mod traffic;
pub mod upkeep;
pub mod webhooks;
pub mod weight;
pub mod wire;
pub mod writer;

/// Here and not in the binary, so that tests and benchmarks run what is shipped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
