//! Seqline's client session as a sans-IO state machine.
//!
//! No clock, no randomness, no socket, no storage in here: time comes with each input,
//! the seed with the constructor. The same code runs in WebAssembly, in the load
//! generator and in the simulation.
//!
//! # The drain contract
//!
//! Make a [`Session`] from what the store holds, then, for ever: drain
//! [`Session::poll_output`] until it gives `None`, wait for something to happen, feed
//! it to [`Session::handle`], drain again.
//!
//! ```
//! use seqline_core::{Config, Input, Now, Output, Session};
//!
//! let now = Now { mono_ms: 0, unix_ms: 1_700_000_000_000 };
//! let mut session = Session::new(Config::default(), [7; 32], Vec::new(), now);
//! while session.poll_output().is_some() {}
//!
//! session.handle(now, Input::Connect);
//! let mut outputs = std::iter::from_fn(|| session.poll_output());
//! assert!(outputs.any(|output| matches!(output, Output::FetchToken(_))));
//! ```
//!
//! Outputs are in order and complete: what is not asked for need not be done. Nothing
//! may be fed while a drain is under way; queue it.
//!
//! # Who decides what
//!
//! | module | decides |
//! | --- | --- |
//! | [`Session`] | which part an input concerns; when to wake |
//! | `link` | when to connect, with which token, when to give up |
//! | `heartbeat` | whether the connection lives |
//! | `rhythm` | how long a silence may last on which network |
//! | `outbox` | what is sent, sent again, acknowledged, failed |
//! | `inbox` | what is in order, what is missing, what to pull |
//! | `public` | when to look into the public mailbox, and from where |
//! | `crowds` | which large conversations are read, each with an inbox and a cursor of its own |
//! | `delivery` | what the app gets, and where the cursor is |
//! | `calls` | which request an answer belongs to |
//! | `store` | what is written, and when it counts as kept |

mod backoff;
mod calls;
mod config;
mod crowds;
mod delivery;
mod event;
mod failure;
mod heartbeat;
mod inbox;
mod input;
mod link;
mod outbox;
mod output;
mod public;
mod receipts;
mod rhythm;
mod rtt;
mod session;
mod stats;
mod store;

pub use config::Config;
pub use event::{ConnectionState, Delivered, DisconnectReason, Event, Sent, Status};
pub use failure::{Failure, FailureCode};
pub use input::{CallId, Command, ConnId, DeliveryId, Draft, Input, NetworkKind, Now, WriteId};
pub use output::{Output, Reply, StoreOp, TokenReason};
pub use session::Session;
pub use stats::Stats;
