//! Conversations: the list, and what belongs to one of them.

use std::cmp::Reverse;

use seqline_protocol::{ConvKind, ConvSeq, Conversation, Micros, Receipt};

use super::tables::Tables;
use crate::{
    store::{
        ConvPage, Conversations, ConversationsQuery, Group, GroupQuery, Member, MembersQuery,
        Receipts, ReceiptsQuery,
        ledger::{ConvRow, ConvState, MemberRow, own_messages},
    },
    weight,
};

impl Tables {
    pub(super) fn conversations(&self, query: &ConversationsQuery) -> Conversations {
        let Some(user) = self.user_key(&query.account) else {
            return Conversations::default();
        };
        let page_of = |row: &ConvRow| ConvPage {
            active: Micros::saturating(row.active_us),
            key: row.key.0.unsigned_abs(),
        };
        let mut all: Vec<(ConvPage, Conversation)> = self
            .members
            .values()
            .filter(|member| member.user == user)
            .filter_map(|member| Some((self.convs.get(&member.conv)?, member)))
            .filter(|(row, member)| !member.is_cleared || row.head > member.visible_after)
            .map(|(row, member)| (page_of(row), self.listed(row, member, query.now)))
            .collect();
        all.sort_by_key(|(page, _)| Reverse((page.active, page.key)));
        if let Some(after) = query.after {
            all.retain(|(page, _)| (page.active, page.key) < (after.active, after.key));
        }
        let count = all.len();
        all.truncate(query.limit);
        let fit = weight::fitting(&all, query.bytes_max, |(_, row)| {
            weight::conversation_bytes(row)
        });
        all.truncate(fit);
        Conversations {
            next: all
                .last()
                .filter(|_| all.len() < count)
                .map(|(page, _)| *page),
            rows: all.into_iter().map(|(_, row)| row).collect(),
        }
    }

    fn listed(&self, row: &ConvRow, member: &MemberRow, now: Micros) -> Conversation {
        let is_direct = row.conv.kind() == ConvKind::Direct;
        let own_unread = own_messages(row, member).saturating_sub(member.own_read);
        let mentioned = member.mentioned.max(row.group.mentions_all);
        let last = self.visible(row, Some(member), now).next_back();
        let receipts = self
            .members_of(row.key)
            .filter(|other| is_direct && other.user != member.user)
            .filter_map(|other| {
                Some(Receipt {
                    conv: row.conv.clone(),
                    user: self.user_name(other.user)?.clone(),
                    delivered: ConvSeq::saturating(other.delivered),
                    read: ConvSeq::saturating(other.read),
                })
            });
        Conversation {
            conv: row.conv.clone(),
            head: ConvSeq::saturating(row.head),
            last: last.map(|last| (*last.message).clone()),
            unread: row
                .head
                .saturating_sub(member.read)
                .saturating_sub(own_unread),
            read: ConvSeq::saturating(member.read),
            receipts: receipts.collect(),
            active_us: Micros::saturating(row.active_us),
            title: (!is_direct).then(|| row.group.title.clone()),
            mentioned: (mentioned > member.read).then(|| ConvSeq::saturating(mentioned)),
            crowd: row.has_log(),
        }
    }

    pub(super) fn group(&self, query: &GroupQuery) -> Option<Group> {
        let (row, own) = self.asked(&query.actor, &query.conv)?;
        let group = &row.group;
        let own = own.and_then(|member| self.member(member));
        Some(Group {
            conv: row.conv.clone(),
            owner: self.user_name(group.owner?)?.clone(),
            title: group.title.clone(),
            announcement: group.announcement.clone(),
            join: group.join,
            is_muted: group.is_muted,
            is_dissolved: row.state == ConvState::Dissolved,
            is_crowd: row.has_log(),
            members: row.members,
            head: ConvSeq::saturating(row.head),
            created: Micros::saturating(row.created_us),
            own,
        })
    }

    fn member(&self, row: &MemberRow) -> Option<Member> {
        Some(Member {
            user: self.user_name(row.user)?.clone(),
            role: row.role,
            joined: Micros::saturating(row.joined_us),
            muted_until: Micros::saturating(row.muted_until_us),
        })
    }

    pub(super) fn members_page(&self, query: &MembersQuery) -> Option<Vec<Member>> {
        let (row, _) = self.asked(&query.group.actor, &query.group.conv)?;
        row.group.owner?;
        let all = self.members_of(row.key);
        let mut all: Vec<Member> = all.filter_map(|row| self.member(row)).collect();
        all.sort_by(|one, other| one.user.cmp(&other.user));
        all.retain(|member| {
            query
                .after
                .as_ref()
                .is_none_or(|after| member.user > *after)
        });
        all.truncate(query.limit);
        Some(all)
    }

    pub(super) fn receipts(&self, query: &ReceiptsQuery) -> Option<Receipts> {
        let (row, own) = self.asked(&query.actor, &query.conv)?;
        let at = query.conv_seq.get();
        let message = self.messages.get(&(row.key, at))?;
        let is_unseen = own.is_some_and(|own| {
            at <= own.visible_after || self.hidden.contains(&((own.conv, own.user), at))
        });
        if is_unseen {
            return None;
        }
        let created_us = message.message.created_us.get();
        let members: Vec<&MemberRow> = self
            .members_of(row.key)
            .filter(|member| member.user != message.sender && member.joined_us <= created_us)
            .collect();
        let readers = members.iter().filter(|member| member.read >= at);
        let mut readers: Vec<_> = readers
            .filter_map(|member| self.user_name(member.user).cloned())
            .collect();
        readers.sort();
        let read = count(readers.len());
        readers.truncate(query.limit);
        let delivered = members.iter().filter(|member| member.delivered >= at);
        Some(Receipts {
            members: count(members.len()),
            delivered: if row.has_log() {
                read
            } else {
                count(delivered.count())
            },
            read,
            readers,
        })
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
