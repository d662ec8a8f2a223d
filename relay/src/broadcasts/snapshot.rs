//! Everything that is or was shown to anyone, as it was last read: immutable, and shared by
//! all who look.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use seqline_protocol::{AppId, Broadcast, BroadcastChange, BroadcastId, Micros, PubSeq, UserId};

use super::{
    attributes::Attributes,
    audience::{Ready, is_tried_on},
    page::Change,
    template::Template,
    viewer::Viewer,
};
use crate::store::{BroadcastRow, BroadcastState, PublicChanges};

/// The mailboxes of all apps.
#[derive(Debug, Default)]
pub struct Snapshot {
    head: PubSeq,
    floor: PubSeq,
    apps: BTreeMap<AppId, Arc<AppSnapshot>>,
}

/// The mailbox of one app.
#[derive(Debug, Default)]
pub struct AppSnapshot {
    floor: PubSeq,
    /// By `pub_seq`.
    posted: Vec<Arc<Posted>>,
    by_id: BTreeMap<BroadcastId, Arc<Posted>>,
    allow_list: Arc<BTreeSet<UserId>>,
    /// When broadcasts begin that do not at once, ascending.
    begins: Vec<Micros>,
    has_placeholders: bool,
}

/// A broadcast that is or was shown to anyone.
#[derive(Debug)]
pub struct Posted {
    row: BroadcastRow,
    pub_seq: PubSeq,
    ready: Ready,
    title: Template,
    body: Template,
    /// What everyone is told alike, encoded once; none where a text is personal.
    shared: Option<Arc<Change>>,
}

/// What a broadcast is to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// She sees it.
    Shown,
    /// If she has it, she keeps it.
    Kept,
    /// She does not, or no longer.
    Gone,
}

static EMPTY: LazyLock<AppSnapshot> = LazyLock::new(AppSnapshot::default);

impl Snapshot {
    /// The newest change of all.
    #[must_use]
    pub fn head(&self) -> PubSeq {
        self.head
    }

    /// An app's mailbox: empty, if nothing was ever shown there.
    #[must_use]
    pub fn app(&self, app: &AppId) -> &AppSnapshot {
        self.apps.get(app).map_or(&*EMPTY, AsRef::as_ref)
    }

    /// All apps in whose mailbox anything is.
    pub fn apps(&self) -> impl Iterator<Item = (&AppId, &Arc<AppSnapshot>)> {
        self.apps.iter()
    }

    /// What it is after these changes; none if it stays as it is.
    pub(super) fn after(&self, changes: PublicChanges, now: Micros) -> Option<Self> {
        if changes.head == self.head && changes.floor == self.floor {
            return None;
        }
        let mut rows: BTreeMap<AppId, Vec<BroadcastRow>> = BTreeMap::new();
        for row in changes.rows {
            rows.entry(row.app.clone()).or_default().push(row);
        }
        let mut lists: BTreeMap<AppId, BTreeSet<UserId>> =
            changes.allow_lists.into_iter().collect();
        let mut names: BTreeSet<AppId> = self.apps.keys().cloned().collect();
        names.extend(rows.keys().chain(lists.keys()).cloned());
        let is_raised = changes.floor != self.floor;
        let apps = names.into_iter().map(|name| {
            let rows = rows.remove(&name).unwrap_or_default();
            let list = lists.remove(&name).map(Arc::new);
            let app = match self.apps.get(&name) {
                Some(app) if rows.is_empty() && list.is_none() && !is_raised => Arc::clone(app),
                Some(app) => Arc::new(app.after(rows, list, changes.floor, now)),
                None => Arc::new(AppSnapshot::default().after(rows, list, changes.floor, now)),
            };
            (name, app)
        });
        Some(Self {
            head: changes.head,
            floor: changes.floor,
            apps: apps.collect(),
        })
    }
}

impl AppSnapshot {
    /// The newest change of this app. What was forgotten counts, so that every relay says
    /// the same, whenever it was started.
    #[must_use]
    pub fn head(&self) -> PubSeq {
        let newest = self.posted.last().map(|one| one.pub_seq);
        newest.unwrap_or_default().max(self.floor.previous())
    }

    /// What is or was shown, by `pub_seq`.
    #[must_use]
    pub fn posted(&self) -> &[Arc<Posted>] {
        &self.posted
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: BroadcastId) -> Option<&Arc<Posted>> {
        self.by_id.get(&id)
    }

    /// The users whom something may be tried out on.
    #[must_use]
    pub fn allow_list(&self) -> &BTreeSet<UserId> {
        &self.allow_list
    }

    /// Changes before this one were forgotten.
    pub(super) fn floor(&self) -> PubSeq {
        self.floor
    }

    /// Whether someone is on the allow-list.
    pub(super) fn allows(&self, viewer: &Viewer) -> bool {
        self.allow_list.contains(&viewer.account().user)
    }

    /// The newest time at which one has begun.
    pub(super) fn newest_begun(&self, now: Micros) -> Micros {
        let begun = self.begins.partition_point(|begin| *begin <= now);
        begun
            .checked_sub(1)
            .and_then(|last| self.begins.get(last))
            .copied()
            .unwrap_or_default()
    }

    /// Those that changed after a number.
    pub(super) fn after_seq(&self, after: PubSeq) -> &[Arc<Posted>] {
        let at = self.posted.partition_point(|one| one.pub_seq <= after);
        self.posted.get(at..).unwrap_or_default()
    }

    /// Whether a text is personal.
    pub(super) fn has_placeholders(&self) -> bool {
        self.has_placeholders
    }

    /// Whether someone sees a text with placeholders that her token does not fill.
    pub(super) fn lacks_attributes(&self, viewer: &Viewer, now: Micros) -> bool {
        let is_listed = self.allows(viewer);
        self.posted.iter().any(|one| {
            one.names().any(|name| viewer.attribute(name).is_none())
                && one.standing(viewer, is_listed, now) == Standing::Shown
        })
    }

    fn after(
        &self,
        rows: Vec<BroadcastRow>,
        allow_list: Option<Arc<BTreeSet<UserId>>>,
        floor: PubSeq,
        now: Micros,
    ) -> Self {
        let mut by_id = self.by_id.clone();
        for row in rows {
            if let Some(posted) = Posted::new(row) {
                by_id.insert(posted.id(), Arc::new(posted));
            }
        }
        // Whoever does not know yet that these are over is below the floor.
        by_id.retain(|_, one| one.pub_seq >= floor || !one.is_over(now));
        let mut posted: Vec<_> = by_id.values().cloned().collect();
        posted.sort_unstable_by_key(|one| one.pub_seq);
        let starts = posted.iter().filter(|one| !one.is_over(now));
        let mut begins: Vec<_> = starts
            .filter_map(|one| one.row.audience.starts_us)
            .collect();
        begins.sort_unstable();
        Self {
            floor,
            has_placeholders: posted.iter().any(|one| one.shared.is_none()),
            posted,
            by_id,
            allow_list: allow_list.unwrap_or_else(|| Arc::clone(&self.allow_list)),
            begins,
        }
    }
}

impl Posted {
    /// None if it was never shown to anyone.
    fn new(row: BroadcastRow) -> Option<Self> {
        let pub_seq = row.pub_seq?;
        // Refused when it was written, unless it was written by a later version of this.
        let template =
            |text: &str| Template::parse(text).unwrap_or_else(|_| Template::literal(text));
        let mut posted = Self {
            ready: Ready::new(&row.audience),
            title: template(&row.content.title),
            body: template(&row.content.body),
            pub_seq,
            shared: None,
            row,
        };
        if posted.names().next().is_none() {
            let text = |template: &Template| template.fill(|_| None);
            let broadcast = posted.with_texts(text(&posted.title), text(&posted.body));
            posted.shared = Some(Arc::new(posted.change(Some(broadcast))));
        }
        Some(posted)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> BroadcastId {
        self.row.id
    }

    /// Everything that is known of it.
    #[must_use]
    pub fn row(&self) -> &BroadcastRow {
        &self.row
    }

    pub(super) fn pub_seq(&self) -> PubSeq {
        self.pub_seq
    }

    /// Whether nobody will see it any more, as it is.
    fn is_over(&self, now: Micros) -> bool {
        let is_expired = self.row.audience.expires_us.is_some_and(|at| at <= now);
        let is_shown = matches!(
            self.row.state,
            BroadcastState::Staged | BroadcastState::Published | BroadcastState::Stopped
        );
        is_expired || !is_shown || self.row.is_deleted
    }

    /// What it is to a user.
    pub(super) fn standing(&self, viewer: &Viewer, is_listed: bool, now: Micros) -> Standing {
        let audience = &self.row.audience;
        let has_begun = audience.starts_us.is_none_or(|at| at <= now);
        if self.is_over(now) || !has_begun || !self.ready.admits(audience, viewer, is_listed) {
            return Standing::Gone;
        }
        match self.row.state {
            BroadcastState::Published => Standing::Shown,
            BroadcastState::Stopped => Standing::Kept,
            BroadcastState::Staged => {
                let user = &viewer.account().user;
                if is_tried_on(self.row.staging, self.row.id, user, is_listed) {
                    Standing::Shown
                } else {
                    Standing::Gone
                }
            }
            BroadcastState::Draft | BroadcastState::Recalled => Standing::Gone,
        }
    }

    /// How a user reads it. `known` is what the app's server says of her.
    pub(super) fn broadcast(&self, viewer: &Viewer, known: Option<&Attributes>) -> Broadcast {
        if let Some(broadcast) = self
            .shared
            .as_ref()
            .and_then(|one| one.get().broadcast.clone())
        {
            return broadcast;
        }
        let text = |template: &Template| {
            template.fill(|name| {
                let known = || known.and_then(|known| known.get(name));
                viewer
                    .attribute(name)
                    .or_else(|| known().map(String::as_str))
            })
        };
        self.with_texts(text(&self.title), text(&self.body))
    }

    /// Tells a user how it reads.
    pub(super) fn shown(&self, viewer: &Viewer, known: Option<&Attributes>) -> Arc<Change> {
        match &self.shared {
            Some(shared) => Arc::clone(shared),
            None => Arc::new(self.change(Some(self.broadcast(viewer, known)))),
        }
    }

    /// Tells that it is gone.
    pub(super) fn withdrawn(&self) -> Arc<Change> {
        Arc::new(self.change(None))
    }

    /// Whether a device that has seen everything up to here may hold it.
    pub(super) fn was_shown_by(&self, seq: PubSeq) -> bool {
        self.row.first_pub_seq.is_some_and(|first| first <= seq)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.title.names().chain(self.body.names())
    }

    fn change(&self, broadcast: Option<Broadcast>) -> Change {
        Change::new(BroadcastChange {
            pub_seq: self.pub_seq,
            id: self.row.id,
            broadcast,
        })
    }

    fn with_texts(&self, title: String, body: String) -> Broadcast {
        Broadcast {
            id: self.row.id,
            version: self.row.version,
            kind: self.row.content.kind.clone(),
            title,
            body,
            published_us: self.row.published.unwrap_or(self.row.changed),
            expires_us: self.row.audience.expires_us,
            every_device: self.row.every_device,
        }
    }
}
