//! Several relays on one database.

mod ephemerals;
mod nats;
mod postgres;
mod sessions;
mod support;
mod sweeps;
