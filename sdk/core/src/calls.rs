//! Requests of the app that wait for the relay's answer.
//!
//! Those that are the same when done twice are written again to the next connection, if
//! the one that they were written to is gone. The others fail: whether they took effect,
//! nobody can tell.

use seqline_protocol::{ClientFrame, RequestId, limits::REQUESTS_PENDING_MAX};

use crate::{
    failure::{Failure, FailureCode},
    input::CallId,
    output::{Output, Reply},
};

/// The requests that wait.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// In the order of asking.
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    req: RequestId,
    call: CallId,
    frame: ClientFrame,
    until_ms: u64,
    repeatable: bool,
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
        repeatable: bool,
    ) -> Option<Output> {
        if self.pending.len() >= REQUESTS_PENDING_MAX {
            let failure = Failure::new(
                FailureCode::TooManyRequests,
                "too many requests wait for an answer; wait for some of them",
            );
            return Some(Output::Answer(call, Err(failure)));
        }
        self.pending.push(Pending {
            req,
            call,
            frame,
            until_ms,
            repeatable,
            written: false,
        });
        None
    }

    /// The next request to write to an open connection.
    pub(crate) fn next_to_write(&mut self) -> Option<ClientFrame> {
        let pending = self.pending.iter_mut().find(|pending| !pending.written)?;
        pending.written = true;
        Some(pending.frame.clone())
    }

    /// The connection is gone. Gives the answers of those that cannot be asked again.
    pub(crate) fn connection_lost(&mut self) -> Vec<Output> {
        let lost = self
            .pending
            .extract_if(.., |pending| pending.written && !pending.repeatable);
        let answers = lost.map(|pending| {
            let message = "the connection was lost before the relay answered; \
                           this may have taken effect, or not: look, and ask again if not";
            let failure = Failure::new(FailureCode::ConnectionLost, message);
            Output::Answer(pending.call, Err(failure))
        });
        let answers = answers.collect();
        for pending in self.pending.iter_mut() {
            pending.written = false;
        }
        answers
    }

    /// Whether a request that waits calls a method of the relay.
    pub(crate) fn is_of_method(&self, req: RequestId) -> bool {
        self.pending
            .iter()
            .any(|pending| pending.req == req && matches!(pending.frame, ClientFrame::Call { .. }))
    }

    /// An answer came; none if nobody waits for it any more.
    pub(crate) fn answer(
        &mut self,
        req: RequestId,
        result: Result<Reply, Failure>,
    ) -> Option<Output> {
        let index = self.pending.iter().position(|pending| pending.req == req)?;
        let pending = self.pending.remove(index);
        Some(Output::Answer(pending.call, result))
    }

    /// A request whose time is up.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Option<Output> {
        let late = self
            .pending
            .iter()
            .find(|pending| pending.until_ms <= now_ms)?;
        let req = late.req;
        let failure = Failure::new(
            FailureCode::Timeout,
            "the relay did not answer in time; try again",
        );
        self.answer(req, Err(failure))
    }

    /// Any request, to be refused because the session stops.
    pub(crate) fn abandon(&mut self) -> Option<Output> {
        let pending = self.pending.pop()?;
        let failure = Failure::new(
            FailureCode::Disconnected,
            "the client was disconnected; call connect()",
        );
        Some(Output::Answer(pending.call, Err(failure)))
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.pending.iter().map(|pending| pending.until_ms).min()
    }
}
