//! What was committed, on its way to the device.

use std::sync::Arc;

use seqline_protocol::{ConvId, PubSeq, RelayFrame, Seq};

use super::{Effect, Observation, Phase, Session, feed::Reaction};
use crate::{broadcasts::wave::WaveNotice, frames::Push};

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

    /// Also to a socket that is slow: it is told once, and pulls when it can.
    pub(super) fn hand_wave(&mut self, notice: Arc<WaveNotice>) {
        if matches!(self.phase, Phase::Open(_)) {
            self.write(&RelayFrame::Notify {
                head: self.feed.head(),
                pub_head: notice.pub_head(),
                conv: None,
            });
            self.wave = Some(notice);
            self.count_for_wave();
        }
    }

    /// The device is handed everything of the public mailbox up to here.
    pub(super) fn handed_public(&mut self, cursor: PubSeq) {
        self.public_at = cursor;
        self.count_for_wave();
    }

    /// A device that has what it is told of, because it looked by itself before, does not pull
    /// again: it counts as soon as it is told.
    fn count_for_wave(&mut self) {
        let public_at = self.public_at;
        if let Some(notice) = self.wave.take_if(|notice| notice.pub_head() <= public_at) {
            notice.pulled();
        }
    }

    pub(super) fn notify(&mut self, reaction: &Reaction, conv: Option<&ConvId>) {
        if let Reaction::Notify(head) = reaction {
            self.emit(Effect::Observe(Observation::Gap));
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
