//! What the app asks for.

use seqline_protocol::{ClientFrame, ErrorCode, RequestId};

use super::{Session, next_request};
use crate::{
    event::Status,
    failure::{Failure, FailureCode},
    input::{CallId, Command, Draft, Now},
    output::{Output, Reply},
};

/// What a `call` frame takes beside method and parameters, at most.
const CALL_BYTES: usize = 64;

impl Session {
    pub(super) fn call(&mut self, call: CallId, command: Command, now: Now) {
        match command {
            Command::Send(draft) => self.send(call, draft, now),
            Command::Retry { client_msg_id } => {
                match self.outbox.take_failed(&client_msg_id, &mut self.store) {
                    Some(draft) => self.send(call, draft, now),
                    None => self.refuse_not_failed(call),
                }
            }
            Command::Discard { client_msg_id } => {
                match self.outbox.take_failed(&client_msg_id, &mut self.store) {
                    Some(_) => {
                        self.store.hurry();
                        self.outputs
                            .push_back(Output::Answer(call, Ok(Reply::Done)));
                    }
                    None => self.refuse_not_failed(call),
                }
            }
            Command::Ephemeral {
                to,
                kind,
                body,
                priority,
            } => {
                let open = self.link.open_conn().is_some();
                if open {
                    self.write(&ClientFrame::Ephemeral {
                        to,
                        kind,
                        body,
                        priority,
                    });
                }
                let refusal = || {
                    Failure::new(
                        FailureCode::NotConnected,
                        "not connected: dropped; try again when connected",
                    )
                };
                let result = if open {
                    Ok(Reply::Done)
                } else {
                    Err(refusal())
                };
                self.outputs.push_back(Output::Answer(call, result));
            }
            Command::History {
                conv,
                before,
                after,
                limit,
            } => {
                self.ask(call, now, true, |req| ClientFrame::History {
                    req,
                    conv,
                    before,
                    after,
                    limit,
                });
            }
            Command::Conversations { page, limit } => {
                self.ask(call, now, true, |req| ClientFrame::Conversations {
                    req,
                    page,
                    limit,
                });
            }
            Command::Read { conv, conv_seq } => {
                self.ask(call, now, true, |req| ClientFrame::Read {
                    req,
                    conv,
                    conv_seq,
                });
            }
            Command::Recall { conv, conv_seq } => {
                self.ask(call, now, true, |req| ClientFrame::Recall {
                    req,
                    conv,
                    conv_seq,
                });
            }
            Command::Call {
                method,
                params,
                repeatable,
            } => {
                if method.len() + params.len() + CALL_BYTES > self.frame_bytes_max() {
                    let message = "the parameters are too large for a frame; ask for less at once";
                    let code = FailureCode::Relay(ErrorCode::FrameTooLarge);
                    let failure = Failure::new(code, message);
                    self.outputs.push_back(Output::Answer(call, Err(failure)));
                    return;
                }
                self.ask(call, now, repeatable, |req| ClientFrame::Call {
                    req,
                    method,
                    params,
                });
            }
        }
    }

    fn frame_bytes_max(&self) -> usize {
        usize::try_from(self.limits.frame_bytes_max).unwrap_or(usize::MAX)
    }

    fn send(&mut self, call: CallId, draft: Draft, now: Now) {
        let fails_at_ms = self.fails_at_ms(now);
        match self
            .outbox
            .add(draft.clone(), Some(call), fails_at_ms, &mut self.store)
        {
            Ok(()) => {
                let id = draft.client_msg_id.clone();
                self.tell_status(id, Status::Queued, Some(draft), None, None);
            }
            Err(failure) => self.outputs.push_back(Output::Answer(call, Err(failure))),
        }
    }

    fn ask(
        &mut self,
        call: CallId,
        now: Now,
        repeatable: bool,
        frame: impl FnOnce(RequestId) -> ClientFrame,
    ) {
        if self.link.is_stopped() {
            let failure = Failure::new(FailureCode::NotConnected, "not connected; call connect()");
            self.outputs.push_back(Output::Answer(call, Err(failure)));
            return;
        }
        let req = next_request(&mut self.last_req);
        let until_ms = now.mono_ms + self.config.request_timeout_ms;
        self.outputs
            .extend(self.calls.add(req, call, frame(req), until_ms, repeatable));
    }

    fn refuse_not_failed(&mut self, call: CallId) {
        let failure = Failure::new(
            FailureCode::NotFailed,
            "no failed message has this id; only those are retried or discarded",
        );
        self.outputs.push_back(Output::Answer(call, Err(failure)));
    }
}
