//! What carries a connection's frames.

use seqline_protocol::ErrorCode;

use crate::{
    frames::Outgoing,
    session::{Backlog, Event},
};

/// A bounded queue towards a device, and frames from it.
pub trait Wire: Send + 'static {
    /// Whether the network is silent while nobody says anything. It is not where requests
    /// go back and forth all the time.
    const SHOWS_SILENCE: bool;

    /// Adds to what is to be written.
    fn queue(&mut self, frame: Outgoing);

    /// What is queued and not written yet.
    fn backlog(&self) -> Backlog;

    /// Writes what is queued, and reads if it may. Safe to drop at any point: nothing
    /// is held outside of `self`.
    fn next(&mut self, may_read: bool) -> impl Future<Output = Incoming> + Send;

    /// Gives back memory that was taken while there was more to do. Nothing has happened for a
    /// while.
    fn shrink(&mut self) {}

    /// Writes what is queued, says goodbye, and waits for the other side's.
    fn close(&mut self, code: ErrorCode) -> impl Future<Output = ()> + Send;
}

/// What a wire gave.
pub enum Incoming {
    /// Something for the session.
    Event(Event),
    /// Something was written, or was exchanged beside frames.
    Progress,
    /// The wire has ended.
    Ended,
}
