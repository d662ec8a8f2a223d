//! Groups and channels.

use seqline_protocol::{
    ConvKind, ErrorCode, GroupChange, GroupOp, Item, JoinRule, Role, Seq, UserId,
};
use seqline_relay::store::{GroupAction, GroupCommand};

use super::model::{Conv, Got, Model, News, Place};
use crate::support::{CROWD_MEMBERS_MIN, at_s};

impl Model {
    pub(super) fn group(&mut self, command: &GroupCommand) -> Result<Got, ErrorCode> {
        let name = command.conv.as_str();
        let by = command.actor.user().map(|user| user.as_str().to_owned());
        if let GroupAction::Create {
            title,
            join,
            users,
            owner,
        } = &command.action
        {
            if self.convs.contains_key(name) {
                return Err(ErrorCode::ConversationExists);
            }
            let owner = owner.as_ref().or(command.actor.user());
            let owner = owner.ok_or(ErrorCode::NotAllowed)?.clone();
            let mut conv = Conv::new(&command.conv);
            conv.title.clone_from(title);
            conv.join = join.unwrap_or(match command.conv.kind() {
                ConvKind::Channel => JoinRule::Open,
                _ => JoinRule::Invited,
            });
            self.convs.insert(name.to_owned(), conv);
            let new = different(users, |one| *one != owner);
            return Ok(self.found(command, &owner, new));
        }
        let conv = self.convs.get(name);
        let conv = conv.ok_or(ErrorCode::ConversationUnknown)?;
        let own = by.as_deref().and_then(|by| conv.members.get(by));
        if command.action == GroupAction::Join {
            let user = command.actor.user().ok_or(ErrorCode::NotAllowed)?;
            return match own {
                Some(_) if conv.has_ended => Err(ErrorCode::NotAllowed),
                Some(_) => Ok(self.nothing(name)),
                None if conv.has_ended || conv.join != JoinRule::Open => {
                    Err(ErrorCode::ConversationUnknown)
                }
                None => Ok(self.take_in(command, vec![user.clone()])),
            };
        }
        if by.is_some() && own.is_none() {
            return Err(ErrorCode::ConversationUnknown);
        }
        let role = own.map(|own| own.role);
        if command.action == GroupAction::Leave {
            let user = command.actor.user().ok_or(ErrorCode::NotAllowed)?.clone();
            if role == Some(Role::Owner) && !conv.has_ended {
                return Err(ErrorCode::NotAllowed);
            }
            return Ok(self.send_away(command, vec![user], false));
        }
        if conv.has_ended {
            return Err(ErrorCode::NotAllowed);
        }
        self.manage(command, role)
    }

    /// A role of none is the server's, which may do anything.
    fn manage(&mut self, command: &GroupCommand, role: Option<Role>) -> Result<Got, ErrorCode> {
        let name = command.conv.as_str();
        let conv = self.convs.get_mut(name).unwrap();
        let needs = |least: Role| match role {
            Some(role) if role < least => Err(ErrorCode::NotAllowed),
            _ => Ok(()),
        };
        let reaches = |other: Role| role.is_none_or(|role| role > other);
        let change = match &command.action {
            GroupAction::Invite(users) => {
                if conv.join == JoinRule::Admins {
                    needs(Role::Admin)?;
                }
                let new = different(users, |one| !conv.members.contains_key(one.as_str()));
                return Ok(self.take_in(command, new));
            }
            GroupAction::Remove(users) => {
                needs(Role::Admin)?;
                let gone = different(users, |one| conv.members.contains_key(one.as_str()));
                let mut roles = gone.iter().map(|one| conv.members[one.as_str()].role);
                if roles.any(|other| other == Role::Owner || !reaches(other)) {
                    return Err(ErrorCode::NotAllowed);
                }
                return Ok(self.send_away(command, gone, true));
            }
            GroupAction::Transfer(user) => {
                needs(Role::Owner)?;
                let place = conv.members.get(user.as_str());
                let place = place.ok_or(ErrorCode::UserUnknown)?;
                let is_new = place.role != Role::Owner;
                if is_new {
                    let mut all = conv.members.values_mut();
                    all.find(|one| one.role == Role::Owner).unwrap().role = Role::Admin;
                    conv.members.get_mut(user.as_str()).unwrap().role = Role::Owner;
                }
                let (user, role) = (user.clone(), Role::Owner);
                is_new.then_some(GroupOp::Role { user, role })
            }
            GroupAction::SetRole { user, role: new } => {
                needs(Role::Owner)?;
                let place = conv.members.get_mut(user.as_str());
                let place = place.ok_or(ErrorCode::UserUnknown)?;
                if *new == Role::Owner || place.role == Role::Owner {
                    return Err(ErrorCode::NotAllowed);
                }
                let is_new = place.role != *new;
                place.role = *new;
                let (user, role) = (user.clone(), *new);
                is_new.then_some(GroupOp::Role { user, role })
            }
            GroupAction::Mute { user, until } => {
                needs(Role::Admin)?;
                let place = conv.members.get_mut(user.as_str());
                let place = place.ok_or(ErrorCode::UserUnknown)?;
                if !reaches(place.role) {
                    return Err(ErrorCode::NotAllowed);
                }
                let until_s = until.get().saturating_sub(at_s(0).get()) / 1_000_000;
                let is_new = place.muted_until_s != until_s;
                place.muted_until_s = until_s;
                let (user, until_us) = (user.clone(), *until);
                is_new.then_some(GroupOp::Muted { user, until_us })
            }
            GroupAction::MuteAll(muted) => {
                needs(Role::Admin)?;
                let is_new = conv.is_muted != *muted;
                conv.is_muted = *muted;
                is_new.then_some(GroupOp::MutedAll { muted: *muted })
            }
            GroupAction::Dissolve => {
                needs(Role::Owner)?;
                Some(GroupOp::Dissolved)
            }
            GroupAction::Edit(edit) => {
                needs(Role::Admin)?;
                let title = edit.title.clone().filter(|title| *title != conv.title);
                if let Some(title) = &title {
                    conv.title.clone_from(title);
                }
                title.map(|title| GroupOp::Edited {
                    title: Some(title),
                    announcement: None,
                    join: None,
                })
            }
            other => panic!("done before: {other:?}"),
        };
        if let Some(op) = change {
            let news = self.change(command, op);
            self.tell_all(name, &news, "");
        }
        let conv = self.convs.get_mut(name).unwrap();
        conv.has_ended |= command.action == GroupAction::Dissolve;
        Ok(self.nothing(name))
    }

    fn found(&mut self, command: &GroupCommand, owner: &UserId, new: Vec<UserId>) -> Got {
        let name = command.conv.as_str();
        let title = self.convs[name].title.clone();
        let users = new.clone();
        let news = self.change(command, GroupOp::Created { users, title });
        let all: Vec<UserId> = std::iter::once(owner.clone()).chain(new.clone()).collect();
        self.welcome(name, &all, &news);
        let conv = self.convs.get_mut(name).unwrap();
        conv.members.get_mut(owner.as_str()).unwrap().role = Role::Owner;
        self.done(name, new)
    }

    fn take_in(&mut self, command: &GroupCommand, new: Vec<UserId>) -> Got {
        let name = command.conv.as_str();
        if !new.is_empty() {
            let users = new.clone();
            let news = self.change(command, GroupOp::Joined { users });
            self.welcome(name, &new, &news);
        }
        self.done(name, new)
    }

    fn welcome(&mut self, name: &str, new: &[UserId], news: &News) {
        let now_s = self.now_s;
        let conv = self.convs.get_mut(name).unwrap();
        let was_crowd = conv.is_crowd;
        for user in new {
            let mut place = Place::new(conv.messages.len(), now_s);
            place.reads_log_after = conv.log.len();
            conv.members.insert(user.as_str().to_owned(), place);
        }
        let is_large = conv.members.len() >= CROWD_MEMBERS_MIN as usize;
        let is_crowd = was_crowd || is_large || conv.id.kind() == ConvKind::Channel;
        let told: Vec<String> = if was_crowd {
            new.iter().map(|one| one.as_str().to_owned()).collect()
        } else {
            conv.members.keys().cloned().collect()
        };
        conv.is_crowd = is_crowd;
        let item = Item::Crowd {
            conv: conv.id.clone(),
            after: Some(Seq::new(conv.log.len() as u64).unwrap()),
        };
        for user in &told {
            self.tell(user, news.clone());
            if is_crowd {
                self.tell(user, News::other(item.clone()));
            }
        }
    }

    fn send_away(&mut self, command: &GroupCommand, gone: Vec<UserId>, is_removal: bool) -> Got {
        let name = command.conv.as_str();
        if gone.is_empty() {
            return self.nothing(name);
        }
        let users = gone.clone();
        let op = if is_removal {
            GroupOp::Removed { users }
        } else {
            GroupOp::Left { users }
        };
        let news = self.change(command, op);
        let conv = self.convs.get_mut(name).unwrap();
        let (id, is_crowd, has_ended) = (conv.id.clone(), conv.is_crowd, conv.has_ended);
        for user in &gone {
            conv.members.remove(user.as_str());
        }
        let others: Vec<String> = conv.members.keys().cloned().collect();
        for user in &gone {
            self.tell(user.as_str(), news.clone());
            if is_crowd {
                let (conv, after) = (id.clone(), None);
                self.tell(user.as_str(), News::other(Item::Crowd { conv, after }));
            }
        }
        if !is_crowd && !has_ended {
            for user in others {
                self.tell(&user, news.clone());
            }
        }
        self.done(name, gone)
    }

    fn change(&self, command: &GroupCommand, op: GroupOp) -> News {
        News::other(Item::Group(GroupChange {
            conv: command.conv.clone(),
            by: command.actor.user().cloned(),
            at_us: at_s(self.now_s),
            op,
        }))
    }

    fn done(&self, name: &str, changed: Vec<UserId>) -> Got {
        let members = u32::try_from(self.convs[name].members.len()).unwrap();
        Got::Group { changed, members }
    }

    fn nothing(&self, name: &str) -> Got {
        self.done(name, Vec::new())
    }
}

/// Each once, in their order, those that count.
fn different(users: &[UserId], counts: impl Fn(&UserId) -> bool) -> Vec<UserId> {
    let mut all: Vec<UserId> = Vec::new();
    for user in users {
        if counts(user) && !all.contains(user) {
            all.push(user.clone());
        }
    }
    all
}
