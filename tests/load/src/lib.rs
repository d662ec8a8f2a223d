//! A load generator: drives a relay with real clients over real sockets.
//!
//! The clients are the core that runs in browsers (`seqline-core`), driven natively; so what a
//! relay is put under is what devices do: they acknowledge, pull, retransmit and reconnect. Times
//! are measured from when something was *to be* done ([`schedule`]), so a relay that stalls
//! cannot hide it.

pub mod cli;
pub mod client;
pub mod failure;
pub mod measure;
pub mod peers;
pub mod progress;
pub mod relay;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod schedule;
