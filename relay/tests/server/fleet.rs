//! Several relays on one database.

mod ephemerals;
mod forgeries;
mod nats;
mod postgres;
mod presence;
mod rooms;
mod sessions;
mod support;
mod sweeps;
mod traces;
