//! Why a run came to nothing.

use std::io;

use crate::relay::{api::CallError, process::StartError};

/// Why a run came to nothing; what was measured before is not shown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A server of our own.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A preparation over HTTP.
    #[error("the relay refused {0}")]
    Call(#[from] CallError),
    /// Clients that did not get there.
    #[error("{missing} of {all} clients were not {what} after {time_s} s; {advice}")]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
        /// What they should be.
        what: &'static str,
        /// For how long they were waited for.
        time_s: u64,
        /// What to do.
        advice: &'static str,
    },
    /// What was asked for cannot be done.
    #[error("{0}")]
    Unsuitable(String),
    /// Files, sockets.
    #[error(transparent)]
    Io(#[from] io::Error),
}
