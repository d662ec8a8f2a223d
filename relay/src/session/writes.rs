//! What a session stores: sends, marks, recalls; and what it answers to them.
//!
//! Operations are submitted in the order in which they came, and their results come
//! in that order. If storage fails, the session closes at once and the writer drops
//! whatever of it still waits, so that no later message is stored before an earlier one.

use std::sync::Arc;

use seqline_protocol::{
    ClientMsgId, ConvId, ErrorCode, Kind, RelayFrame, RequestId, Send, Target,
    limits::{BODY_BYTES_MAX, EPHEMERAL_BODY_BYTES_MAX, json_bytes},
};

use super::{About, Effect, Session};
use crate::{
    account::Account,
    frames::Shared,
    store::{self, Digest, Done, Op, OpResult, Refusal, StoreError},
};

/// What a submitted operation is answered with.
pub(super) enum InFlight {
    Send(ClientMsgId, ConvId),
    Request(RequestId),
    Delivered(Arc<Account>),
}

impl Session {
    pub(super) fn handle_send(&mut self, from: Arc<Account>, send: Send) {
        let body_bytes = json_bytes(&send.body);
        if body_bytes > BODY_BYTES_MAX {
            let text =
                format!("a body has at most {BODY_BYTES_MAX} bytes as JSON, this one {body_bytes}");
            return self.refuse(ErrorCode::BodyTooLarge, &text, send.client_msg_id);
        }
        let Some(conv) = direct(&from, &send.to) else {
            let refusal = Refusal::ConversationUnknown;
            return self.refuse(refusal.code(), &refusal.to_string(), send.client_msg_id);
        };
        let op = Op::Send(store::Send {
            from,
            conv: conv.clone(),
            client_msg_id: send.client_msg_id.clone(),
            kind: send.kind,
            body: send.body,
            priority: send.priority,
            expires: send.expires_us,
            key: send.key,
            replace: send.replace,
            business: send.business,
            mentions: send.mentions,
            by_server: false,
            digest: Digest::default(),
        });
        self.awaited += 1;
        self.submit(InFlight::Send(send.client_msg_id, conv), op);
    }

    /// A mark or a recall, answered by `done`.
    pub(super) fn handle_request(&mut self, req: RequestId, op: Op) {
        self.awaited += 1;
        self.submit(InFlight::Request(req), op);
    }

    pub(super) fn tell_delivered(&mut self, account: Arc<Account>) {
        if let Some(cursor) = self.delivery.next() {
            let op = Op::Delivered(store::Delivered {
                account: Arc::clone(&account),
                cursor,
            });
            self.submit(InFlight::Delivered(account), op);
        }
    }

    pub(super) fn handle_commit(&mut self, result: Result<OpResult, StoreError>) {
        let Some(in_flight) = self.in_flight.pop_front() else {
            return;
        };
        if !matches!(in_flight, InFlight::Delivered(_)) {
            self.awaited -= 1;
        }
        let about = match &in_flight {
            InFlight::Send(client_msg_id, _) => About::from(client_msg_id.clone()),
            InFlight::Request(req) => About::from(*req),
            InFlight::Delivered(_) => About::default(),
        };
        match result {
            Err(error) => self.refuse_storage(&error, about),
            Ok(Err(refusal)) => self.refuse(refusal.code(), &refusal.to_string(), about),
            Ok(Ok(done)) => self.confirm(in_flight, done),
        }
    }

    fn confirm(&mut self, in_flight: InFlight, done: Done) {
        match (in_flight, done) {
            (InFlight::Send(client_msg_id, conv), Done::Sent(sent)) => {
                self.write(&RelayFrame::Sent {
                    client_msg_id,
                    msg_id: sent.msg_id,
                    conv,
                    conv_seq: sent.conv_seq,
                    seq: sent.seq,
                    created_us: sent.created,
                    duplicate: sent.duplicate,
                });
            }
            (InFlight::Request(req), Done::Applied) => self.write(&RelayFrame::Done { req }),
            (InFlight::Delivered(account), Done::DeliveredUpTo(upto)) => {
                self.delivery.told(upto);
                self.tell_delivered(account);
            }
            _ => {}
        }
    }

    /// Best effort, to the other user of a direct conversation.
    pub(super) fn relay_ephemeral(
        &mut self,
        from: &Arc<Account>,
        to: &Target,
        kind: Kind,
        body: String,
    ) {
        if json_bytes(&body) > EPHEMERAL_BODY_BYTES_MAX {
            let text = format!(
                "the body of an ephemeral has at most {EPHEMERAL_BODY_BYTES_MAX} bytes as JSON"
            );
            return self.refuse(ErrorCode::BodyTooLarge, &text, About::default());
        }
        let Some(conv) = direct(from, to) else {
            let refusal = Refusal::ConversationUnknown;
            return self.refuse(refusal.code(), &refusal.to_string(), About::default());
        };
        if let Some(peer) = conv.peer_of(&from.user)
            && peer != from.user
        {
            let frame = RelayFrame::Ephemeral {
                conv,
                sender: from.user.clone(),
                kind,
                body,
            };
            self.emit(Effect::Relay {
                to: from.sibling(peer),
                frame: Arc::new(Shared::new(frame)),
            });
        }
    }

    fn submit(&mut self, in_flight: InFlight, op: Op) {
        self.in_flight.push_back(in_flight);
        self.emit(Effect::Submit(op));
    }
}

/// The direct conversation that a target stands for, if the sender takes part in it.
fn direct(from: &Account, to: &Target) -> Option<ConvId> {
    match to {
        Target::User(user) => Some(ConvId::direct(&from.user, user)),
        Target::Conv(conv) => from.takes_part_in(conv).then(|| conv.clone()),
    }
}
