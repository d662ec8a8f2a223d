//! Loads everything that the operations of a batch may need: each kind of row at once, in
//! the order in which rows are locked.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{ClientMsgId, ConvKind, Label, Micros};

use super::{
    ConvKey, ConvState, MemberKey, MembersWanted, Transaction, UserKey,
    ledger::{Hidden, Ledger, ascending},
    marks::{Step, Taken},
    names::Keys,
};
use crate::{
    limits::{DELIVERED_SPAN_MAX, RECEIPT_SENDERS_MAX},
    store::{CommitRules, Op, Send},
};

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
    /// What users' devices took, looked at before anything is locked: it says which
    /// conversations are to be.
    async fn taken<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut cursors: BTreeMap<UserKey, u64> = BTreeMap::new();
        for (index, op) in self.ops.iter().enumerate() {
            if let Op::Delivered(delivered) = op
                && let Some(user) = self.keys.of(index).user
            {
                let cursor = cursors.entry(user).or_default();
                *cursor = delivered.cursor.get().max(*cursor);
            }
        }
        if cursors.is_empty() {
            return Ok(());
        }
        let users: Vec<UserKey> = cursors.keys().copied().collect();
        let positions = tx.positions(&users).await?;
        let mut spans = Vec::new();
        for ((user, cursor), (head, from)) in cursors.into_iter().zip(positions) {
            let wanted = cursor.min(head);
            let upto = wanted.min(from + DELIVERED_SPAN_MAX);
            let taken = self.ledger.marks.taken.entry(user).or_default();
            *taken = Taken {
                upto: upto.max(from),
                is_cut: upto < wanted,
                newest: Vec::new(),
            };
            if upto > from {
                spans.push((user, from, upto));
            }
        }
        if spans.is_empty() {
            return Ok(());
        }
        for ((conv, user), at) in tx.received(&spans).await? {
            let taken = self.ledger.marks.taken.entry(user).or_default();
            taken.newest.push((conv, at));
        }
        Ok(())
    }

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

    /// What is between the marks that members may have in this batch.
    async fn steps<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let steps = self.steps_wanted();
        let own: Vec<_> = steps
            .iter()
            .filter(|((conv, _), _, upto)| *upto < self.ledger.conv(*conv).head)
            .copied()
            .collect();
        let told: Vec<_> = steps
            .iter()
            .filter(|((conv, _), _, _)| self.tells_senders(*conv))
            .map(|((conv, _), from, upto)| (*conv, *from, *upto))
            .collect();
        let counts = if own.is_empty() {
            Vec::new()
        } else {
            tx.own_between(&own).await?
        };
        let senders = if told.is_empty() {
            Vec::new()
        } else {
            tx.senders_between(&told, RECEIPT_SENDERS_MAX + 1).await?
        };
        self.load_others(tx, &told, &senders).await?;
        let mut counts = counts.into_iter();
        let mut senders = senders.into_iter();
        for (key, from, upto) in steps {
            let is_counted = upto < self.ledger.conv(key.0).head;
            let is_told = self.tells_senders(key.0);
            let step = Step {
                from,
                upto,
                own: counts.next_if(is_counted),
                senders: senders.next_if(is_told),
            };
            self.ledger.marks.steps.entry(key).or_default().push(step);
        }
        Ok(())
    }

    fn steps_wanted(&self) -> Vec<(MemberKey, u64, u64)> {
        let mut marks: BTreeMap<MemberKey, BTreeSet<u64>> = BTreeMap::new();
        for (index, op) in self.ops.iter().enumerate() {
            let mark = match op {
                Op::Read(read) => read.conv_seq.get(),
                Op::Clear(_) => u64::MAX,
                _ => continue,
            };
            let keys = self.keys.of(index);
            let Some((conv, user)) = keys.conv.zip(keys.user) else {
                continue;
            };
            let head = self.ledger.conv(conv).head;
            marks
                .entry((conv, user))
                .or_default()
                .insert(mark.min(head));
        }
        let mut steps = Vec::new();
        for ((conv, user), marks) in marks {
            let Some(member) = self.ledger.member(conv, user) else {
                continue;
            };
            let mut from = member.read;
            for upto in marks.into_iter().filter(|mark| *mark > member.read) {
                steps.push(((conv, user), from, upto));
                from = upto;
            }
        }
        steps
    }

    /// Whether senders are told at once who has read their messages.
    fn tells_senders(&self, conv: ConvKey) -> bool {
        let row = self.ledger.conv(conv);
        row.state == ConvState::Open
            && row.conv.kind() != ConvKind::Direct
            && row.members <= self.ledger.rules.receipt_members_max
    }

    /// The places of those who are to be told.
    async fn load_others<T: Transaction>(
        &mut self,
        tx: &mut T,
        told: &[(ConvKey, u64, u64)],
        senders: &[Vec<UserKey>],
    ) -> Result<(), T::Error> {
        let mut missing: BTreeMap<ConvKey, BTreeSet<UserKey>> = BTreeMap::new();
        for ((conv, _, _), senders) in told.iter().zip(senders) {
            for sender in senders {
                if !self.ledger.members.contains_key(&(*conv, *sender)) {
                    missing.entry(*conv).or_default().insert(*sender);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = missing
            .into_iter()
            .map(|(conv, users)| MembersWanted::Some(conv, users.into_iter().collect()))
            .collect();
        for row in tx.members(&wanted).await? {
            self.ledger.load_member(row);
        }
        Ok(())
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

    /// What is stored under the senders' ids; and ids of messages for what is not.
    async fn sent<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut ids: Vec<(UserKey, &'a ClientMsgId)> = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            if let Op::Send(send) = op
                && let Some(sender) = self.keys.of(index).user
            {
                ids.push((sender, &send.client_msg_id));
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let stored = tx.sent(&ids).await?;
        let mut count = 0;
        for (id, stored) in ids.into_iter().zip(stored) {
            match stored {
                Some(stored) => {
                    self.ledger.sent.insert(id, stored);
                }
                None => count += 1,
            }
        }
        if count > 0 {
            self.ledger.next_msg_id = tx.message_ids(count).await?;
        }
        Ok(())
    }

    /// Messages that operations are about: by place, and by the app's key.
    async fn messages<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut places: Vec<(ConvKey, u64)> = Vec::new();
        let mut keyed: Vec<(ConvKey, UserKey, &'a Label)> = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            let Some(conv) = keys.conv else { continue };
            match op {
                Op::Recall(recall) => places.push((conv, recall.conv_seq.get())),
                Op::Edit(edit) => places.push((conv, edit.conv_seq.get())),
                Op::Delete(delete) => places.push((conv, delete.conv_seq.get())),
                Op::Send(Send {
                    key: Some(key),
                    replace: true,
                    ..
                }) => keyed.extend(keys.user.map(|sender| (conv, sender, key))),
                _ => {}
            }
        }
        places.sort_unstable();
        places.dedup();
        if !places.is_empty() {
            for row in tx.messages(&places).await?.into_iter().flatten() {
                self.ledger.load_message(row);
            }
        }
        keyed.sort_unstable();
        keyed.dedup();
        if !keyed.is_empty() {
            let rows = tx.keyed(&keyed).await?;
            for ((conv, sender, key), row) in keyed.into_iter().zip(rows) {
                if let Some(row) = row {
                    let at = self.ledger.load_message(row);
                    let key = key.as_str().to_owned();
                    self.ledger.keyed_at.insert((conv, sender, key), at);
                }
            }
        }
        Ok(())
    }

    async fn hidden<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut wanted: BTreeSet<(MemberKey, u64)> = BTreeSet::new();
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            if let Op::Delete(delete) = op
                && let Some(key) = keys.conv.zip(keys.user)
            {
                wanted.insert((key, delete.conv_seq.get()));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let hidden = tx.hidden(&wanted).await?;
        for (key, is_hidden) in wanted.into_iter().zip(hidden) {
            let hidden = if is_hidden {
                Hidden::Before
            } else {
                Hidden::Not
            };
            self.ledger.hidden.insert(key, hidden);
        }
        Ok(())
    }
}

/// Whether every member of an open conversation is told of it.
fn tells_all(op: &Op) -> bool {
    matches!(op, Op::Send(_) | Op::Recall(_) | Op::Edit(_) | Op::Group(_))
}

/// The next answer, for questions that were asked.
trait NextIf: Iterator<Item: Default> {
    fn next_if(&mut self, was_asked: bool) -> Self::Item {
        if was_asked {
            self.next().unwrap_or_default()
        } else {
            Self::Item::default()
        }
    }
}

impl<I: Iterator<Item: Default>> NextIf for I {}
