//! Several relays on one database.

mod ephemerals;
mod forgeries;
mod nats;
mod postgres;
mod presence;
mod rights;
mod rooms;
mod rumours;
mod sessions;
mod support;
mod sweeps;
mod traces;
mod unreliable;
