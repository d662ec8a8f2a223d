//! Who someone is in a conversation, and what of it she may see and say.

use seqline_protocol::{ConvId, ConvKind, Micros, Role};

use super::{ConvKey, ConvState, MessageRow, UserKey, ledger::Ledger, names::OpKeys};
use crate::store::{Actor, Refusal};

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

    /// Whether a group is there, and has not ended.
    pub(super) fn is_alive(&self, conv: ConvKey) -> Result<(), Refusal> {
        match self.conv(conv).state {
            ConvState::Named => Err(Refusal::ConversationUnknown),
            ConvState::Dissolved => Err(Refusal::NotAllowed("this conversation has ended")),
            ConvState::Open | ConvState::Crowd => Ok(()),
        }
    }

    /// Whether a user may say something in a group at all. Gives her role.
    pub(super) fn may_speak(&self, conv: ConvKey, user: UserKey) -> Result<Role, Refusal> {
        let member = self.member(conv, user);
        let member = member.ok_or(Refusal::ConversationUnknown)?;
        self.is_alive(conv)?;
        let row = self.conv(conv);
        if member.role < Role::Admin && row.conv.kind() == ConvKind::Channel {
            return Err(Refusal::NotAllowed("only admins publish in a channel"));
        }
        if member.muted_until_us > self.now.get() {
            return Err(Refusal::Muted(Micros::saturating(member.muted_until_us)));
        }
        if member.role < Role::Admin && row.group.is_muted {
            return Err(Refusal::MutedAll);
        }
        Ok(member.role)
    }
}
