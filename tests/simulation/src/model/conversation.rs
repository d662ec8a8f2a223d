//! Conversations: who belongs to them, and what was said.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{ClientMsgId, ConvId, ConvKind, UserId};
use seqline_relay::store::{Actor, GroupAction, GroupCommand};

/// A conversation.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// Who belongs to it.
    pub members: BTreeSet<UserId>,
    /// Who may publish, if it is a channel.
    pub owner: Option<UserId>,
    /// Whether it has a timeline of its own.
    pub is_crowd: bool,
    /// Whether nobody can say anything any more.
    pub is_dissolved: bool,
    /// Whether it got that by growing.
    pub has_grown: bool,
    /// By place.
    pub messages: Vec<Said>,
    /// How far members have read.
    pub read: BTreeMap<UserId, u64>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Said {
    /// Who said it.
    pub sender: UserId,
    /// The sender's id.
    pub client_msg_id: ClientMsgId,
    /// The relay's id.
    pub msg_id: u64,
    /// All that it ever read, the newest last; empty once taken back.
    pub bodies: Vec<String>,
    /// Whether it was taken back.
    pub is_recalled: bool,
    /// In whose timelines it is, if not in the conversation's own.
    pub told: BTreeSet<UserId>,
}

impl Conversation {
    /// As it is when it is first named.
    #[must_use]
    pub fn new(conv: &ConvId) -> Self {
        let pair = conv.users();
        let members = pair.into_iter().flat_map(|(one, other)| [one, other]);
        Self {
            members: members.collect(),
            is_crowd: conv.kind() == ConvKind::Channel,
            ..Self::default()
        }
    }

    /// What is at a place.
    #[must_use]
    pub fn said(&self, conv_seq: u64) -> Option<&Said> {
        let index = usize::try_from(conv_seq.checked_sub(1)?).ok()?;
        self.messages.get(index)
    }

    /// The same, to change it.
    pub fn said_mut(&mut self, conv_seq: u64) -> Option<&mut Said> {
        let index = usize::try_from(conv_seq.checked_sub(1)?).ok()?;
        self.messages.get_mut(index)
    }

    /// A member marks as read up to a place. Gives where the mark was before, if it moves.
    pub fn mark(&mut self, user: &UserId, upto: u64) -> Option<u64> {
        let upto = upto.min(self.messages.len() as u64);
        let mark = self.read.entry(user.clone()).or_default();
        let before = *mark;
        *mark = upto.max(before);
        (upto > before).then_some(before)
    }

    /// A command took effect. Gives who came and who went.
    pub fn change(
        &mut self,
        command: &GroupCommand,
        crowd_members_min: u32,
    ) -> (BTreeSet<UserId>, BTreeSet<UserId>) {
        let before = self.members.clone();
        let actor = command.actor.user().cloned();
        match &command.action {
            GroupAction::Create { owner, users, .. } => {
                self.owner = owner.clone().or(actor);
                self.members.extend(self.owner.clone());
                self.members.extend(users.iter().cloned());
            }
            GroupAction::Invite(users) => self.members.extend(users.iter().cloned()),
            GroupAction::Join => self.members.extend(actor),
            GroupAction::Leave => {
                if let Actor::User(account) = &command.actor {
                    self.members.remove(&account.user);
                }
            }
            GroupAction::Remove(users) => self.members.retain(|user| !users.contains(user)),
            GroupAction::Transfer(user) => self.owner = Some(user.clone()),
            GroupAction::Dissolve => self.is_dissolved = true,
            GroupAction::SetRole { .. }
            | GroupAction::Mute { .. }
            | GroupAction::MuteAll(_)
            | GroupAction::Edit(_) => {}
        }
        let is_large = self.members.len() as u64 >= u64::from(crowd_members_min);
        self.has_grown |= is_large && !self.is_crowd && !before.is_empty();
        self.is_crowd |= is_large;
        let came: BTreeSet<UserId> = self.members.difference(&before).cloned().collect();
        let went = before.difference(&self.members).cloned().collect();
        self.read.retain(|user, _| self.members.contains(user));
        // Who joins has nothing to read of what was said before.
        let head = self.messages.len() as u64;
        self.read
            .extend(came.iter().map(|user| (user.clone(), head)));
        (came, went)
    }
}
