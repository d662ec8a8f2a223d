//! Who belongs to a group or channel: founded, joined, invited, left, removed. And the
//! switch: the join that reaches the threshold gives the conversation a timeline of its own.

use seqline_protocol::{ConvKind, GroupOp, JoinRule, Role, UserId, limits::CROWDS_PER_USER_MAX};

use super::{
    ConvKey, ConvState, GroupRow, MemberRow, UserKey, fanout::News, groups::Order, ledger::Ledger,
};
use crate::store::{GroupAction, GroupDone, Refusal};

/// Users to be taken in or sent away, each once.
type Named = Vec<(UserKey, UserId)>;

impl Ledger<'_> {
    /// Makes a group or channel.
    pub(super) fn found(
        &mut self,
        order: Order<'_>,
        owner: UserKey,
        title: &str,
        join: Option<JoinRule>,
    ) -> Result<GroupDone, Refusal> {
        let GroupAction::Create { users, .. } = &order.command.action else {
            return Ok(self.unchanged(order.conv));
        };
        let named = named(users, order.keys.others);
        let others: Named = named
            .into_iter()
            .filter(|(user, _)| *user != owner)
            .collect();
        let all: Vec<UserKey> = std::iter::once(owner)
            .chain(others.iter().map(|(user, _)| *user))
            .collect();
        let is_crowd = self.may_grow(order.conv, &all)?;
        let now_us = self.now.get();
        let row = self.conv_mut(order.conv);
        row.state = ConvState::Open;
        row.created_us = now_us;
        row.active_us = now_us;
        row.group = GroupRow {
            owner: Some(owner),
            title: title.to_owned(),
            join: join.unwrap_or_else(|| Self::default_join(order.command.conv.kind())),
            ..GroupRow::default()
        };
        self.add_members(order.conv, &all);
        if let Some(member) = self.member_mut(order.conv, owner) {
            member.role = Role::Owner;
        }
        let changed: Vec<UserId> = others.into_iter().map(|(_, name)| name).collect();
        let op = GroupOp::Created {
            users: changed.clone(),
            title: title.to_owned(),
        };
        self.welcome(order, &all, op, is_crowd);
        Ok(GroupDone {
            changed,
            ..self.unchanged(order.conv)
        })
    }

    pub(super) fn invite(
        &mut self,
        order: Order<'_>,
        users: &[UserId],
    ) -> Result<GroupDone, Refusal> {
        let new = named(users, order.keys.others);
        self.take_in(order, new)
    }

    pub(super) fn join(&mut self, order: Order<'_>) -> Result<GroupDone, Refusal> {
        let (Some(key), Some(user)) = (order.keys.user, order.command.actor.user()) else {
            return Err(Refusal::NotAllowed(
                "the app's server does not join: it invites",
            ));
        };
        if self.member(order.conv, key).is_some() {
            self.is_alive(order.conv)?;
            return Ok(self.unchanged(order.conv));
        }
        let row = self.conv(order.conv);
        let is_alive = matches!(row.state, ConvState::Open | ConvState::Crowd);
        // Who may not join it need not know that it is there.
        if !is_alive || row.group.join != JoinRule::Open {
            return Err(Refusal::ConversationUnknown);
        }
        self.take_in(order, vec![(key, user.clone())])
    }

    /// Also from a group that has ended: it is off the list then.
    pub(super) fn leave(&mut self, order: Order<'_>) -> Result<GroupDone, Refusal> {
        let Some(user) = order.command.actor.user() else {
            return Err(Refusal::NotAllowed(
                "the app's server does not leave: it removes",
            ));
        };
        // Someone who was never heard of belongs to nothing.
        let key = order.keys.user.ok_or(Refusal::ConversationUnknown)?;
        let member = self.member(order.conv, key);
        let member = member.ok_or(Refusal::ConversationUnknown)?;
        let has_ended = self.conv(order.conv).state == ConvState::Dissolved;
        if member.role == Role::Owner && !has_ended {
            return Err(Refusal::NotAllowed(
                "the owner transfers it first, or dissolves it",
            ));
        }
        let users = vec![user.clone()];
        let gone = vec![(key, user.clone())];
        Ok(self.send_away(order, gone, GroupOp::Left { users }))
    }

    /// Those who do not belong to it are passed over.
    pub(super) fn remove(&mut self, order: Order<'_>) -> Result<GroupDone, Refusal> {
        let GroupAction::Remove(users) = &order.command.action else {
            return Ok(self.unchanged(order.conv));
        };
        let mut gone = Named::new();
        for (user, name) in named(users, order.keys.others) {
            let Some(member) = self.member(order.conv, user) else {
                continue;
            };
            if member.role == Role::Owner {
                return Err(Refusal::NotAllowed("the owner cannot be removed"));
            }
            if !order.outranks(member.role) {
                return Err(Refusal::NotAllowed(
                    "only those of a higher role remove a member",
                ));
            }
            gone.push((user, name));
        }
        let users = gone.iter().map(|(_, name)| name.clone()).collect();
        Ok(self.send_away(order, gone, GroupOp::Removed { users }))
    }

    fn take_in(&mut self, order: Order<'_>, named: Named) -> Result<GroupDone, Refusal> {
        let conv = order.conv;
        let new: Named = named
            .into_iter()
            .filter(|(user, _)| self.member(conv, *user).is_none())
            .collect();
        if new.is_empty() {
            return Ok(self.unchanged(conv));
        }
        let (keys, changed): (Vec<UserKey>, Vec<UserId>) = new.into_iter().unzip();
        let is_crowd = self.may_grow(conv, &keys)?;
        self.add_members(conv, &keys);
        let op = GroupOp::Joined {
            users: changed.clone(),
        };
        self.welcome(order, &keys, op, is_crowd);
        Ok(GroupDone {
            changed,
            ..self.unchanged(conv)
        })
    }

    /// Whether there is room for these. Gives whether it is a crowd with them.
    fn may_grow(&self, conv: ConvKey, new: &[UserKey]) -> Result<bool, Refusal> {
        let row = self.conv(conv);
        let added = u32::try_from(new.len()).unwrap_or(u32::MAX);
        let members = row.members.saturating_add(added);
        let is_channel = row.conv.kind() == ConvKind::Channel;
        if !is_channel && members > self.rules.group_members_max {
            return Err(Refusal::Full(self.rules.group_members_max));
        }
        let was_crowd = row.state == ConvState::Crowd;
        let is_crowd = was_crowd || is_channel || members >= self.rules.crowd_members_min;
        if is_crowd {
            let old = self.members_of(conv).map(|member| member.user);
            let old = old.filter(|_| !was_crowd);
            let mut readers = old.chain(new.iter().copied());
            let is_full = |user: UserKey| {
                let crowds = self.user(user).map_or(0, |row| row.crowds);
                crowds as usize >= CROWDS_PER_USER_MAX
            };
            if readers.any(is_full) {
                return Err(Refusal::CrowdsFull(CROWDS_PER_USER_MAX));
            }
        }
        Ok(is_crowd)
    }

    /// They see what comes from now on.
    fn add_members(&mut self, conv: ConvKey, new: &[UserKey]) {
        let now_us = self.now.get();
        let row = self.conv_mut(conv);
        row.members += u32::try_from(new.len()).unwrap_or(u32::MAX);
        let (head, log_head) = (row.head, row.log_head);
        let hidden = if self.rules.shows_history_to_new {
            0
        } else {
            head
        };
        for user in new {
            self.add_member(MemberRow {
                read: head,
                delivered: head,
                visible_after: hidden,
                log_after: log_head,
                ..MemberRow::new(conv, *user, now_us)
            });
            self.user_mut(*user).is_known = true;
        }
    }

    /// Tells of new members: everyone, or in a crowd only themselves. And where to read on.
    fn welcome(&mut self, order: Order<'_>, new: &[UserKey], op: GroupOp, is_crowd: bool) {
        let conv = order.conv;
        let change = order.change(self.now, op);
        let news = News::group(conv, order.keys.user, change);
        let was_crowd = self.conv(conv).state == ConvState::Crowd;
        let told: Vec<UserKey> = if was_crowd {
            new.to_vec()
        } else {
            self.members_of(conv).map(|member| member.user).collect()
        };
        for user in &told {
            self.tell(*user, &news);
        }
        if is_crowd {
            self.conv_mut(conv).state = ConvState::Crowd;
            let after = self.conv(conv).log_head;
            for user in told {
                self.user_mut(user).crowds += 1;
                self.tell_reading(user, conv, Some(after));
            }
        }
    }

    /// Tells of those who go: everyone and themselves, or in a crowd only themselves.
    fn send_away(&mut self, order: Order<'_>, gone: Named, op: GroupOp) -> GroupDone {
        let conv = order.conv;
        if gone.is_empty() {
            return self.unchanged(conv);
        }
        let change = order.change(self.now, op);
        let news = News::group(conv, order.keys.user, change);
        let has_log = self.conv(conv).has_log();
        let is_open = self.conv(conv).state == ConvState::Open;
        for (user, _) in &gone {
            self.drop_member(conv, *user);
            self.marks.moved.remove(&(conv, *user));
            self.tell(*user, &news);
            if has_log {
                let row = self.user_mut(*user);
                row.crowds = row.crowds.saturating_sub(1);
                self.tell_reading(*user, conv, None);
            }
        }
        let row = self.conv_mut(conv);
        row.members = row
            .members
            .saturating_sub(u32::try_from(gone.len()).unwrap_or(u32::MAX));
        // A group that has ended tells no one but who leaves it.
        if is_open {
            self.tell_all(&news, None);
        }
        GroupDone {
            changed: gone.into_iter().map(|(_, name)| name).collect(),
            ..self.unchanged(conv)
        }
    }
}

/// Names with their keys, each once; names that are not there are left out.
fn named(users: &[UserId], keys: &[Option<UserKey>]) -> Named {
    let mut named = Named::new();
    let mut seen = std::collections::BTreeSet::new();
    for (name, key) in users.iter().zip(keys) {
        if let Some(key) = key
            && seen.insert(*key)
        {
            named.push((*key, name.clone()));
        }
    }
    named
}
