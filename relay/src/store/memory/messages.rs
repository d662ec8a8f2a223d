//! Messages of conversations.

use seqline_protocol::{ClientMsgId, ConvSeq, Message, Micros};

use super::tables::Tables;
use crate::{
    account::Account,
    store::{
        HistoryPage, HistoryQuery, HistoryRange, SentAs,
        ledger::{ConvRow, MemberRow, MessageRow},
    },
    weight,
};

impl Tables {
    pub(super) fn sent_as(&self, from: &Account, ids: &[ClientMsgId]) -> Vec<SentAs> {
        let Some(sender) = self.user_key(from) else {
            return Vec::new();
        };
        let places = ids
            .iter()
            .filter_map(|id| self.client_ids.get(&(sender, id.clone())));
        let rows = places.filter_map(|place| self.messages.get(place));
        rows.map(|row| SentAs {
            client_msg_id: row.message.client_msg_id.clone(),
            conv: row.message.conv.clone(),
            conv_seq: row.message.conv_seq,
        })
        .collect()
    }

    pub(super) fn history(&self, query: &HistoryQuery) -> Option<HistoryPage> {
        let (conv, member) = self.asked(&query.actor, &query.conv)?;
        let is_asked = |message: &Message| {
            let at = message.conv_seq;
            match query.range {
                HistoryRange::Newest => true,
                HistoryRange::Before(before, after) => {
                    at < before && after.is_none_or(|after| at > after)
                }
                HistoryRange::After(after) => at > after,
                HistoryRange::Since(time) => message.created_us >= time,
                HistoryRange::Until(time) => message.created_us < time,
            }
        };
        let is_forward = matches!(query.range, HistoryRange::After(_) | HistoryRange::Since(_));
        let mut all: Vec<Message> = self
            .visible(conv, member, query.now)
            .map(|row| (*row.message).clone())
            .filter(is_asked)
            .collect();
        if !is_forward {
            all.reverse();
        }
        let count = all.len();
        all.truncate(query.limit);
        let fit = weight::fitting(&all, query.bytes_max, weight::message_bytes);
        all.truncate(fit);
        let more = all.len() < count;
        if !is_forward {
            all.reverse();
        }
        Some(HistoryPage {
            messages: all,
            more,
            read: ConvSeq::saturating(member.map_or(0, |member| member.read)),
        })
    }

    /// Messages that someone may see, oldest first. The app's server sees all but what was
    /// taken back; a member what came since she joined, and she has not deleted.
    pub(super) fn visible(
        &self,
        conv: &ConvRow,
        member: Option<&MemberRow>,
        now: Micros,
    ) -> impl DoubleEndedIterator<Item = &MessageRow> {
        self.messages_of(conv.key).filter(move |row| {
            let message = &row.message;
            let at = message.conv_seq.get();
            let is_shown = !message.replaced && message.expires_us.is_none_or(|end| end > now);
            let is_hers = match member {
                None => !message.recalled,
                Some(member) => {
                    at > member.visible_after
                        && !self.hidden.contains(&((member.conv, member.user), at))
                }
            };
            is_shown && is_hers
        })
    }
}
