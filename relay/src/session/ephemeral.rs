//! What is handed to those who are connected, or lost: typing and the like.

use std::sync::Arc;

use seqline_protocol::{
    ErrorCode, Kind, RelayFrame, Target,
    limits::{EPHEMERAL_BODY_BYTES_MAX, json_bytes},
};

use super::{About, Effect, Session};
use crate::{account::Account, frames::Shared, intake};

impl Session {
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
        let conv = match intake::conversation(from, to) {
            Ok(conv) => conv,
            Err(error) => return self.refuse(error.code, &error.message, About::default()),
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
}
