//! What was committed, on its way to the device.

use seqline_protocol::{ConvId, RelayFrame, Seq};

use super::{Effect, Session, feed::Reaction};
use crate::frames::Push;

impl Session {
    pub(super) fn handle_push(&mut self, push: &Push) {
        if let Some(conv) = push.conv() {
            return self.handle_crowd_push(conv, push);
        }
        let is_slow = self.outgoing.is_slow();
        let reaction = self.feed.committed(push.first(), push.last(), is_slow);
        if let Reaction::PushAfter(after) = reaction {
            self.delivery.handed(push.received());
            let frame = push.encoded_after(after, self.encoding);
            self.emit(Effect::Write(frame));
        }
        self.notify(&reaction, None);
        self.learn_crowds(push);
    }

    pub(super) fn handle_missed(&mut self, conv: Option<&ConvId>, head: Seq) {
        if let Some(conv) = conv {
            return self.handle_crowd_missed(conv, head);
        }
        let reaction = self.feed.missed(head);
        self.notify(&reaction, None);
    }

    pub(super) fn notify(&mut self, reaction: &Reaction, conv: Option<&ConvId>) {
        if let Reaction::Notify(head) = reaction {
            let account = self.account();
            let pub_head = account.map(|account| self.rules.public.head(&account.app));
            self.write(&RelayFrame::Notify {
                head: *head,
                pub_head: pub_head.unwrap_or_default(),
                conv: conv.cloned(),
            });
        }
    }
}
