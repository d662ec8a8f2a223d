//! Conversations: who belongs to them, and what was said.

use std::collections::BTreeSet;

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
    /// By place.
    pub messages: Vec<Said>,
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
        self.is_crowd |= self.members.len() as u64 >= u64::from(crowd_members_min);
        let came = self.members.difference(&before).cloned().collect();
        let went = before.difference(&self.members).cloned().collect();
        (came, went)
    }
}
