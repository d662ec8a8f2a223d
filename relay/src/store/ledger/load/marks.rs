//! What decides how far marks go: what devices took, what is between old marks and new ones.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::ConvKind;

use super::{
    super::{
        ConvKey, ConvState, MemberKey, MembersWanted, Transaction, UserKey,
        marks::{Step, Taken},
    },
    Load,
};
use crate::{
    limits::{DELIVERED_SPAN_MAX, RECEIPT_SENDERS_MAX},
    store::Op,
};

impl Load<'_, '_> {
    /// What users' devices took, looked at before anything is locked: it says which
    /// conversations are to be.
    pub(super) async fn taken<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
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

    /// What is between the marks that members may have in this batch.
    pub(super) async fn steps<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
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
