//! Who is told of the large conversations' timelines.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::{AppId, ConvId};

use crate::{index::Index, mailbox::Mailbox, store::Timeline};

/// The sessions that listen to each crowd's timeline.
#[derive(Default)]
pub(super) struct Crowds(Index<Timeline, Listeners>);

#[derive(Default)]
struct Listeners {
    by_key: BTreeMap<u64, Arc<Mailbox>>,
    /// The same in a row, made when first needed after a change: a commit takes it along
    /// instead of copying hundreds of references while everyone waits.
    row: Option<Arc<[Arc<Mailbox>]>>,
}

impl Crowds {
    pub(super) fn join(&mut self, app: &AppId, conv: &ConvId, mailbox: &Arc<Mailbox>) {
        let timeline = Timeline::Crowd(app.clone(), conv.clone());
        let listeners = self.0.entry(timeline).or_default();
        listeners.row = None;
        listeners.by_key.insert(mailbox.key(), Arc::clone(mailbox));
    }

    pub(super) fn leave(&mut self, app: &AppId, convs: &[ConvId], key: u64) {
        for conv in convs {
            let timeline = Timeline::Crowd(app.clone(), conv.clone());
            if let Some(listeners) = self.0.get_mut(&timeline) {
                listeners.row = None;
                listeners.by_key.remove(&key);
                if listeners.by_key.is_empty() {
                    self.0.remove(&timeline);
                }
            }
        }
    }

    /// Who is told; none if no one listens.
    pub(super) fn listeners(&mut self, timeline: &Timeline) -> Option<Arc<[Arc<Mailbox>]>> {
        let Listeners { by_key, row } = self.0.get_mut(timeline)?;
        let row = row.get_or_insert_with(|| by_key.values().cloned().collect());
        Some(Arc::clone(row))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The crowds that one session follows.
#[derive(Default)]
pub(super) struct Following {
    convs: Vec<ConvId>,
    is_started: bool,
    /// Joined and left before the user's crowds were read. What was read may be older
    /// than these changes, and never undoes them.
    changed: Vec<ConvId>,
}

impl Following {
    pub(super) fn convs(&self) -> &[ConvId] {
        &self.convs
    }

    /// The user joins or leaves a crowd.
    pub(super) fn change(&mut self, conv: &ConvId, is_joined: bool) {
        self.convs.retain(|one| one != conv);
        if is_joined {
            self.convs.push(conv.clone());
        }
        if !self.is_started {
            self.changed.push(conv.clone());
        }
    }

    /// The user's crowds as read. Gives those that are followed from now on.
    pub(super) fn start<'a>(&mut self, convs: &'a [ConvId]) -> Vec<&'a ConvId> {
        self.is_started = true;
        let changed = std::mem::take(&mut self.changed);
        let known: Vec<_> = convs
            .iter()
            .filter(|conv| !changed.contains(conv) && !self.convs.contains(conv))
            .collect();
        self.convs.extend(known.iter().map(|conv| (*conv).clone()));
        known
    }
}
