//! No bus: one relay, or several that learn of each other from the database alone.

use std::future::pending;

use futures_util::future::BoxFuture;

use super::{Bus, BusError, Heard, Hint, NodeId, Topic};

/// Says nothing, and hears nothing.
#[derive(Debug, Default)]
pub struct Alone;

impl Bus for Alone {
    fn publish<'a>(&'a self, _: &'a [Hint]) -> BoxFuture<'a, Result<(), BusError>> {
        Box::pin(async { Ok(()) })
    }

    fn receive(&self) -> BoxFuture<'_, Heard> {
        Box::pin(pending())
    }

    fn follow<'a>(&'a self, _: &'a [(Topic, bool)]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn is_sorted(&self) -> bool {
        false
    }

    fn node(&self) -> NodeId {
        NodeId(0)
    }

    fn is_alone(&self) -> bool {
        true
    }
}
