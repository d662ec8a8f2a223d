//! What a session stores beside messages; and what it answers once something is stored.
//!
//! Operations are submitted in the order in which they came, and their results come
//! in that order. If storage fails, the session closes at once and the writer drops
//! whatever of it still waits, so that no later message is stored before an earlier one.
//! What is only noted on the side closes nothing: who has nothing to store goes on reading
//! while a disk is full.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvId, KickReason, RelayFrame, RequestId};

use super::{About, Session};
use crate::{
    account::Account,
    store::{self, Done, Op, OpResult, Refusal, StoreError},
};

/// What a submitted operation is answered with.
pub(super) enum InFlight {
    Send(ClientMsgId, ConvId),
    Request(RequestId),
    Delivered(Arc<Account>),
    /// That the device has connected: of no concern to it.
    Noted(Box<store::Device>),
}

impl InFlight {
    pub(super) fn about(&self) -> About {
        match self {
            Self::Send(client_msg_id, _) => About::from(client_msg_id.clone()),
            Self::Request(req) => About::from(*req),
            Self::Delivered(_) | Self::Noted(_) => About::default(),
        }
    }
}

impl Session {
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
        if !matches!(in_flight, InFlight::Delivered(_) | InFlight::Noted(_)) {
            self.awaited -= 1;
        }
        if matches!(in_flight, InFlight::Noted(_)) {
            self.login = None;
        }
        let about = in_flight.about();
        match result {
            Err(error) => self.not_stored(in_flight, &error),
            Ok(Err(Refusal::SessionOver)) => self.kick(KickReason::Replaced),
            Ok(Err(refusal)) => self.refuse(refusal.code(), &refusal.to_string(), about),
            Ok(Ok(done)) => self.confirm(in_flight, done),
        }
    }

    /// Notes that the device has connected.
    pub(super) fn note(&mut self, device: Box<store::Device>) {
        let op = Op::Connected((*device).clone());
        self.submit(InFlight::Noted(device), op);
    }

    fn not_stored(&mut self, in_flight: InFlight, error: &StoreError) {
        match in_flight {
            InFlight::Noted(device) => self.unnoted = Some(device),
            InFlight::Delivered(_) => self.delivery.not_told(),
            InFlight::Send(..) | InFlight::Request(_) => {
                self.refuse_storage(error, in_flight.about());
            }
        }
    }

    fn confirm(&mut self, in_flight: InFlight, done: Done) {
        if let Some(device) = self.unnoted.take() {
            self.note(device);
        }
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
}
