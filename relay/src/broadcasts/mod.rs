//! The public mailbox in memory: what operators publish, merged into what users pull.
//!
//! ```text
//! BroadcastStore ──poll, once an interval──▶ Snapshot (immutable) ──┬─▶ page: what a pull answers
//!                                                                   ├─▶ view: what decides it
//!                            Viewer (token, hello) ─────────────────┴─▶ visible: the list
//! ```
//!
//! Nothing here but the poll touches the database. A poll that fails keeps the snapshot there
//! is: for hours, if need be.

mod attributes;
mod audience;
mod check;
pub mod lookup;
mod page;
mod poll;
pub mod reach;
mod snapshot;
mod template;
mod version;
mod view;
mod viewer;
pub mod wave;

use std::sync::Arc;

use seqline_protocol::{AppId, Broadcast, BroadcastId, Micros, PubSeq, PublicPlace};
use tokio::sync::watch;

pub use self::{
    attributes::{Attributes, Lookup, attribute_value},
    audience::bucket,
    check::{Problem, check, check_staging},
    page::{Change, News, Page},
    poll::PublicRules,
    snapshot::{AppSnapshot, Posted, Snapshot},
    template::{Template, TemplateError, is_name as is_attribute_name},
    viewer::Viewer,
};
use self::{page::Asking, poll::Polls, snapshot::Standing};
use crate::{
    account::Account, clock::Clock, counters::Counters, entropy::Entropy, store::BroadcastStore,
};

/// The public mailboxes of all apps, as this relay knows them.
pub struct PublicMailbox {
    store: Arc<dyn BroadcastStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
    rules: PublicRules,
    lookup: Option<Arc<dyn Lookup>>,
    witness: Option<Arc<dyn Witness>>,
    polls: Polls,
    snapshot: watch::Sender<Arc<Snapshot>>,
}

/// Learns what users are handed. Called by every pull, so it must be quick.
pub trait Witness: Send + Sync {
    /// A user pulled, and is handed these broadcasts.
    fn pulled(&self, viewer: &Viewer, handed: &[BroadcastId], now: Micros);
}

impl PublicMailbox {
    /// One that knows nothing yet: see [`refresh`](Self::refresh) and [`run`](Self::run).
    #[must_use]
    pub fn new(
        store: Arc<dyn BroadcastStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        counters: Arc<Counters>,
        rules: PublicRules,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            counters,
            rules,
            lookup: None,
            witness: None,
            polls: Polls::default(),
            snapshot: watch::Sender::default(),
        }
    }

    /// Placeholders that a token does not fill are filled from this.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Arc<dyn Lookup>) -> Self {
        self.lookup = Some(lookup);
        self
    }

    /// Tells this of every pull.
    #[must_use]
    pub fn with_witness(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witness = Some(witness);
        self
    }

    /// How it goes.
    #[must_use]
    pub fn rules(&self) -> &PublicRules {
        &self.rules
    }

    /// Everything as it was last read.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }

    /// Changes whenever the snapshot does.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.subscribe()
    }

    /// The newest change of an app.
    #[must_use]
    pub fn head(&self, app: &AppId) -> PubSeq {
        self.snapshot.borrow().app(app).head()
    }

    /// What decides what a user can see now, in short. Empty while nothing was read yet.
    #[must_use]
    pub fn view(&self, viewer: &Viewer, now: Micros) -> String {
        if !self.is_known() {
            return String::new();
        }
        let snapshot = self.snapshot.borrow();
        viewer.view(snapshot.app(&viewer.account().app), now)
    }

    /// What a user is told who goes on from a place, in so many bytes of a frame.
    #[must_use]
    pub fn page(
        &self,
        viewer: &Viewer,
        place: &PublicPlace,
        bytes_max: usize,
        now: Micros,
    ) -> Page {
        self.counters.public_pulls.add(1);
        let Some(polled) = self.polls.last() else {
            // Not even an empty list: a device would drop what it holds.
            return Page::standing_still(place);
        };
        let page = {
            let snapshot = self.snapshot.borrow();
            let app = snapshot.app(&viewer.account().app);
            let is_newer = viewer.since() >= polled;
            if place.after > app.head() && is_newer {
                return Page::standing_still(place);
            }
            let known = self.known(viewer);
            Asking {
                app,
                viewer,
                attributes: known.as_deref(),
                now,
            }
            .page(place, bytes_max)
        };
        if let Some(witness) = &self.witness {
            witness.pulled(viewer, &page.handed(), now);
        }
        page
    }

    /// What a user sees now, by `pub_seq`.
    #[must_use]
    pub fn visible(&self, viewer: &Viewer, now: Micros) -> Vec<Broadcast> {
        let snapshot = self.snapshot.borrow();
        let app = snapshot.app(&viewer.account().app);
        let is_listed = app.allows(viewer);
        let known = self.known(viewer);
        let shown = app
            .posted()
            .iter()
            .filter(|one| one.standing(viewer, is_listed, now) == Standing::Shown);
        shown
            .map(|one| one.broadcast(viewer, known.as_deref()))
            .collect()
    }

    /// Whether a user sees a broadcast now, or may keep it as it is.
    #[must_use]
    pub fn may_keep(&self, viewer: &Viewer, id: BroadcastId, now: Micros) -> bool {
        let snapshot = self.snapshot.borrow();
        let app = snapshot.app(&viewer.account().app);
        let is_listed = app.allows(viewer);
        app.get(id)
            .is_some_and(|one| one.standing(viewer, is_listed, now) != Standing::Gone)
    }

    /// A broadcast that is or was shown to anyone, as it was last read.
    #[must_use]
    pub fn broadcast(&self, app: &AppId, id: BroadcastId) -> Option<Arc<Posted>> {
        self.snapshot.borrow().app(app).get(id).cloned()
    }

    /// Whether the app's server is to be asked about a user before she is answered: a text
    /// that she can see has placeholders that her token does not fill.
    #[must_use]
    pub fn wants_lookup(&self, viewer: &Viewer, now: Micros) -> bool {
        let Some(lookup) = &self.lookup else {
            return false;
        };
        let snapshot = self.snapshot.borrow();
        let app = snapshot.app(&viewer.account().app);
        app.has_placeholders()
            && app.lacks_attributes(viewer, now)
            && lookup.known(viewer.account()).is_none()
    }

    /// Asks the app's server about a user. Whatever comes of it is found in memory afterwards.
    pub async fn look_up(&self, account: &Arc<Account>) {
        if let Some(lookup) = &self.lookup {
            lookup.ask(Arc::clone(account)).await;
        }
    }

    fn known(&self, viewer: &Viewer) -> Option<Arc<Attributes>> {
        self.lookup.as_ref()?.known(viewer.account())
    }

    fn is_known(&self) -> bool {
        self.polls.last().is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests;
