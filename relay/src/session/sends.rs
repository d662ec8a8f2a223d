//! Messages on their way to the store: checked, and handed over in the order in which
//! they came.
//!
//! Where the app's server is asked about a message first, everything of this session
//! that comes after it waits, so that order holds; a message that is not wanted is
//! answered, and the others go on.

use std::{collections::VecDeque, sync::Arc};

use seqline_protocol::{ErrorCode, Send};

use super::{Effect, Session, writes::InFlight};
use crate::{
    account::Account,
    api::ApiError,
    check::{Check, Rejected},
    clock::Now,
    intake,
    store::{self, Digest, FromSession, Op, StoreError},
};

/// What stands before the writer's queue.
#[derive(Default)]
pub(super) struct Gate {
    check: Option<Arc<dyn Check>>,
    /// Being asked about.
    asking: Option<InFlight>,
    /// Waits for that.
    held: VecDeque<(InFlight, Op)>,
}

impl Gate {
    pub(super) fn new(check: Option<Arc<dyn Check>>) -> Self {
        Self {
            check,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asking.is_none() && self.held.is_empty()
    }

    pub(super) fn shrink(&mut self) {
        self.held.shrink_to_fit();
    }

    fn must_ask(&self, send: &store::Send) -> bool {
        self.check
            .as_ref()
            .is_some_and(|check| check.is_on_for(send))
    }
}

impl Session {
    pub(super) fn handle_send(&mut self, now: Now, from: Arc<Account>, send: Send) {
        let client_msg_id = send.client_msg_id.clone();
        let allowed = self.rules.traffic.send(&from, now.uptime);
        if !self.spend(allowed, client_msg_id.clone()) {
            return;
        }
        if let Some(error) = self.unnumbered.clone() {
            // The next connection may have a number, so nothing fails for good.
            let error = match error {
                StoreError::Corrupt(text) => StoreError::Unreachable(text),
                error => error,
            };
            return self.refuse_storage(&error, client_msg_id);
        }
        match checked(from, send) {
            Err(error) => self.refuse(error.code, &error.message, client_msg_id),
            Ok(mut send) => {
                send.session = self.stamp();
                self.awaited += 1;
                let in_flight = InFlight::Send(client_msg_id, send.conv.clone());
                self.submit(in_flight, Op::Send(send));
            }
        }
    }

    fn stamp(&self) -> Option<FromSession> {
        Some(FromSession {
            device: self.device.clone()?,
            number: self.number?,
        })
    }

    /// Hands an operation to the writer, after everything before it.
    pub(super) fn submit(&mut self, in_flight: InFlight, op: Op) {
        self.gate.held.push_back((in_flight, op));
        self.open_gate();
    }

    /// The app's server answered.
    pub(super) fn handle_checked(&mut self, result: Result<Box<store::Send>, Rejected>) {
        let Some(in_flight) = self.gate.asking.take() else {
            return;
        };
        let rewritten = result.and_then(|send| match intake::check(&send) {
            Ok(()) => Ok(send),
            Err(error) => Err(Rejected {
                reason: format!("as the app's server rewrote it: {}", error.message),
                is_retryable: false,
            }),
        });
        match rewritten {
            Ok(send) => self.hand_over(in_flight, Op::Send(*send)),
            Err(rejected) => self.reject(&in_flight, rejected),
        }
        self.open_gate();
    }

    fn open_gate(&mut self) {
        while self.gate.asking.is_none()
            && let Some((in_flight, op)) = self.gate.held.pop_front()
        {
            match op {
                Op::Send(send) if self.gate.must_ask(&send) => {
                    self.gate.asking = Some(in_flight);
                    self.emit(Effect::Check(send));
                }
                op => self.hand_over(in_flight, op),
            }
        }
    }

    fn hand_over(&mut self, in_flight: InFlight, op: Op) {
        self.in_flight.push_back(in_flight);
        self.emit(Effect::Submit(op));
    }

    fn reject(&mut self, in_flight: &InFlight, rejected: Rejected) {
        self.awaited -= 1;
        let error = ApiError::new(ErrorCode::Rejected, rejected.reason);
        self.decline(error, rejected.is_retryable, in_flight.about());
    }
}

fn checked(from: Arc<Account>, send: Send) -> Result<store::Send, ApiError> {
    let conv = intake::conversation(&from, &send.to)?;
    let mut send = store::Send {
        from,
        conv,
        client_msg_id: send.client_msg_id,
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
        session: None,
    };
    intake::check(&send)?;
    send.digest = send.digest_of();
    Ok(send)
}
