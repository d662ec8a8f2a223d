//! Who is told of the large conversations' timelines.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use seqline_protocol::{AppId, ConvId, Seq};

use crate::{mailbox::Mailbox, store::Timeline};

/// Those who listen, in a row.
type Row = Arc<[Arc<Mailbox>]>;

/// The sessions that listen to each crowd's timeline.
#[derive(Default)]
pub(super) struct Crowds(BTreeMap<Timeline, Listeners>);

#[derive(Default)]
struct Listeners {
    by_key: BTreeMap<u64, Arc<Mailbox>>,
    /// The same in a row, made when first needed after a change: a commit takes it along
    /// instead of copying hundreds of references while everyone waits.
    row: Option<Row>,
    /// They were told of it up to here.
    told: Seq,
}

impl Crowds {
    /// Whether it is the first one of this crowd.
    pub(super) fn join(&mut self, app: &AppId, conv: &ConvId, mailbox: &Arc<Mailbox>) -> bool {
        let timeline = Timeline::Crowd(app.clone(), conv.clone());
        let listeners = self.0.entry(timeline).or_default();
        listeners.row = None;
        listeners.by_key.insert(mailbox.key(), Arc::clone(mailbox));
        listeners.by_key.len() == 1
    }

    /// Whether it was the last one.
    pub(super) fn leave(&mut self, app: &AppId, conv: &ConvId, key: u64) -> bool {
        let timeline = Timeline::Crowd(app.clone(), conv.clone());
        let Some(listeners) = self.0.get_mut(&timeline) else {
            return false;
        };
        listeners.row = None;
        listeners.by_key.remove(&key);
        let is_last = listeners.by_key.is_empty();
        if is_last {
            self.0.remove(&timeline);
        }
        is_last
    }

    /// Who is told of a crowd's timeline up to here; none if no one listens.
    pub(super) fn told(&mut self, timeline: &Timeline, head: Seq) -> Option<Row> {
        let listeners = self.0.get_mut(timeline)?;
        listeners.told = listeners.told.max(head);
        let Listeners { by_key, row, .. } = listeners;
        let row = row.get_or_insert_with(|| by_key.values().cloned().collect());
        Some(Arc::clone(row))
    }

    /// Up to where those who listen were told; none if no one does.
    pub(super) fn told_up_to(&self, timeline: &Timeline) -> Option<Seq> {
        self.0.get(timeline).map(|listeners| listeners.told)
    }

    /// The next ones in their order, each with how far it was told.
    pub(super) fn after(&self, after: Option<&Timeline>, limit: usize) -> Vec<(Timeline, Seq)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let crowds = self.0.range((from, Bound::Unbounded)).take(limit);
        crowds
            .map(|(timeline, listeners)| (timeline.clone(), listeners.told))
            .collect()
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

    /// The user's crowds are to be read anew: what changes from now on is newer than that.
    /// False if they have not been read yet.
    pub(super) fn read_anew(&mut self) -> bool {
        std::mem::replace(&mut self.is_started, false)
    }

    /// The user's crowds as read anew. Gives those that are followed from now on, and those
    /// that no longer are.
    pub(super) fn settle<'a>(&mut self, convs: &'a [ConvId]) -> (Vec<&'a ConvId>, Vec<ConvId>) {
        let changed = self.changed.clone();
        let joined = self.start(convs);
        let is_left = |conv: &ConvId| !convs.contains(conv) && !changed.contains(conv);
        let left = self.convs.extract_if(.., |conv| is_left(conv)).collect();
        (joined, left)
    }
}
