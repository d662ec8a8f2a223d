//! How far users have received and read. Marks only grow.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{ConvId, ConvKind, Item, Seq};

use super::{
    ConvKey, ConvRow, ConvState, EntryKind, MemberKey, MemberRow, UserKey,
    fanout::{News, conv_seq},
    ledger::Ledger,
    names::OpKeys,
};
use crate::{
    account::Account,
    store::{Clear, Delivered, Done, OpResult, Read, Refusal},
};

/// What was loaded about the marks that a batch moves, and which it has moved.
#[derive(Default)]
pub(super) struct Marks {
    /// What users' devices took that is new: looked at once for all their operations.
    pub(super) taken: BTreeMap<UserKey, Taken>,
    /// What is stored between the marks that members may have in this batch.
    pub(super) steps: BTreeMap<MemberKey, Vec<Step>>,
    /// What is to be told at the end: several marks of one batch count as the furthest.
    pub(super) moved: BTreeMap<MemberKey, Moved>,
}

/// What a user's devices took since the last time.
#[derive(Default)]
pub(super) struct Taken {
    /// Up to here the timeline was looked at.
    pub(super) upto: u64,
    /// Whether a device took more than was looked at.
    pub(super) is_cut: bool,
    /// The newest message of others in each conversation.
    pub(super) newest: Vec<(ConvKey, u64)>,
}

/// Messages after one place of a conversation and up to another.
pub(super) struct Step {
    pub(super) from: u64,
    pub(super) upto: u64,
    /// How many of them are the member's own.
    pub(super) own: u64,
    /// Whose they are, where that is told.
    pub(super) senders: Vec<UserKey>,
}

/// A mark that this batch moved.
pub(super) struct Moved {
    pub(super) is_read: bool,
    /// Whose messages were read.
    pub(super) senders: BTreeSet<UserKey>,
}

impl Ledger<'_> {
    pub(super) fn deliver(&mut self, delivered: &Delivered, keys: OpKeys<'_>) -> Done {
        let taken = keys.user.and_then(|user| {
            let taken = self.marks.taken.get_mut(&user)?;
            Some((
                user,
                taken.upto,
                taken.is_cut,
                std::mem::take(&mut taken.newest),
            ))
        });
        let Some((user, upto, is_cut, newest)) = taken else {
            // Nothing was ever delivered to a user without a timeline.
            return Done::DeliveredUpTo(delivered.cursor);
        };
        if self.user(user).is_some_and(|row| row.delivered < upto) {
            self.user_mut(user).delivered = upto;
        }
        for (conv, at) in newest {
            self.receive(conv, user, at);
        }
        let reached = if is_cut {
            Seq::saturating(upto)
        } else {
            delivered.cursor
        };
        Done::DeliveredUpTo(delivered.cursor.min(reached))
    }

    fn receive(&mut self, conv: ConvKey, user: UserKey, at: u64) {
        let row = self.conv(conv);
        let is_direct = row.conv.kind() == ConvKind::Direct;
        let is_open = row.state == ConvState::Open;
        let is_news = self
            .member(conv, user)
            .is_some_and(|member| member.delivered < at);
        if !is_open || !is_news {
            return;
        }
        if let Some(member) = self.member_mut(conv, user) {
            member.delivered = at;
        }
        if is_direct {
            self.moved(conv, user);
        }
    }

    pub(super) fn read(&mut self, read: &Read, keys: OpKeys<'_>) -> OpResult {
        if let Some((conv, user)) = self.reader(&read.account, &read.conv, keys)? {
            self.grow_read(conv, user, read.conv_seq.get());
        }
        Ok(Done::Applied)
    }

    /// What is cleared has been read, and is seen no more.
    pub(super) fn clear(&mut self, clear: &Clear, keys: OpKeys<'_>) -> OpResult {
        if let Some((conv, user)) = self.reader(&clear.account, &clear.conv, keys)? {
            let head = self.conv(conv).head;
            self.grow_read(conv, user, head);
            let is_seen = self
                .member(conv, user)
                .is_some_and(|row| row.visible_after < head || !row.is_cleared);
            if is_seen && let Some(member) = self.member_mut(conv, user) {
                member.visible_after = head;
                member.is_cleared = true;
            }
        }
        Ok(Done::Applied)
    }

    /// Whose place the mark is of; none in a direct conversation in which nothing was sent.
    fn reader(
        &self,
        account: &Account,
        conv: &ConvId,
        keys: OpKeys<'_>,
    ) -> Result<Option<MemberKey>, Refusal> {
        let is_direct = conv.kind() == ConvKind::Direct;
        if is_direct && !account.takes_part_in(conv) {
            return Err(Refusal::ConversationUnknown);
        }
        let key = keys.conv.zip(keys.user);
        match key.filter(|(conv, user)| self.member(*conv, *user).is_some()) {
            Some(key) => Ok(Some(key)),
            None if is_direct => Ok(None),
            None => Err(Refusal::ConversationUnknown),
        }
    }

    fn grow_read(&mut self, conv: ConvKey, user: UserKey, mark: u64) {
        let head = self.conv(conv).head;
        let upto = mark.min(head);
        let Some(&before) = self.member(conv, user).filter(|row| upto > row.read) else {
            return;
        };
        let own_read = self.own_read(&before, upto);
        let senders = self.senders(&before, upto);
        if let Some(member) = self.member_mut(conv, user) {
            member.read = upto;
            member.own_read = own_read;
            member.delivered = member.delivered.max(upto);
        }
        let moved = self.moved(conv, user);
        moved.is_read = true;
        moved.senders.extend(senders);
    }

    fn moved(&mut self, conv: ConvKey, user: UserKey) -> &mut Moved {
        self.marks.moved.entry((conv, user)).or_insert(Moved {
            is_read: false,
            senders: BTreeSet::new(),
        })
    }

    /// How many messages up to a mark are the member's own. Who reads up to what was newest
    /// before this batch, as most do, has read all own ones but those of the batch.
    fn own_read(&self, member: &MemberRow, upto: u64) -> u64 {
        let (conv, user) = (member.conv, member.user);
        if upto >= self.stored_head(conv) {
            let later = self
                .fresh_after(conv, upto)
                .filter(|sender| *sender == user);
            return own_messages(self.conv(conv), member) - later.count() as u64;
        }
        let steps = self.steps(member, upto);
        member.own_read + steps.map(|step| step.own).sum::<u64>()
    }

    /// Whose messages there are after a member's mark and up to a new one, as far as that
    /// was looked at.
    fn senders(&self, member: &MemberRow, upto: u64) -> BTreeSet<UserKey> {
        let conv = member.conv;
        let stored = self
            .steps(member, upto)
            .flat_map(|step| step.senders.iter().copied());
        let fresh = self.fresh_between(conv, member.read, upto);
        let others = stored.chain(fresh).filter(|sender| *sender != member.user);
        others.collect()
    }

    fn steps(&self, member: &MemberRow, upto: u64) -> impl Iterator<Item = &Step> {
        let from = member.read;
        let steps = self.marks.steps.get(&(member.conv, member.user));
        let steps = steps.map_or(&[][..], Vec::as_slice).iter();
        steps.filter(move |step| step.from >= from && step.upto <= upto)
    }

    fn stored_head(&self, conv: ConvKey) -> u64 {
        self.convs.get(&conv).map_or(0, |conv| conv.stored_head)
    }

    /// Senders of what this batch stored after a place.
    fn fresh_after(&self, conv: ConvKey, after: u64) -> impl Iterator<Item = UserKey> {
        self.fresh_between(conv, after, u64::MAX)
    }

    fn fresh_between(&self, conv: ConvKey, after: u64, upto: u64) -> impl Iterator<Item = UserKey> {
        // Where nothing was added there is nothing to look for.
        let has_fresh = self.conv(conv).head > self.stored_head(conv).max(after);
        let messages = if has_fresh { &self.messages[..] } else { &[] };
        let fresh = messages.iter().filter(move |stored| {
            let at = stored.row.message.conv_seq.get();
            stored.is_fresh && stored.row.conv == conv && at > after && at <= upto
        });
        fresh.map(|stored| stored.row.sender)
    }

    /// Tells the reader's own devices.
    pub(super) fn tell_read(&mut self, conv: ConvKey, user: UserKey, read: u64) {
        let item = Item::Read {
            conv: self.conv(conv).conv.clone(),
            conv_seq: conv_seq(read),
        };
        let news = News {
            conv_seq: read,
            ..News::new(EntryKind::Read, conv, item)
        };
        self.tell(user, &news);
    }
}

/// How many messages of a conversation are a member's own.
pub(in crate::store) fn own_messages(conv: &ConvRow, member: &MemberRow) -> u64 {
    if conv.conv.kind() != ConvKind::Direct {
        member.sent
    } else if conv.direct.low == Some(member.user) {
        conv.direct.low_sent
    } else {
        conv.head - conv.direct.low_sent
    }
}
