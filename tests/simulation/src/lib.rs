//! Seqline's clients and its relay in one process, in virtual time, from one seed.
//!
//! A [`plan::Plan`] says what users do and what goes wrong; a [`world::World`] runs it: client
//! sessions as they are shipped, the relay's own code above a store in memory, and a network
//! between them. [`model`] says what each user must see, and shares no code with either.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "who and what there is comes from the plan; a wrong index is a failed run"
)]

pub mod campaign;
pub mod clock;
pub mod exits;
pub mod model;
pub mod panics;
pub mod plan;
pub mod relay;
pub mod scenario;
pub mod shrink;
pub mod store;
pub mod trace;
pub mod wire;
pub mod world;
