//! The way between relays that share a database: hints that there is something new, and what is
//! told and kept nowhere.
//!
//! Whatever a bus carries may be lost, come twice, or come late; nothing that was acknowledged
//! depends on it. A relay that missed a hint learns of the same thing from the database
//! ([`crate::fleet`]).

mod alone;
mod choice;
mod codec;
mod hint;
mod nats;
mod postgres;
mod probe;
mod room_news;

use futures_util::future::BoxFuture;
use thiserror::Error;

pub use self::{
    alone::Alone,
    choice::{BusChoice, BusKind, GivenBus},
    hint::{Hint, NodeId, Topic},
    nats::{NatsBus, NatsSettings},
    postgres::{PostgresBus, PostgresBusSettings},
    probe::{NatsProbe, ProbeFailure, probe_nats, probe_postgres},
    room_news::{Counted, RoomNews, Said},
};

/// What is heard of other relays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A relay says something.
    Hint {
        /// Which.
        from: NodeId,
        /// What.
        hint: Hint,
    },
    /// Hints may have been lost: look for yourself.
    Gap,
    /// Hints about these are heard from now on; those before may not have been.
    Joined(Vec<Topic>),
}

/// Why hints were not handed over. They are lost.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the bus between relays failed: {0}")]
pub struct BusError(pub String);

/// A way between relays.
pub trait Bus: Send + Sync {
    /// Hands hints over for all other relays whom they concern. In their order, if it can be
    /// had; not to this relay itself.
    fn publish<'a>(&'a self, hints: &'a [Hint]) -> BoxFuture<'a, Result<(), BusError>>;

    /// Waits for what comes next. One task asks, again and again; may be dropped while it waits.
    fn receive(&self) -> BoxFuture<'_, Heard>;

    /// Hints about these topics are wanted from now on, or no longer. For a bus that
    /// [sorts by topic](Self::is_sorted).
    fn follow<'a>(&'a self, changes: &'a [(Topic, bool)]) -> BoxFuture<'a, ()>;

    /// Whether only those hints come that were asked for with [`follow`](Self::follow). All come
    /// otherwise.
    fn is_sorted(&self) -> bool;

    /// What this relay is called there.
    fn node(&self) -> NodeId;

    /// Whether there is no way to other relays at all.
    fn is_alone(&self) -> bool {
        false
    }
}
