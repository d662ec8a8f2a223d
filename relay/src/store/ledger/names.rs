//! Whom and what a batch mentions by name, each once; and the keys of them.

use seqline_protocol::{AppId, ConvId, ConvKind, UserId};

use super::{ConvKey, Create, Names, Resolved, UserKey};
use crate::{
    account::Account,
    index::Index,
    store::{Actor, GroupAction, GroupCommand, Op, Send},
};

/// Users that operations mention beside the one they are of: recipients, members to be,
/// those who are mentioned.
pub(super) struct Others {
    accounts: Vec<(Account, Create)>,
    /// Where those of each operation end.
    ends: Vec<usize>,
}

impl Others {
    pub(super) fn of(ops: &[Op]) -> Self {
        let mut others = Self {
            accounts: Vec::new(),
            ends: Vec::with_capacity(ops.len()),
        };
        for op in ops {
            match op {
                Op::Send(send) => others.add_of_send(send),
                Op::Group(command) => others.add_of_group(command),
                _ => {}
            }
            others.ends.push(others.accounts.len());
        }
        others
    }

    fn add_of_send(&mut self, send: &Send) {
        if send.conv.kind() == ConvKind::Direct {
            let peer = send.conv.peer_of(&send.from.user);
            if let Some(peer) = peer.filter(|peer| *peer != send.from.user) {
                self.add(&send.from.app, &peer, Create::Yes);
            }
        } else {
            for user in send.mentions.iter().filter(|user| !user.is_all()) {
                self.add(&send.from.app, user, Create::No);
            }
        }
    }

    fn add_of_group(&mut self, command: &GroupCommand) {
        let app = command.actor.app();
        match &command.action {
            GroupAction::Create { owner, users, .. } => {
                for user in users.iter().chain(owner) {
                    self.add(app, user, Create::Yes);
                }
            }
            GroupAction::Invite(users) => {
                for user in users {
                    self.add(app, user, Create::Yes);
                }
            }
            GroupAction::Remove(users) => {
                for user in users {
                    self.add(app, user, Create::No);
                }
            }
            GroupAction::Transfer(user)
            | GroupAction::SetRole { user, .. }
            | GroupAction::Mute { user, .. } => self.add(app, user, Create::No),
            GroupAction::Join
            | GroupAction::Leave
            | GroupAction::MuteAll(_)
            | GroupAction::Edit(_)
            | GroupAction::Dissolve => {}
        }
    }

    fn add(&mut self, app: &AppId, user: &UserId, create: Create) {
        let account = Account {
            app: app.clone(),
            user: user.clone(),
        };
        self.accounts.push((account, create));
    }
}

/// The names of a batch, and which operation has which of them.
pub(super) struct Mentioned<'a> {
    names: Names<'a>,
    user_at: Index<&'a Account, usize>,
    conv_at: Index<(&'a AppId, &'a ConvId), usize>,
    own: Vec<(Option<usize>, Option<usize>)>,
    others: Vec<usize>,
    ends: &'a [usize],
}

impl<'a> Mentioned<'a> {
    pub(super) fn by(ops: &'a [Op], others: &'a Others) -> Self {
        let mut mentioned = Self {
            names: Names::default(),
            user_at: Index::new(),
            conv_at: Index::new(),
            own: Vec::with_capacity(ops.len()),
            others: Vec::with_capacity(others.accounts.len()),
            ends: &others.ends,
        };
        for op in ops {
            let user = user_of(op).map(|(account, create)| mentioned.user(account, create));
            let conv = conv_of(op).map(|(app, conv, create)| mentioned.conv(app, conv, create));
            mentioned.own.push((user, conv));
        }
        for (account, create) in &others.accounts {
            let at = mentioned.user(account, *create);
            mentioned.others.push(at);
        }
        mentioned
    }

    pub(super) fn names(&self) -> &Names<'a> {
        &self.names
    }

    fn user(&mut self, account: &'a Account, create: Create) -> usize {
        let users = &mut self.names.users;
        let at = *self.user_at.entry(account).or_insert_with(|| {
            users.push((account, create));
            users.len() - 1
        });
        if create == Create::Yes
            && let Some(name) = users.get_mut(at)
        {
            name.1 = Create::Yes;
        }
        at
    }

    fn conv(&mut self, app: &'a AppId, conv: &'a ConvId, create: Create) -> usize {
        let convs = &mut self.names.convs;
        let at = *self.conv_at.entry((app, conv)).or_insert_with(|| {
            convs.push((app, conv, create));
            convs.len() - 1
        });
        if create == Create::Yes
            && let Some(name) = convs.get_mut(at)
        {
            name.2 = Create::Yes;
        }
        at
    }

    /// Names for keys.
    pub(super) fn keys(self, resolved: &Resolved) -> Keys<'a> {
        let user = |at: usize| resolved.users.get(at).copied().flatten();
        let conv = |at: usize| Some(resolved.convs.get(at).copied().flatten()?.1);
        Keys {
            own: self
                .own
                .iter()
                .map(|(own, at)| (own.and_then(user), at.and_then(conv)))
                .collect(),
            others: self.others.iter().map(|at| user(*at)).collect(),
            ends: self.ends,
            apps: self
                .names
                .convs
                .iter()
                .enumerate()
                .filter_map(|(at, (app, _, _))| Some((conv(at)?, *app)))
                .collect(),
        }
    }
}

/// The keys of what each operation mentions.
pub(super) struct Keys<'a> {
    own: Vec<(Option<UserKey>, Option<ConvKey>)>,
    others: Vec<Option<UserKey>>,
    ends: &'a [usize],
    /// Whose the conversations are that were named.
    apps: Vec<(ConvKey, &'a AppId)>,
}

/// The keys of what one operation mentions; none where a name is not there.
#[derive(Clone, Copy)]
pub(super) struct OpKeys<'k> {
    /// Whose operation it is.
    pub(super) user: Option<UserKey>,
    pub(super) conv: Option<ConvKey>,
    /// See [`Others`], in the order of the operation.
    pub(super) others: &'k [Option<UserKey>],
}

impl<'a> Keys<'a> {
    pub(super) fn of(&self, index: usize) -> OpKeys<'_> {
        let (user, conv) = self.own.get(index).copied().unwrap_or_default();
        let end = |index: usize| self.ends.get(index).copied().unwrap_or_default();
        let start = index.checked_sub(1).map_or(0, end);
        OpKeys {
            user,
            conv,
            others: self.others.get(start..end(index)).unwrap_or_default(),
        }
    }

    pub(super) fn convs(&self) -> impl Iterator<Item = (ConvKey, &'a AppId)> {
        self.apps.iter().copied()
    }
}

/// Whose operation it is.
fn user_of(op: &Op) -> Option<(&Account, Create)> {
    match op {
        Op::Send(send) => Some((&send.from, Create::Yes)),
        Op::Delivered(delivered) => Some((&delivered.account, Create::No)),
        Op::Read(read) => Some((&read.account, Create::No)),
        Op::Recall(recall) => actor(&recall.actor, Create::No),
        Op::Edit(edit) => actor(&edit.actor, Create::No),
        Op::Delete(delete) => Some((&delete.account, Create::No)),
        Op::Clear(clear) => Some((&clear.account, Create::No)),
        Op::Group(command) => match command.action {
            GroupAction::Create { .. } | GroupAction::Join => actor(&command.actor, Create::Yes),
            _ => actor(&command.actor, Create::No),
        },
        Op::Connected(device) => Some((&device.account, Create::Yes)),
        Op::Disconnected(device) => Some((&device.account, Create::No)),
        Op::EndDevice(device) => Some((&device.account, Create::No)),
        Op::EndSessions(ended) => Some((&ended.account, Create::No)),
        Op::Register(account) => Some((account, Create::Yes)),
        Op::Presence(presence) => Some((&presence.account, Create::Yes)),
        Op::Seen(seen) => Some((&seen.account, Create::Yes)),
    }
}

fn actor(actor: &Actor, create: Create) -> Option<(&Account, Create)> {
    match actor {
        Actor::User(account) => Some((account, create)),
        Actor::Server(_) => None,
    }
}

/// Which conversation it is about. Rooms are not kept, and a direct conversation is not
/// looked for where the user takes no part in it.
fn conv_of(op: &Op) -> Option<(&AppId, &ConvId, Create)> {
    let (app, conv, create) = match op {
        Op::Send(send) => {
            let is_direct = send.conv.kind() == ConvKind::Direct;
            let create = if is_direct { Create::Yes } else { Create::No };
            (&send.from.app, &send.conv, create)
        }
        Op::Read(read) => (&read.account.app, &read.conv, Create::No),
        Op::Recall(recall) => (recall.actor.app(), &recall.conv, Create::No),
        Op::Edit(edit) => (edit.actor.app(), &edit.conv, Create::No),
        Op::Delete(delete) => (&delete.account.app, &delete.conv, Create::No),
        Op::Clear(clear) => (&clear.account.app, &clear.conv, Create::No),
        Op::Group(command) => {
            let create = match command.action {
                GroupAction::Create { .. } => Create::Yes,
                _ => Create::No,
            };
            (command.actor.app(), &command.conv, create)
        }
        Op::Delivered(_)
        | Op::Connected(_)
        | Op::Disconnected(_)
        | Op::EndDevice(_)
        | Op::EndSessions(_)
        | Op::Register(_)
        | Op::Presence(_)
        | Op::Seen(_) => return None,
    };
    let user = user_of(op).map(|(account, _)| account);
    let is_theirs = match conv.kind() {
        ConvKind::Direct => {
            !matches!(op, Op::Group(_)) && user.is_none_or(|user| user.takes_part_in(conv))
        }
        ConvKind::Group | ConvKind::Channel => true,
        ConvKind::Room => false,
    };
    is_theirs.then_some((app, conv, create))
}
