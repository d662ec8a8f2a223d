//! Messages that are to read differently.

use seqline_protocol::{ConvKind, Item};

use super::{EntryKind, fanout::News, ledger::Ledger, names::OpKeys, standing::Standing};
use crate::store::{Done, Edit, OpResult, Refusal};

impl Ledger<'_> {
    /// Who cannot say anything new cannot say it by an edit either.
    pub(super) fn edit(&mut self, edit: &Edit, keys: OpKeys<'_>) -> OpResult {
        let (conv, standing) = self.standing(&edit.actor, &edit.conv, keys)?;
        let at = self.seen_message(conv, edit.conv_seq.get(), keys)?;
        let stored = self.stored_message(at)?;
        let message = &stored.message;
        let window_ms = self.rules.edit_window_ms;
        let refused = Err(Refusal::EditRefused(window_ms / 1000));
        if message.recalled || message.replaced {
            return refused;
        }
        if message
            .expires_us
            .is_some_and(|expires| expires <= self.now)
        {
            return refused;
        }
        let is_late = self.now.get() > message.created_us.get().saturating_add(window_ms * 1000);
        let is_own = keys.user == Some(stored.sender);
        let is_same = message.body == edit.body;
        match standing {
            Standing::Server => {}
            // Comes again because its answer was lost.
            Standing::Member(_) if is_own && is_same => return Ok(Done::Applied),
            Standing::Member(_) if is_own && !is_late => {}
            Standing::Member(_) => return refused,
        }
        if is_same {
            return Ok(Done::Applied);
        }
        self.is_alive(conv)?;
        if edit.conv.kind() != ConvKind::Direct
            && let Some(user) = keys.user
        {
            self.may_speak(conv, user)?;
        }
        let now = self.now;
        self.change_message(at, |message| {
            message.body.clone_from(&edit.body);
            message.edited_us = Some(now);
        });
        let stored = self.stored_message(at)?;
        let item = Item::Edit((*stored.message).clone());
        let news = News {
            conv_seq: edit.conv_seq.get(),
            about: Some(stored.sender),
            msg_id: Some(stored.message.msg_id.get()),
            ..News::new(EntryKind::Edit, conv, item)
        };
        self.tell_all(&news, None);
        Ok(Done::Applied)
    }
}
