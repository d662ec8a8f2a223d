//! How far users have received and read, as it was committed, and who was told of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{ConvId, ConvKind, Item, Receipt, UserId};
use seqline_relay::{limits::RECEIPT_MEMBERS_MAX, store::Read};

use super::{Checked, LogKey, Promise, conversation::Conversation, ensure};

/// The marks of all users.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The furthest that each ever read.
    read_ever: BTreeMap<(UserId, ConvId), u64>,
    /// What each user (the first one) was told last of each other one.
    told: BTreeMap<(UserId, UserId, ConvId), Receipt>,
}

/// Read marks that a commit moves: from where.
pub(super) type Moved = BTreeMap<(ConvId, UserId), u64>;

impl Marks {
    pub(super) fn read_ever(&self, user: &UserId, conv: &ConvId) -> u64 {
        let read = self.read_ever.get(&(user.clone(), conv.clone()));
        read.copied().unwrap_or(0)
    }

    /// How far a user is known to another one to have received a conversation.
    pub(super) fn told_delivered(&self, viewer: &UserId, of: &UserId, conv: &ConvId) -> u64 {
        let told = self.told.get(&(viewer.clone(), of.clone(), conv.clone()));
        told.map_or(0, |receipt| receipt.delivered.get())
    }

    /// A mark is taken in.
    pub(super) fn read(&mut self, read: &Read, conversation: &mut Conversation, moved: &mut Moved) {
        let user = &read.account.user;
        if !conversation.members.contains(user) {
            return;
        }
        let upto = read.conv_seq.get();
        if let Some(before) = conversation.mark(user, upto) {
            let key = (read.conv.clone(), user.clone());
            moved.entry(key).or_insert(before);
        }
        let known = (user.clone(), read.conv.clone());
        let ever = self.read_ever.entry(known).or_default();
        *ever = upto.min(conversation.messages.len() as u64).max(*ever);
    }

    /// Receipts that a commit wrote. They only grow.
    pub(super) fn append(&mut self, appends: &[(LogKey, Vec<Arc<Item>>)]) -> Checked {
        for (key, items) in appends {
            let LogKey::User(viewer) = key else { continue };
            for item in items {
                let Item::Receipt(receipt) = &**item else {
                    continue;
                };
                let told = (viewer.clone(), receipt.user.clone(), receipt.conv.clone());
                let before = self.told.insert(told, receipt.clone());
                let grows = before.is_none_or(|before| {
                    before.read <= receipt.read && before.delivered <= receipt.delivered
                });
                ensure(grows, Promise::MarksAreTold, || {
                    format!("{viewer} is told {receipt:?}, and was told more before")
                })?;
            }
        }
        Ok(())
    }
}

/// Those whom a read mark concerns are told in the commit that moves it: the reader's own
/// devices; the other one of a direct conversation, and in small groups those whose messages
/// were read.
pub(super) fn check_told(
    (conv, reader): (&ConvId, &UserId),
    from: u64,
    conversation: &Conversation,
    appends: &[(LogKey, Vec<Arc<Item>>)],
) -> Checked {
    let Some(read) = conversation.read.get(reader).copied() else {
        return Ok(());
    };
    let is_told = |user: &UserId, is_so: &dyn Fn(&Item) -> bool| {
        let mut of_user = appends
            .iter()
            .filter(|(key, _)| matches!(key, LogKey::User(of) if of == user));
        of_user.any(|(_, items)| items.iter().any(|item| is_so(item)))
    };
    let is_own_mark = |item: &Item| matches!(item, Item::Read { conv: of, conv_seq } if of == conv && conv_seq.get() == read);
    ensure(is_told(reader, &is_own_mark), Promise::MarksAreTold, || {
        format!("{reader} read {conv} up to {read}, and the own devices are not told")
    })?;
    let is_receipt = |item: &Item| {
        matches!(item, Item::Receipt(receipt)
            if receipt.conv == *conv && receipt.user == *reader && receipt.read.get() == read)
    };
    for other in concerned(conv, reader, from..read, conversation) {
        ensure(is_told(other, &is_receipt), Promise::MarksAreTold, || {
            format!("{reader} read {conv} up to {read}, and {other} is not told")
        })?;
    }
    Ok(())
}

fn concerned<'c>(
    conv: &ConvId,
    reader: &UserId,
    places: std::ops::Range<u64>,
    conversation: &'c Conversation,
) -> BTreeSet<&'c UserId> {
    let members = conversation.members.iter();
    let others = members.filter(|user| *user != reader);
    if conv.kind() == ConvKind::Direct {
        return others.collect();
    }
    let is_small = conversation.members.len() as u64 <= u64::from(RECEIPT_MEMBERS_MAX);
    if conversation.is_crowd || conversation.is_dissolved || !is_small {
        return BTreeSet::new();
    }
    let read = places.filter_map(|before| conversation.said(before + 1));
    let senders: BTreeSet<&UserId> = read.map(|said| &said.sender).collect();
    others.filter(|user| senders.contains(user)).collect()
}
