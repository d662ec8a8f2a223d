//! Tells others how far someone has received and read: once for a batch.

use seqline_protocol::{ConvKind, Item, Receipt};

use super::{
    ConvState, EntryKind, MemberKey, MemberRow, UserKey,
    fanout::{News, conv_seq},
    ledger::Ledger,
    marks::Moved,
};
use crate::limits::RECEIPT_SENDERS_MAX;

impl Ledger<'_> {
    /// Tells of all marks that the batch moved.
    pub(super) fn tell_marks(&mut self) {
        for (key, moved) in std::mem::take(&mut self.marks.moved) {
            // Who has left meanwhile has no mark.
            let Some(&member) = self.member(key.0, key.1) else {
                continue;
            };
            if moved.is_read {
                self.tell_read(key.0, key.1, member.read);
            }
            let others = self.receivers(key, moved);
            if !others.is_empty() {
                self.tell_receipt(&member, &others);
            }
        }
    }

    /// Who is told: the other one of a direct conversation; in a small group those whose
    /// messages were read.
    fn receivers(&self, (conv, user): MemberKey, moved: Moved) -> Vec<UserKey> {
        let row = self.conv(conv);
        if row.conv.kind() == ConvKind::Direct {
            let others = self.members_of(conv).map(|member| member.user);
            return others.filter(|other| *other != user).collect();
        }
        let is_told = row.state == ConvState::Open && row.members <= self.rules.receipt_members_max;
        if !is_told {
            return Vec::new();
        }
        let senders = moved.senders.into_iter();
        senders
            .filter(|sender| self.member(conv, *sender).is_some())
            .take(RECEIPT_SENDERS_MAX)
            .collect()
    }

    fn tell_receipt(&mut self, member: &MemberRow, others: &[UserKey]) {
        let Some(user) = self.user(member.user) else {
            return;
        };
        let receipt = Receipt {
            conv: self.conv(member.conv).conv.clone(),
            user: user.account.user.clone(),
            delivered: conv_seq(member.delivered),
            read: conv_seq(member.read),
        };
        let news = News {
            conv_seq: member.delivered,
            read: Some(member.read),
            about: Some(member.user),
            ..News::new(EntryKind::Receipt, member.conv, Item::Receipt(receipt))
        };
        for other in others {
            self.tell(*other, &news);
        }
    }
}
