//! Messages that are taken back.

use seqline_protocol::{ConvKind, Item};

use super::{ConvKey, EntryKind, fanout::News, ledger::Ledger, names::OpKeys, standing::Standing};
use crate::store::{Done, OpResult, Recall, Refusal};

impl Ledger<'_> {
    pub(super) fn recall(&mut self, recall: &Recall, keys: OpKeys<'_>) -> OpResult {
        let (conv, standing) = self.standing(&recall.actor, &recall.conv, keys)?;
        let at = self.seen_message(conv, recall.conv_seq.get(), keys)?;
        let stored = self.stored_message(at)?;
        let message = &stored.message;
        let is_own = keys.user == Some(stored.sender);
        let window_ms = self.rules.recall_window_ms;
        let is_late = self.now.get() > message.created_us.get().saturating_add(window_ms * 1000);
        let is_direct = recall.conv.kind() == ConvKind::Direct;
        let is_allowed = match standing {
            Standing::Server => true,
            Standing::Member(_) if !is_direct && standing.is_admin() => true,
            Standing::Member(_) => is_own && (!is_late || message.recalled),
        };
        if !is_allowed {
            return Err(Refusal::RecallRefused(window_ms / 1000));
        }
        if message.recalled {
            return Ok(Done::Applied);
        }
        self.is_alive(conv)?;
        self.take_back(conv, at, recall, keys)
    }

    fn take_back(
        &mut self,
        conv: ConvKey,
        at: usize,
        recall: &Recall,
        keys: OpKeys<'_>,
    ) -> OpResult {
        self.change_message(at, |message| {
            message.body.clear();
            message.recalled = true;
        });
        let stored = self.stored_message(at)?;
        let (sender, msg_id) = (stored.sender, stored.message.msg_id);
        let by = recall
            .actor
            .user()
            .unwrap_or(&stored.message.sender)
            .clone();
        let item = Item::Recall {
            conv: recall.conv.clone(),
            conv_seq: recall.conv_seq,
            msg_id,
            by,
        };
        let news = News {
            conv_seq: recall.conv_seq.get(),
            about: Some(keys.user.unwrap_or(sender)),
            msg_id: Some(msg_id.get()),
            ..News::new(EntryKind::Recall, conv, item)
        };
        self.tell_all(&news, None);
        Ok(Done::Applied)
    }
}
