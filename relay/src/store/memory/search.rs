//! Messages that contain words.

use std::cmp::Reverse;

use seqline_protocol::Message;

use super::tables::Tables;
use crate::store::{
    Found, SearchQuery,
    words::{Phrase, phrases, text_of, words},
};

impl Tables {
    pub(super) fn search(&self, query: &SearchQuery) -> Found {
        let wanted = phrases(&query.text);
        let user = self.user_key(&query.account);
        let Some(user) = user.filter(|_| !wanted.is_empty()) else {
            return Found::default();
        };
        let is_asked = |message: &Message| {
            !message.recalled
                && query.conv.as_ref().is_none_or(|conv| message.conv == *conv)
                && query
                    .sender
                    .as_ref()
                    .is_none_or(|one| message.sender == *one)
                && query.kind.as_ref().is_none_or(|kind| message.kind == *kind)
                && query.since.is_none_or(|since| message.created_us >= since)
                && query.until.is_none_or(|until| message.created_us < until)
                && query
                    .before
                    .is_none_or(|before| message.msg_id.get() < before)
                && contains(message, &wanted)
        };
        let places = self.members.values().filter(|member| member.user == user);
        let mut found: Vec<Message> = places
            .filter_map(|member| Some((self.convs.get(&member.conv)?, member)))
            .flat_map(|(row, member)| self.visible(row, Some(member), query.now))
            .map(|row| &*row.message)
            .filter(|message| is_asked(message))
            .cloned()
            .collect();
        found.sort_by_key(|message| Reverse(message.msg_id));
        let has_more = found.len() > query.limit;
        found.truncate(query.limit);
        Found {
            next: found
                .last()
                .filter(|_| has_more)
                .map(|last| last.msg_id.get()),
            messages: found,
        }
    }
}

fn contains(message: &Message, wanted: &[Phrase]) -> bool {
    let text = text_of(&message.kind, &message.body);
    text.is_some_and(|text| {
        let words = words(&text);
        wanted.iter().all(|phrase| phrase.is_in(&words))
    })
}
