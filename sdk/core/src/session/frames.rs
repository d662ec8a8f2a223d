//! What the relay says, and what follows from it.

use seqline_protocol::{
    ClientMsgId, DecodeError, Encoded, ErrorCode, Micros, RelayFrame, RequestId, UserId, Welcome,
    decode,
};

use super::Session;
use crate::{
    event::{DisconnectReason, Event, Sent, Status},
    failure::{Failure, FailureCode},
    heartbeat::Heartbeat,
    inbox::Page,
    input::ConnId,
    outbox::Settled,
    output::{Output, Reply},
};

impl Session {
    pub(super) fn receive(&mut self, conn: ConnId, frame: &Encoded, now_ms: u64) {
        if !self.link.is_current(conn) {
            return;
        }
        self.stats.frames_in += 1;
        self.stats.bytes_in += frame.as_bytes().len() as u64;
        match decode(frame.encoding(), frame.as_bytes()) {
            Ok(frame) => self.relay_says(frame, now_ms),
            // A relay of a later version may say more than we know.
            Err(DecodeError::Unknown(_)) => self.heard(now_ms),
            Err(error) => {
                self.tell_error(FailureCode::ProtocolViolation, error.to_string());
                self.cut("not understood", now_ms);
            }
        }
    }

    fn relay_says(&mut self, frame: RelayFrame, now_ms: u64) {
        if let RelayFrame::Pong { nonce, .. } = frame
            && let Some(heartbeat) = &self.heartbeat
            && let Some(round_trip_ms) = heartbeat.pong(nonce, now_ms)
        {
            self.rtt.sample(round_trip_ms);
        }
        self.heard(now_ms);
        match frame {
            RelayFrame::Welcome(welcome) => self.welcomed(&welcome, now_ms),
            RelayFrame::Sent {
                client_msg_id,
                msg_id,
                conv,
                conv_seq,
                created_us,
                ..
            } => {
                self.sent(
                    &client_msg_id,
                    Sent {
                        msg_id,
                        conv,
                        conv_seq,
                        created_us,
                    },
                    now_ms,
                );
            }
            RelayFrame::Push { entries, conv } => self.pushed(conv.as_ref(), entries, now_ms),
            RelayFrame::Notify {
                head,
                pub_head,
                conv,
            } => self.notified(conv.as_ref(), head, pub_head),
            RelayFrame::Page {
                req,
                entries,
                head,
                public,
            } => {
                let page = Page { req, entries, head };
                self.paged(page, public, now_ms);
            }
            RelayFrame::History {
                req,
                messages,
                more,
                ..
            } => {
                self.answered(req, Ok(Reply::History { messages, more }));
            }
            RelayFrame::Conversations {
                req,
                conversations,
                next,
            } => {
                self.answered(
                    req,
                    Ok(Reply::Conversations {
                        conversations,
                        next,
                    }),
                );
            }
            RelayFrame::Done { req } => self.answered(req, Ok(Reply::Done)),
            RelayFrame::Refreshed {
                token_expires_us, ..
            } => {
                let relay_now = self.relay_now_at(now_ms);
                self.link
                    .token_lives_until(token_expires_us, relay_now, now_ms);
                self.public.look();
            }
            RelayFrame::Reset {
                conv: Some(conv),
                reason,
                head,
                ..
            } => self.reset_crowd(conv, reason, head),
            // What the large conversations are now stands in a `welcome` only, and the next
            // one says the same of the cursor.
            RelayFrame::Reset { conv: None, .. } => self.cut("to start over", now_ms),
            RelayFrame::Result { req, value } => self.answered(req, Ok(Reply::Value(value))),
            RelayFrame::Event { name, value } => self
                .outputs
                .push_back(Output::Emit(Event::Event { name, value })),
            RelayFrame::Kick { reason, message } => {
                self.outputs
                    .push_back(Output::Emit(Event::Kicked { reason, message }));
                self.stop(DisconnectReason::Kicked);
            }
            RelayFrame::Goaway {
                after_ms,
                window_ms,
            } => {
                self.link.goaway(after_ms.into(), window_ms.into());
            }
            RelayFrame::Pong { .. } => {}
            RelayFrame::Ephemeral {
                conv,
                sender,
                kind,
                body,
            } => {
                self.outputs.push_back(Output::Emit(Event::Ephemeral {
                    conv,
                    sender,
                    kind,
                    body,
                }));
            }
            RelayFrame::Error {
                code,
                message,
                req,
                client_msg_id,
                retry_after_ms,
                ..
            } => {
                let retry_after_ms = retry_after_ms.unwrap_or_default().into();
                self.refused(code, message, req, client_msg_id, retry_after_ms, now_ms);
            }
        }
    }

    fn heard(&mut self, now_ms: u64) {
        if let Some(heartbeat) = &mut self.heartbeat
            && let Some(silence_ms) = heartbeat.heard(now_ms)
            && self.rhythm.survived(silence_ms, self.last_now.unix_ms)
        {
            self.store.put_paths(self.rhythm.paths());
        }
    }

    fn welcomed(&mut self, welcome: &Welcome, now_ms: u64) {
        if !self.link.is_greeting() {
            return;
        }
        if self.belongs_to_another(welcome) {
            let message = "what is stored on this device belongs to another user than the token; \
                           use another account name for each user";
            self.tell_error(FailureCode::StorageOfAnotherUser, message);
            return self.stop(DisconnectReason::Refused);
        }
        self.stats.connects += 1;
        self.rtt.sample(now_ms.saturating_sub(self.greeted_at_ms));
        self.limits = welcome.limits;
        self.relay_clock = Some((welcome.now_us, now_ms));
        if self
            .rhythm
            .connected(welcome.heartbeat, self.last_now.unix_ms)
        {
            self.store.put_paths(self.rhythm.paths());
        }
        self.heartbeat = Some(Heartbeat::new(self.rhythm.interval_ms(), now_ms));
        self.link
            .welcomed(welcome.token_expires_us, welcome.now_us, now_ms);
        self.syncing = true;
        self.tell_connected(welcome.user.clone(), welcome.session.clone());
        self.adopt_position(welcome);
        self.public.welcomed(welcome, &mut self.rng, now_ms);
        if welcome.reset.is_none() {
            // What was taken while there was no connection has not been told.
            self.ack_at_ms = Some(now_ms);
        }
    }

    fn belongs_to_another(&self, welcome: &Welcome) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|known| known.app != welcome.app || known.user != welcome.user)
    }

    pub(super) fn is_own(&self, sender: &UserId) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|identity| identity.user == *sender)
    }

    pub(super) fn sent(&mut self, id: &ClientMsgId, sent: Sent, now_ms: u64) {
        let Some((Settled { call, .. }, round_trip_ms)) =
            self.outbox
                .acknowledged(id, &self.rtt, now_ms, &mut self.store)
        else {
            return;
        };
        if let Some(round_trip_ms) = round_trip_ms {
            self.rtt.sample(round_trip_ms);
        }
        if !self.crowds.contains(&sent.conv) {
            self.receipts.track(id.clone(), sent.clone());
        }
        self.tell_status(id.clone(), Status::Sent, None, Some(sent.clone()), None);
        self.outputs
            .extend(call.map(|call| Output::Answer(call, Ok(Reply::Sent(sent)))));
    }

    /// The relay's clock, as far as its last word tells.
    fn relay_now_at(&self, now_ms: u64) -> Micros {
        self.relay_clock
            .map_or(Micros::ZERO, |(relay_us, heard_ms)| {
                Micros::saturating(relay_us.get() + now_ms.saturating_sub(heard_ms) * 1_000)
            })
    }

    fn answered(&mut self, req: RequestId, result: Result<Reply, Failure>) {
        self.outputs.extend(self.calls.answer(req, result));
    }

    fn refused(
        &mut self,
        code: ErrorCode,
        message: String,
        req: Option<RequestId>,
        client_msg_id: Option<ClientMsgId>,
        retry_after_ms: u64,
        now_ms: u64,
    ) {
        let failure = Failure::new(FailureCode::Relay(code), message.clone());
        // What a method failed with is an answer, whatever the code; if the connection ends as
        // well, its close says so.
        if let Some(req) = req
            && self.calls.is_of_method(req)
        {
            self.link.hold_off(retry_after_ms);
            return self.answered(req, Err(failure));
        }
        if code.close_code().is_some() {
            // The connection ends: what waits is tried again on the next one, or the
            // link gives up with these words.
            return self.link.refused(code, message, retry_after_ms);
        }
        if self.link.is_greeting() {
            // Nothing but our `hello` can be meant, and it will be the same next time.
            self.outputs.push_back(Output::Emit(Event::Error(failure)));
            return self.stop(DisconnectReason::Refused);
        }
        match (client_msg_id, req) {
            (Some(id), _) => {
                let settled = self.outbox.refused(&id, &message, &mut self.store);
                if let Some(settled) = settled {
                    self.tell_failed(settled, failure);
                }
            }
            (None, Some(req)) => {
                if !self.pull_refused(req, now_ms) {
                    self.answered(req, Err(failure));
                }
            }
            (None, None) => self.outputs.push_back(Output::Emit(Event::Error(failure))),
        }
    }
}
