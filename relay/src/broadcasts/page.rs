//! What a pull is told of the public mailbox.
//!
//! Three ways to answer a place:
//! - **changes**: the view is the present one, and nothing after the place was forgotten.
//!   What changed after it, as far as it concerns this user.
//! - **the whole list**, where that is not so: which broadcasts she may keep, and how those
//!   that she sees read now.
//! - **the rest of a list** that did not fit one frame. What was taken back since the list
//!   began is told too: its first page may have said that it may be kept.

use std::sync::Arc;

use seqline_protocol::{
    BroadcastChange, BroadcastId, Micros, PubSeq, PublicNews, PublicPage, PublicPlace,
};

use super::{
    attributes::Attributes,
    snapshot::{AppSnapshot, Posted, Standing},
    view,
    viewer::Viewer,
};
use crate::{frames::Once, weight};

/// A change as a user is told it, encoded at most once.
pub type Change = Once<BroadcastChange>;

/// What a device is told: a [`PublicPage`] whose parts are shared.
#[derive(Debug)]
pub struct Page {
    /// Changes up to here are in it or not for this user.
    pub cursor: PubSeq,
    /// The newest change.
    pub head: PubSeq,
    /// The view, to be kept with `cursor`.
    pub view: String,
    /// What is new.
    pub news: Option<News>,
}

/// [`PublicNews`] whose parts are shared.
#[derive(Debug, Default)]
pub struct News {
    /// What may be kept beside the changes, if the list begins anew.
    pub held: Option<Vec<BroadcastId>>,
    /// By `pub_seq`.
    pub changes: Vec<Arc<Change>>,
}

/// Who asks, of what, and when.
pub(super) struct Asking<'a> {
    pub(super) app: &'a AppSnapshot,
    pub(super) viewer: &'a Viewer,
    pub(super) attributes: Option<&'a Attributes>,
    pub(super) now: Micros,
}

impl Page {
    /// The device stays where it is.
    pub(super) fn standing_still(place: &PublicPlace) -> Self {
        Self {
            cursor: place.after,
            head: place.after,
            view: place.view.clone().unwrap_or_default(),
            news: None,
        }
    }

    /// The broadcasts that it hands over.
    #[must_use]
    pub fn handed(&self) -> Vec<BroadcastId> {
        let changes = self.news.iter().flat_map(|news| &news.changes);
        let handed = changes.filter(|change| change.get().broadcast.is_some());
        handed.map(|change| change.get().id).collect()
    }

    /// It without its news, as it goes over the wire.
    pub(crate) fn without_news(&self) -> PublicPage {
        PublicPage {
            cursor: self.cursor,
            head: self.head,
            view: self.view.clone(),
            news: None,
        }
    }

    /// All of it, as it goes over the wire.
    #[must_use]
    pub fn to_protocol(&self) -> PublicPage {
        let news = self.news.as_ref().map(|news| PublicNews {
            held: news.held.clone(),
            changes: news.changes.iter().map(|one| one.get().clone()).collect(),
        });
        PublicPage {
            news,
            ..self.without_news()
        }
    }
}

impl Asking<'_> {
    pub(super) fn page(&self, place: &PublicPlace, bytes_max: usize) -> Page {
        let view = self.viewer.view(self.app, self.now);
        let given = place.view.as_deref().unwrap_or_default();
        let (head, floor) = (self.app.head(), self.app.floor());
        let is_whole = |from: PubSeq| from.next() >= floor && place.after <= head;
        if given == view && is_whole(place.after) {
            self.changes(place.after, view, bytes_max)
        } else if let Some(began_at) = view::began_at(given, &view)
            && is_whole(began_at)
        {
            self.rest(place.after, began_at, &view, bytes_max)
        } else {
            self.list(&view, bytes_max)
        }
    }

    fn changes(&self, after: PubSeq, view: String, bytes_max: usize) -> Page {
        let (cursor, changes) = self.gather(after, bytes_max, |one| one.was_shown_by(after));
        Page {
            cursor,
            head: self.app.head(),
            view,
            news: (!changes.is_empty()).then_some(News {
                held: None,
                changes,
            }),
        }
    }

    fn list(&self, view: &str, bytes_max: usize) -> Page {
        let is_listed = self.app.allows(self.viewer);
        let kept = self
            .app
            .posted()
            .iter()
            .filter(|one| one.standing(self.viewer, is_listed, self.now) != Standing::Gone);
        let held: Vec<_> = kept.map(|one| one.id()).collect();
        let head = self.app.head();
        let Some(left) = bytes_max.checked_sub(weight::ids_bytes(held.len())) else {
            // The frame is full of other things. The next one has room.
            return Page {
                cursor: PubSeq::ZERO,
                head,
                view: String::new(),
                news: None,
            };
        };
        let (cursor, changes) = self.gather(PubSeq::ZERO, left, |_| false);
        Page {
            cursor,
            head,
            view: self.view_at(cursor, head, view),
            news: Some(News {
                held: Some(held),
                changes,
            }),
        }
    }

    fn rest(&self, after: PubSeq, began_at: PubSeq, view: &str, bytes_max: usize) -> Page {
        let (cursor, changes) = self.gather(after, bytes_max, |one| one.pub_seq() > began_at);
        Page {
            cursor,
            head: self.app.head(),
            view: self.view_at(cursor, began_at, view),
            news: (!changes.is_empty()).then_some(News {
                held: None,
                changes,
            }),
        }
    }

    fn view_at(&self, cursor: PubSeq, began_at: PubSeq, view: &str) -> String {
        if cursor == self.app.head() {
            view.to_owned()
        } else {
            view::unfinished(view, began_at)
        }
    }

    /// What changed after a number, as far as it fits, and up to where that goes.
    fn gather(
        &self,
        after: PubSeq,
        bytes_max: usize,
        is_told_when_gone: impl Fn(&Posted) -> bool,
    ) -> (PubSeq, Vec<Arc<Change>>) {
        let posted = self.app.after_seq(after);
        let mut changes = Vec::new();
        if posted.is_empty() {
            return (self.app.head(), changes);
        }
        let is_listed = self.app.allows(self.viewer);
        let mut cursor = after;
        let mut left = bytes_max;
        for one in posted {
            let change = match one.standing(self.viewer, is_listed, self.now) {
                Standing::Shown => Some(one.shown(self.viewer, self.attributes)),
                Standing::Gone if is_told_when_gone(one) => Some(one.withdrawn()),
                Standing::Gone | Standing::Kept => None,
            };
            if let Some(change) = change {
                match left.checked_sub(weight::change_bytes(change.get())) {
                    Some(rest) => left = rest,
                    None => return (cursor, changes),
                }
                changes.push(change);
            }
            cursor = one.pub_seq();
        }
        (self.app.head(), changes)
    }
}
