//! What the benchmarks over sockets share: a relay in a process of its own, and clients
//! that cost little, so that what is measured is the relay.

pub mod client;
pub mod relay;
pub mod times;
pub mod tls;
