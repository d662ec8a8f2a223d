//! Messages that are taken back.

use std::sync::Arc;

use seqline_protocol::{ConvId, ConvKind, Item, Role};

use super::{
    ConvKey, ConvState, EntryKind, MessageRow, fanout::News, ledger::Ledger, names::OpKeys,
};
use crate::store::{Actor, Done, OpResult, Recall, Refusal};

/// Who asks for something, as far as a conversation knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The app's server, which may do anything.
    Server,
    /// A member of this role.
    Member(Role),
}

impl Standing {
    pub(super) fn is_admin(self) -> bool {
        match self {
            Self::Server => true,
            Self::Member(role) => role >= Role::Admin,
        }
    }
}

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
        let news = News {
            kind: EntryKind::Recall,
            conv,
            conv_seq: recall.conv_seq.get(),
            read: None,
            about: Some(keys.user.unwrap_or(sender)),
            msg_id: Some(msg_id.get()),
            data: None,
            item: Arc::new(Item::Recall {
                conv: recall.conv.clone(),
                conv_seq: recall.conv_seq,
                msg_id,
                by,
            }),
        };
        self.tell_all(&news, None);
        Ok(Done::Applied)
    }

    /// What someone is in a conversation.
    pub(super) fn standing(
        &self,
        actor: &Actor,
        conv: &ConvId,
        keys: OpKeys<'_>,
    ) -> Result<(ConvKey, Standing), Refusal> {
        let is_direct = conv.kind() == ConvKind::Direct;
        if let Actor::User(account) = actor
            && is_direct
            && !account.takes_part_in(conv)
        {
            return Err(Refusal::ConversationUnknown);
        }
        // Where two users may talk, and have not yet, there is no message.
        let missing = if is_direct {
            Refusal::MessageUnknown
        } else {
            Refusal::ConversationUnknown
        };
        let is_there = |key: &ConvKey| self.conv(*key).state != ConvState::Named;
        let key = keys.conv.filter(is_there).ok_or(missing)?;
        let standing = match actor {
            Actor::Server(_) => Standing::Server,
            Actor::User(_) => {
                let member = keys.user.and_then(|user| self.member(key, user));
                Standing::Member(member.ok_or(missing)?.role)
            }
        };
        Ok((key, standing))
    }

    /// Where a message is that someone may see.
    pub(super) fn seen_message(
        &self,
        conv: ConvKey,
        conv_seq: u64,
        keys: OpKeys<'_>,
    ) -> Result<usize, Refusal> {
        let member = keys.user.and_then(|user| self.member(conv, user));
        let visible_after = member.map_or(0, |member| member.visible_after);
        let at = self.message_at.get(&(conv, conv_seq)).copied();
        at.filter(|_| conv_seq > visible_after)
            .ok_or(Refusal::MessageUnknown)
    }

    pub(super) fn stored_message(&self, at: usize) -> Result<&MessageRow, Refusal> {
        let stored = self.messages.get(at).ok_or(Refusal::MessageUnknown)?;
        Ok(&stored.row)
    }
}
