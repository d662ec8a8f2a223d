//! Requests of the app that wait for the relay's answer.
//!
//! They are idempotent, so those that were written to a connection that is gone are
//! written again to the next one.

use std::collections::BTreeMap;

use seqline_protocol::{ClientFrame, RequestId, limits::REQUESTS_PENDING_MAX};

use crate::{
    failure::{Failure, FailureCode},
    input::CallId,
    output::{Output, Reply},
};

/// The requests that wait.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pending: BTreeMap<RequestId, Pending>,
}

#[derive(Debug)]
struct Pending {
    call: CallId,
    frame: ClientFrame,
    until_ms: u64,
    written: bool,
}

impl Calls {
    /// Adds a request; gives the refusal if too many wait.
    pub(crate) fn add(
        &mut self,
        req: RequestId,
        call: CallId,
        frame: ClientFrame,
        until_ms: u64,
    ) -> Option<Output> {
        if self.pending.len() >= REQUESTS_PENDING_MAX {
            let failure = Failure::new(
                FailureCode::TooManyRequests,
                "too many requests wait for an answer; wait for some of them",
            );
            return Some(Output::Answer(call, Err(failure)));
        }
        self.pending.insert(
            req,
            Pending {
                call,
                frame,
                until_ms,
                written: false,
            },
        );
        None
    }

    /// The next request to write to an open connection.
    pub(crate) fn next_to_write(&mut self) -> Option<ClientFrame> {
        let pending = self.pending.values_mut().find(|pending| !pending.written)?;
        pending.written = true;
        Some(pending.frame.clone())
    }

    /// The connection is gone.
    pub(crate) fn connection_lost(&mut self) {
        for pending in self.pending.values_mut() {
            pending.written = false;
        }
    }

    /// An answer came; none if nobody waits for it any more.
    pub(crate) fn answer(
        &mut self,
        req: RequestId,
        result: Result<Reply, Failure>,
    ) -> Option<Output> {
        let pending = self.pending.remove(&req)?;
        Some(Output::Answer(pending.call, result))
    }

    /// A request whose time is up.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Option<Output> {
        let (req, _) = self
            .pending
            .iter()
            .find(|(_, pending)| pending.until_ms <= now_ms)?;
        let failure = Failure::new(FailureCode::Timeout, "the relay did not answer in time");
        self.answer(*req, Err(failure))
    }

    /// Any request, to be refused because the session stops.
    pub(crate) fn abandon(&mut self) -> Option<Output> {
        let (_, pending) = self.pending.pop_first()?;
        let failure = Failure::new(FailureCode::Disconnected, "the client was disconnected");
        Some(Output::Answer(pending.call, Err(failure)))
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.pending.values().map(|pending| pending.until_ms).min()
    }
}
