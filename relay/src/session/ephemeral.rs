//! What is handed to those who are connected, or lost: typing, and comments in rooms.

use std::sync::Arc;

use seqline_protocol::{
    ConvId, ConvKind, ErrorCode, Kind, Priority, RelayFrame, Target,
    limits::{EPHEMERAL_BODY_BYTES_MAX, json_bytes},
};

use super::{About, Effect, Phase, Session};
use crate::{
    account::Account, api::ApiError, frames::Shared, intake, limits::OUTGOING_NOTICE_FRAMES_MAX,
};

impl Session {
    pub(super) fn handle_ephemeral(
        &mut self,
        from: Arc<Account>,
        to: &Target,
        kind: Kind,
        body: String,
        priority: Priority,
    ) {
        if json_bytes(&body) > EPHEMERAL_BODY_BYTES_MAX {
            let text = format!(
                "the body of an ephemeral has at most {EPHEMERAL_BODY_BYTES_MAX} bytes as JSON"
            );
            return self.refuse(ErrorCode::BodyTooLarge, &text, About::default());
        }
        if let Target::Conv(conv) = to
            && conv.kind() == ConvKind::Room
        {
            self.calls += 1;
            return self.emit(Effect::Comment {
                account: from,
                conv: conv.clone(),
                kind,
                body,
                priority,
            });
        }
        match intake::conversation(&from, to) {
            Err(error) => self.refuse(error.code, &error.message, About::default()),
            Ok(conv) => self.relay_ephemeral(from, conv, kind, body),
        }
    }

    fn relay_ephemeral(&mut self, from: Arc<Account>, conv: ConvId, kind: Kind, body: String) {
        let peer = conv.peer_of(&from.user);
        if peer.as_ref() == Some(&from.user) {
            return;
        }
        let frame = Arc::new(Shared::new(RelayFrame::Ephemeral {
            conv: conv.clone(),
            sender: from.user.clone(),
            kind,
            body,
        }));
        if let Some(peer) = peer {
            let to = from.sibling(peer);
            self.emit(Effect::Relay { to, frame });
        } else {
            self.calls += 1;
            self.emit(Effect::RelayToGroup { from, conv, frame });
        }
    }

    /// Best effort: what would close the session is not worth it, and is lost.
    pub(super) fn handle_relayed(&mut self, result: Result<(), ApiError>) {
        self.calls -= 1;
        if let Err(error) = result
            && error.code.close_code().is_none()
        {
            self.refuse(error.code, &error.message, About::default());
        }
    }

    /// Dropped unless it can go out at once.
    pub(super) fn hand_ephemeral(&mut self, frame: &Shared) {
        if self.outgoing.frames == 0 {
            self.hand_over_unstored(frame);
        }
    }

    /// Dropped for a socket that is slow.
    pub(super) fn hand_notice(&mut self, frame: &Shared) {
        if self.outgoing.frames < OUTGOING_NOTICE_FRAMES_MAX {
            self.hand_over_unstored(frame);
        }
    }

    fn hand_over_unstored(&mut self, frame: &Shared) {
        if matches!(self.phase, Phase::Open(_)) {
            let frame = frame.encoded(self.encoding);
            self.emit(Effect::Write(frame));
        }
    }
}
