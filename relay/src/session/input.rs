//! Frames from the client, each to the module that knows what to do about it.

use std::sync::Arc;

use seqline_protocol::{ClientFrame, Encoding, ErrorCode, RelayFrame, decode};

use super::{About, Effect, Observation, Phase, Session};
use crate::{
    clock::Now,
    store::{self, Op},
};

impl Session {
    pub(super) fn handle_payload(&mut self, now: Now, encoding: Encoding, payload: &[u8]) {
        if matches!(self.phase, Phase::Greeting) {
            self.encoding = encoding;
        }
        self.lifetime.heard(now);
        if !self.spend_frame(now) {
            return;
        }
        match decode::<ClientFrame>(encoding, payload) {
            Ok(frame) => self.handle_frame(now, frame),
            Err(error) => self.refuse_frame(&error),
        }
    }

    fn handle_frame(&mut self, now: Now, frame: ClientFrame) {
        let (account, frame) = match (&self.phase, frame) {
            (Phase::Greeting, ClientFrame::Hello(hello)) => return self.greet(now, hello),
            (Phase::Greeting, ClientFrame::Ping { nonce }) => return self.pong(now, nonce),
            (Phase::Greeting, _) => {
                let text = "the first frame of a connection is `hello`";
                return self.refuse(ErrorCode::HelloExpected, text, About::default());
            }
            (Phase::Open(_), ClientFrame::Hello(_)) => {
                let text = "`hello` comes once, as the first frame of a connection";
                return self.refuse(ErrorCode::HelloExpected, text, About::default());
            }
            (Phase::Open(account), frame) => (Arc::clone(account), frame),
            _ => return,
        };
        match frame {
            ClientFrame::Hello(_) => {}
            ClientFrame::Send(send) => self.handle_send(now, account, send),
            ClientFrame::Read {
                req,
                conv,
                conv_seq,
            } => {
                let read = store::Read {
                    account,
                    conv,
                    conv_seq,
                };
                self.handle_request(req, Op::Read(read));
            }
            ClientFrame::Recall {
                req,
                conv,
                conv_seq,
            } => {
                let recall = store::Recall {
                    actor: store::Actor::User(account),
                    conv,
                    conv_seq,
                };
                self.handle_request(req, Op::Recall(recall));
            }
            ClientFrame::Ack { cursor } => {
                self.emit(Effect::Observe(Observation::Ack));
                let cursor = self.feed.acked(cursor);
                self.delivery.acked(cursor);
                self.tell_delivered(account);
            }
            ClientFrame::Pull {
                req,
                after,
                limit,
                public,
                conv: None,
            } => self.handle_pull(now, account, req, (after, public), limit),
            ClientFrame::Pull {
                req,
                after,
                limit,
                conv: Some(conv),
                ..
            } => self.handle_crowd_pull(now, account, req, conv, after, limit),
            ClientFrame::History {
                req,
                conv,
                before,
                after,
                limit,
            } => self.handle_history(now, account, req, conv, (before, after), limit),
            ClientFrame::Conversations { req, page, limit } => {
                self.handle_conversations(now, account, req, page.as_deref(), limit);
            }
            ClientFrame::Ephemeral {
                to,
                kind,
                body,
                priority,
            } => {
                match self.rules.traffic.ephemeral(&account, now.uptime) {
                    Ok(()) => self.handle_ephemeral(account, &to, kind, body, priority),
                    // Lost, as it may be.
                    Err(error) => self.emit(Effect::Count(error.code)),
                }
            }
            ClientFrame::Call {
                req,
                method,
                params,
            } => self.handle_call(now, account, req, method, params),
            ClientFrame::State {
                background,
                interval_ms,
            } => self.lifetime.set_state(background, interval_ms),
            ClientFrame::Refresh { req, token } => self.refresh(now, &account, req, &token),
            ClientFrame::Ping { nonce } => {
                self.pong(now, nonce);
                // What storage did not take: who has nothing more to acknowledge says this.
                self.tell_delivered(account);
            }
        }
    }

    /// Before `hello` too: so a client finds out whether a socket carries frames at all.
    fn pong(&mut self, now: Now, nonce: u32) {
        self.write(&RelayFrame::Pong {
            nonce,
            now_us: now.wall,
        });
    }
}
