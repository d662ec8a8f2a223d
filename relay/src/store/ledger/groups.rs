//! What is done to groups and channels, and who may do it.

use seqline_protocol::{ConvKind, GroupChange, GroupOp, JoinRule, Micros, Role, UserId};

use super::{
    ConvKey, ConvState, MemberRow, UserKey, fanout::News, ledger::Ledger, names::OpKeys,
    standing::Standing,
};
use crate::store::{Actor, GroupAction, GroupCommand, GroupDone, GroupEdit, Refusal};

/// A command, and who gives it to which conversation.
#[derive(Clone, Copy)]
pub(super) struct Order<'c> {
    pub(super) command: &'c GroupCommand,
    pub(super) conv: ConvKey,
    pub(super) by: Standing,
    pub(super) keys: OpKeys<'c>,
}

impl Order<'_> {
    /// What members are told.
    pub(super) fn change(&self, at_us: Micros, op: GroupOp) -> GroupChange {
        GroupChange {
            conv: self.command.conv.clone(),
            by: self.command.actor.user().cloned(),
            at_us,
            op,
        }
    }

    fn needs(&self, role: Role, what: &'static str) -> Result<(), Refusal> {
        match self.by {
            Standing::Member(own) if own < role => Err(Refusal::NotAllowed(what)),
            _ => Ok(()),
        }
    }

    /// Whether the actor may do something to a member of this role.
    pub(super) fn outranks(&self, role: Role) -> bool {
        match self.by {
            Standing::Server => true,
            Standing::Member(own) => own >= Role::Admin && own > role,
        }
    }
}

impl Ledger<'_> {
    pub(super) fn group(
        &mut self,
        command: &GroupCommand,
        keys: OpKeys<'_>,
    ) -> Result<GroupDone, Refusal> {
        let conv = keys.conv.ok_or(Refusal::ConversationUnknown)?;
        let server = Order {
            command,
            conv,
            by: Standing::Server,
            keys,
        };
        match &command.action {
            GroupAction::Create {
                owner, title, join, ..
            } => {
                return self.create(server, owner.as_ref(), title, *join);
            }
            // Only its name was mentioned.
            _ if self.conv(conv).state == ConvState::Named => {
                return Err(Refusal::ConversationUnknown);
            }
            GroupAction::Join => return self.join(server),
            GroupAction::Leave => return self.leave(server),
            _ => {}
        }
        let (_, by) = self.standing(&command.actor, &command.conv, keys)?;
        self.is_alive(conv)?;
        self.manage(Order { by, ..server })
    }

    /// What takes a standing in the group.
    fn manage(&mut self, order: Order<'_>) -> Result<GroupDone, Refusal> {
        match &order.command.action {
            GroupAction::Create { .. } | GroupAction::Join | GroupAction::Leave => {}
            GroupAction::Invite(users) => {
                if self.conv(order.conv).group.join == JoinRule::Admins {
                    order.needs(Role::Admin, "only admins invite here")?;
                }
                return self.invite(order, users);
            }
            GroupAction::Remove(_) => {
                order.needs(Role::Admin, "only admins remove members")?;
                return self.remove(order);
            }
            GroupAction::Transfer(user) => {
                order.needs(Role::Owner, "only the owner transfers it")?;
                self.transfer(order, user)?;
            }
            GroupAction::SetRole { user, role } => {
                order.needs(Role::Owner, "only the owner names admins")?;
                self.set_role(order, user, *role)?;
            }
            GroupAction::Mute { user, until } => {
                order.needs(Role::Admin, "only admins mute members")?;
                self.mute(order, user, *until)?;
            }
            GroupAction::MuteAll(is_muted) => {
                order.needs(Role::Admin, "only admins mute everyone")?;
                self.mute_all(order, *is_muted);
            }
            GroupAction::Edit(edit) => {
                order.needs(Role::Admin, "only admins edit it")?;
                self.edit_group(order, edit);
            }
            GroupAction::Dissolve => {
                order.needs(Role::Owner, "only the owner dissolves it")?;
                self.announce(order, GroupOp::Dissolved);
                self.conv_mut(order.conv).state = ConvState::Dissolved;
            }
        }
        Ok(self.unchanged(order.conv))
    }

    /// Nobody came or went.
    pub(super) fn unchanged(&self, conv: ConvKey) -> GroupDone {
        GroupDone {
            changed: Vec::new(),
            members: self.conv(conv).members,
        }
    }

    fn create(
        &mut self,
        order: Order<'_>,
        owner: Option<&UserId>,
        title: &str,
        join: Option<JoinRule>,
    ) -> Result<GroupDone, Refusal> {
        if self.conv(order.conv).state != ConvState::Named {
            return Err(Refusal::ConversationExists);
        }
        let owner_key = match (&order.command.actor, owner) {
            (Actor::User(account), Some(owner)) if account.user != *owner => {
                return Err(Refusal::NotAllowed(
                    "only the app's server names another owner",
                ));
            }
            (Actor::User(_), _) => order.keys.user,
            (Actor::Server(_), Some(_)) => order.keys.others.last().copied().flatten(),
            (Actor::Server(_), None) => {
                return Err(Refusal::NotAllowed("the app's server names the owner"));
            }
        };
        let owner_key = owner_key.ok_or(Refusal::MemberUnknown)?;
        self.found(order, owner_key, title, join)
    }

    fn transfer(&mut self, order: Order<'_>, user: &UserId) -> Result<(), Refusal> {
        let target = self.target(order)?;
        if target.role == Role::Owner {
            return Ok(());
        }
        let owner = self.conv(order.conv).group.owner;
        if let Some(old) = owner.and_then(|owner| self.member_mut(order.conv, owner)) {
            old.role = Role::Admin;
        }
        self.conv_mut(order.conv).group.owner = Some(target.user);
        self.name(order, target.user, user, Role::Owner);
        Ok(())
    }

    fn set_role(&mut self, order: Order<'_>, user: &UserId, role: Role) -> Result<(), Refusal> {
        let target = self.target(order)?;
        if role == Role::Owner || target.role == Role::Owner {
            return Err(Refusal::NotAllowed("to change the owner, transfer it"));
        }
        if target.role != role {
            self.name(order, target.user, user, role);
        }
        Ok(())
    }

    fn name(&mut self, order: Order<'_>, target: UserKey, user: &UserId, role: Role) {
        if let Some(member) = self.member_mut(order.conv, target) {
            member.role = role;
        }
        let user = user.clone();
        self.announce(order, GroupOp::Role { user, role });
    }

    fn mute(&mut self, order: Order<'_>, user: &UserId, until: Micros) -> Result<(), Refusal> {
        let target = self.target(order)?;
        if !order.outranks(target.role) {
            return Err(Refusal::NotAllowed(
                "only those of a higher role mute a member",
            ));
        }
        if target.muted_until_us == until.get() {
            return Ok(());
        }
        if let Some(member) = self.member_mut(order.conv, target.user) {
            member.muted_until_us = until.get();
        }
        let op = GroupOp::Muted {
            user: user.clone(),
            until_us: until,
        };
        self.announce(order, op);
        Ok(())
    }

    fn mute_all(&mut self, order: Order<'_>, muted: bool) {
        if self.conv(order.conv).group.is_muted != muted {
            self.conv_mut(order.conv).group.is_muted = muted;
            self.announce(order, GroupOp::MutedAll { muted });
        }
    }

    /// Tells what is another one now.
    fn edit_group(&mut self, order: Order<'_>, edit: &GroupEdit) {
        let group = &self.conv(order.conv).group;
        let title = edit.title.clone().filter(|title| *title != group.title);
        let announcement = edit.announcement.clone();
        let announcement = announcement.filter(|text| *text != group.announcement);
        let join = edit.join.filter(|join| *join != group.join);
        if title.is_none() && announcement.is_none() && join.is_none() {
            return;
        }
        let group = &mut self.conv_mut(order.conv).group;
        if let Some(title) = &title {
            group.title.clone_from(title);
        }
        if let Some(announcement) = &announcement {
            group.announcement.clone_from(announcement);
        }
        group.join = join.unwrap_or(group.join);
        let op = GroupOp::Edited {
            title,
            announcement,
            join,
        };
        self.announce(order, op);
    }

    /// The member that a command names.
    fn target(&self, order: Order<'_>) -> Result<MemberRow, Refusal> {
        let user = order.keys.others.first().copied().flatten();
        let member = user.and_then(|user| self.member(order.conv, user));
        member.copied().ok_or(Refusal::MemberUnknown)
    }

    /// Tells all members.
    fn announce(&mut self, order: Order<'_>, op: GroupOp) {
        let change = order.change(self.now, op);
        let news = News::group(order.conv, order.keys.user, change);
        self.tell_all(&news, None);
    }

    /// By default anyone joins a channel, and members invite to a group.
    pub(super) fn default_join(kind: ConvKind) -> JoinRule {
        if kind == ConvKind::Channel {
            JoinRule::Open
        } else {
            JoinRule::Invited
        }
    }
}
