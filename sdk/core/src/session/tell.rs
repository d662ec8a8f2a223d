//! What the app is told.

use seqline_protocol::{ClientMsgId, UserId};

use super::Session;
use crate::{
    event::{ConnectionState, Event, Sent, Status},
    failure::{Failure, FailureCode},
    input::Draft,
    outbox::Settled,
    output::Output,
};

impl Session {
    pub(super) fn tell_restored(&mut self, draft: Draft, failed: Option<String>) {
        let id = draft.client_msg_id.clone();
        match failed {
            None => self.tell_status(id, Status::Queued, Some(draft), None, None),
            Some(message) => {
                let failure = Failure::new(FailureCode::Timeout, message);
                self.tell_status(id, Status::Failed, Some(draft), None, Some(failure));
            }
        }
    }

    pub(super) fn tell_failed(&mut self, settled: Settled, failure: Failure) {
        let Settled { draft, call } = settled;
        let id = draft.client_msg_id.clone();
        self.tell_status(id, Status::Failed, Some(draft), None, Some(failure.clone()));
        self.outputs
            .extend(call.map(|call| Output::Answer(call, Err(failure))));
    }

    /// Each of these is kept, and was written.
    pub(super) fn tell_sending(&mut self, ids: impl IntoIterator<Item = ClientMsgId>) {
        for id in ids {
            self.tell_status(id, Status::Sending, None, None, None);
        }
    }

    pub(super) fn tell_status(
        &mut self,
        client_msg_id: ClientMsgId,
        status: Status,
        draft: Option<Draft>,
        sent: Option<Sent>,
        failure: Option<Failure>,
    ) {
        self.outputs.push_back(Output::Emit(Event::Status {
            client_msg_id,
            status,
            draft: draft.map(Box::new),
            sent,
            failure,
        }));
    }

    pub(super) fn tell_error(&mut self, code: FailureCode, message: impl Into<String>) {
        self.outputs
            .push_back(Output::Emit(Event::Error(Failure::new(code, message))));
    }

    pub(super) fn tell_connected(&mut self, user: UserId, session: String) {
        let state = ConnectionState::Connected { user, session };
        self.outputs.push_back(Output::Emit(Event::State(state)));
    }
}
