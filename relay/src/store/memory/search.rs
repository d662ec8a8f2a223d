//! Messages that contain words.

use std::cmp::Reverse;

use seqline_protocol::Message;

use super::tables::Tables;
use crate::store::{Found, SearchQuery};

impl Tables {
    pub(super) fn search(&self, query: &SearchQuery) -> Found {
        let Some(user) = self.user_key(&query.account) else {
            return Found::default();
        };
        let wanted = words(&query.text);
        if wanted.is_empty() {
            return Found::default();
        }
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
                && contains(&words(&message.body), &wanted)
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

/// Runs of letters and digits in lower case; of scripts without spaces, each character.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_inside = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        let is_wide = matches!(u32::from(c), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0x20000..);
        if !c.is_alphanumeric() || is_wide {
            is_inside = false;
        }
        if !c.is_alphanumeric() {
            continue;
        }
        match words.last_mut() {
            Some(word) if is_inside => word.push(c),
            _ => words.push(c.to_string()),
        }
        is_inside = !is_wide;
    }
    words
}

/// Whether all words occur, the last one as the beginning of one.
fn contains(words: &[String], wanted: &[String]) -> bool {
    let Some((last, others)) = wanted.split_last() else {
        return false;
    };
    others.iter().all(|one| words.contains(one)) && words.iter().any(|word| word.starts_with(last))
}
