//! Loads everything that the operations of a batch may need: each kind of row at once, in
//! the order in which rows are locked.

mod marks;
mod messages;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{ConvKind, Micros};

use super::{
    ConvKey, ConvState, MembersWanted, Transaction, UserKey,
    ledger::{Ledger, ascending},
    names::Keys,
};
use crate::store::{CommitRules, Op};

pub(super) async fn load<'a, T: Transaction>(
    tx: &mut T,
    ops: &'a [Op],
    keys: &Keys<'a>,
    now: Micros,
    rules: &'a CommitRules,
) -> Result<Ledger<'a>, T::Error> {
    let mut load = Load {
        ops,
        keys,
        ledger: Ledger::new(now, rules),
    };
    load.taken(tx).await?;
    load.conversations(tx).await?;
    load.members(tx).await?;
    load.steps(tx).await?;
    load.users(tx).await?;
    load.sent(tx).await?;
    load.messages(tx).await?;
    load.hidden(tx).await?;
    load.seen(tx).await?;
    Ok(load.ledger)
}

struct Load<'l, 'a> {
    ops: &'a [Op],
    keys: &'l Keys<'a>,
    ledger: Ledger<'a>,
}

/// Which members of a conversation are needed.
#[derive(Default)]
struct Wanted {
    /// All of one that is open, since its messages go to each.
    fanout: bool,
    /// Both of a direct one.
    all: bool,
    some: BTreeSet<UserKey>,
}

impl<'a> Load<'_, 'a> {
    async fn conversations<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let taken = self.ledger.marks.taken.values();
        let received = taken.flat_map(|taken| taken.newest.iter().map(|(conv, _)| *conv));
        let convs = ascending(self.keys.convs().map(|(conv, _)| conv).chain(received));
        if convs.is_empty() {
            return Ok(());
        }
        for row in tx.conversations(&convs).await? {
            self.ledger.load_conv(row);
        }
        for (conv, app) in self.keys.convs() {
            if let Some(conv) = self.ledger.convs.get_mut(&conv) {
                conv.app = Some(app);
            }
        }
        Ok(())
    }

    async fn members<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let wanted: Vec<MembersWanted> = self
            .members_wanted()
            .into_iter()
            .map(|(conv, wanted)| {
                let some = wanted.some.into_iter().collect();
                match (wanted.all, wanted.fanout) {
                    (true, _) => MembersWanted::All(conv),
                    (false, true) => MembersWanted::Fanout(conv, some),
                    (false, false) => MembersWanted::Some(conv, some),
                }
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for row in tx.members(&wanted).await? {
            self.ledger.load_member(row);
        }
        Ok(())
    }

    /// A direct conversation that is open needs none for a message: it has two members.
    fn members_wanted(&self) -> BTreeMap<ConvKey, Wanted> {
        let mut all: BTreeMap<ConvKey, Wanted> = BTreeMap::new();
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            let Some(conv) = keys.conv else { continue };
            let row = self.ledger.conv(conv);
            let is_direct = row.conv.kind() == ConvKind::Direct;
            let is_send = matches!(op, Op::Send(_));
            if row.state == ConvState::Named || is_direct && is_send {
                continue;
            }
            let wanted = all.entry(conv).or_default();
            wanted.all |= is_direct;
            wanted.fanout |= tells_all(op);
            wanted.some.extend(keys.user);
            wanted.some.extend(keys.others.iter().flatten());
            if matches!(op, Op::Group(_)) {
                wanted.some.extend(row.group.owner);
            }
        }
        for (user, taken) in &self.ledger.marks.taken {
            for (conv, _) in &taken.newest {
                let wanted = all.entry(*conv).or_default();
                wanted.all |= self.ledger.conv(*conv).conv.kind() == ConvKind::Direct;
                wanted.some.insert(*user);
            }
        }
        all
    }

    /// Everyone who may be told something, or changed.
    async fn users<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut users: Vec<UserKey> = Vec::with_capacity(2 * self.ops.len());
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            match op {
                Op::Send(send) if send.conv.kind() != ConvKind::Direct => {}
                Op::Recall(_) | Op::Edit(_) => {}
                _ => {
                    users.extend(keys.user);
                    users.extend(keys.others.iter().flatten());
                }
            }
        }
        // In a crowd, only those who are named are told anything.
        let convs = &self.ledger.convs;
        let is_told = |conv: &ConvKey| {
            let state = convs.get(conv).map(|conv| conv.row.state);
            state == Some(ConvState::Open)
        };
        let places = self.ledger.members.keys();
        users.extend(
            places
                .filter(|(conv, _)| is_told(conv))
                .map(|(_, user)| *user),
        );
        users.sort_unstable();
        users.dedup();
        if users.is_empty() {
            return Ok(());
        }
        for row in tx.users(&users).await? {
            self.ledger.load_user(row);
        }
        Ok(())
    }
}

/// Whether every member of an open conversation is told of it.
fn tells_all(op: &Op) -> bool {
    matches!(op, Op::Send(_) | Op::Recall(_) | Op::Edit(_) | Op::Group(_))
}
