//! Several relays on one database.

mod nats;
mod postgres;
mod sessions;
mod support;
mod sweeps;
