//! Timelines as they were committed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use seqline_protocol::{ConvId, Item, Micros, UserId};
use seqline_relay::store::Timeline;

use super::{Checked, Promise, ensure};

/// Whose timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogKey {
    /// A user's own.
    User(UserId),
    /// A large conversation's.
    Crowd(ConvId),
}

impl LogKey {
    /// As the relay names it.
    #[must_use]
    pub fn of(timeline: &Timeline) -> Self {
        match timeline {
            Timeline::User(account) => Self::User(account.user.clone()),
            Timeline::Crowd(_, conv) => Self::Crowd(conv.clone()),
        }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "the timeline of {user}"),
            Self::Crowd(conv) => write!(f, "the timeline of {conv}"),
        }
    }
}

/// Everything that was ever in one.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: Vec<(Arc<Item>, Micros)>,
    /// Entries before this seq may have aged out.
    floor: u64,
}

impl Log {
    /// The newest seq.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    /// What is at a seq.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Arc<Item>> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.entries.get(index).map(|(item, _)| item)
    }

    /// Entries before this seq may be gone.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The first seq after one that is for apps; none if there is none yet.
    #[must_use]
    pub fn next_for_apps(&self, after: u64) -> Option<u64> {
        (after + 1..=self.head())
            .find(|seq| !matches!(self.get(*seq).map(Arc::as_ref), Some(Item::Crowd { .. })))
    }

    /// Adds what a commit did.
    pub(super) fn append(
        &mut self,
        key: &LogKey,
        first: u64,
        items: &[Arc<Item>],
        at: Micros,
    ) -> Checked {
        ensure(first == self.head() + 1, Promise::NoHoles, || {
            format!("{key} ends at {}, and a commit adds {first}", self.head())
        })?;
        let entries = items.iter().map(|item| (Arc::clone(item), at));
        self.entries.extend(entries);
        Ok(())
    }

    /// Entries that are older may be gone, as far as they are the first ones. Gives whether
    /// there were any.
    pub(super) fn age(&mut self, before: Micros) -> bool {
        // From where it is, not from the first one: the calendar may have been set back since.
        let gone = usize::try_from(self.floor.saturating_sub(1)).unwrap_or(usize::MAX);
        let kept = self.entries.iter().skip(gone);
        let old = kept.take_while(|(_, at)| *at < before).count() as u64;
        if old > 0 {
            self.floor = self.floor.max(1) + old;
        }
        old > 0
    }
}

/// Which timelines got an item in a commit, by what it is about.
#[derive(Debug, Default)]
pub(super) struct Fanout<'c> {
    /// Messages, by their id.
    pub(super) messages: BTreeMap<u64, Vec<&'c LogKey>>,
    /// Recalls, by conversation and place.
    pub(super) recalls: BTreeMap<(&'c ConvId, u64), Vec<&'c LogKey>>,
    /// Edits, by conversation and place.
    pub(super) edits: BTreeMap<(&'c ConvId, u64), Vec<&'c LogKey>>,
}

impl<'c> Fanout<'c> {
    pub(super) fn of(appends: &'c [(LogKey, Vec<Arc<Item>>)]) -> Self {
        let mut fanout = Self::default();
        for (key, items) in appends {
            for item in items {
                match &**item {
                    Item::Message(message) => {
                        let told = fanout.messages.entry(message.msg_id.get());
                        told.or_default().push(key);
                    }
                    Item::Recall { conv, conv_seq, .. } => {
                        let told = fanout.recalls.entry((conv, conv_seq.get()));
                        told.or_default().push(key);
                    }
                    Item::Edit(message) => {
                        let told = fanout.edits.entry((&message.conv, message.conv_seq.get()));
                        told.or_default().push(key);
                    }
                    _ => {}
                }
            }
        }
        fanout
    }
}
