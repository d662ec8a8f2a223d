//! How far the app knows the public mailbox, and when to look again.
//!
//! A look goes along with a pull of the user's own timeline, one at a time: while the app has
//! not taken what the last one brought, there is no other. So the place that is asked from is
//! always the one that is kept, and what waits for the app is one page at most.

use seqline_protocol::{Passed, PubSeq, PublicNews, PublicPage, PublicPlace, Welcome};

/// No relay makes devices look more often than this.
const REFRESH_MIN_MS: u64 = 1_000;
/// After an answer that said that there is more, and gave nothing.
const PAUSE_MS: u64 = 1_000;

/// A device's place in the public mailbox.
#[derive(Debug, Default)]
pub(crate) struct Public {
    /// The app took everything before it.
    place: PublicPlace,
    /// The newest change that the relay told of.
    head: PubSeq,
    /// The newest change that it told of since it was asked last: the answer may be older.
    told: PubSeq,
    /// To be looked at whatever the head is.
    look: bool,
    /// A look was asked for, and not answered yet.
    asked: bool,
    /// News wait for the app.
    waits: bool,
    refresh_ms: Option<u64>,
    look_at_ms: Option<u64>,
    paused_until_ms: Option<u64>,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// The place has moved, with nothing for the app.
    Moved,
    /// For the app. Once it has taken that, the place moves here.
    News(Passed<PublicNews>, PublicPlace),
}

impl Public {
    pub(crate) fn new(place: PublicPlace) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    pub(crate) fn place(&self) -> &PublicPlace {
        &self.place
    }

    /// A connection is welcomed.
    pub(crate) fn welcomed(&mut self, welcome: &Welcome, rng: &mut fastrand::Rng, now_ms: u64) {
        self.head = welcome.pub_head;
        // A head before our place is no reason: this node of the relay may be behind the last
        // one. After a reset the numbers may mean something else.
        self.look = welcome.reset.is_some()
            || self.place.view.as_deref().unwrap_or_default() != welcome.pub_view;
        self.asked = false;
        self.paused_until_ms = None;
        self.refresh_ms = welcome.pub_refresh_ms;
        self.look_later(rng, now_ms);
    }

    /// The relay tells of something new.
    pub(crate) fn notified(&mut self, head: PubSeq) {
        self.told = self.told.max(head);
        self.head = self.head.max(head);
    }

    /// What the user sees may have changed, or the user looks.
    pub(crate) fn look(&mut self) {
        self.look = true;
    }

    /// Whether to ask, or to wait for what was asked.
    pub(crate) fn is_due(&self) -> bool {
        self.paused_until_ms.is_none()
            && !self.waits
            && (self.look || self.asked || self.place.after < self.head)
    }

    /// What is due by time.
    pub(crate) fn poll(&mut self, now_ms: u64) {
        let is_over = |at_ms: &mut u64| *at_ms <= now_ms;
        self.look |= self.look_at_ms.take_if(is_over).is_some();
        self.paused_until_ms.take_if(is_over);
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.look_at_ms
            .into_iter()
            .chain(self.paused_until_ms)
            .min()
    }

    /// The place to ask from, if nothing that was answered still waits for the app.
    pub(crate) fn ask(&mut self, rng: &mut fastrand::Rng, now_ms: u64) -> Option<PublicPlace> {
        if self.waits {
            return None;
        }
        self.told = PubSeq::ZERO;
        self.look = false;
        self.asked = true;
        self.look_later(rng, now_ms);
        Some(self.place.clone())
    }

    /// A page came. What it says of the mailbox counts if that was asked for.
    pub(crate) fn answered(&mut self, page: Option<PublicPage>, now_ms: u64) -> Answer {
        if !std::mem::take(&mut self.asked) {
            return Answer::Nothing;
        }
        let cursor = page.as_ref().map_or(self.place.after, |page| page.cursor);
        if let Some(page) = &page {
            self.head = page.head.max(self.told);
        }
        if cursor <= self.place.after && cursor < self.head {
            // There is more, and we got no further: don't ask in a tight circle.
            self.paused_until_ms = Some(now_ms + PAUSE_MS);
        }
        let Some(PublicPage { view, news, .. }) = page else {
            return Answer::Nothing;
        };
        let place = PublicPlace {
            after: cursor,
            view: Some(view),
        };
        match news {
            Some(news) => {
                self.waits = true;
                Answer::News(news, place)
            }
            None if place == self.place => Answer::Nothing,
            None => {
                self.place = place;
                Answer::Moved
            }
        }
    }

    /// The app took the news before this place.
    pub(crate) fn taken(&mut self, place: PublicPlace) {
        self.waits = false;
        self.place = place;
    }

    /// Spread, as many devices connect at the same moment.
    fn look_later(&mut self, rng: &mut fastrand::Rng, now_ms: u64) {
        self.look_at_ms = self.refresh_ms.map(|refresh_ms| {
            let refresh_ms = refresh_ms.max(REFRESH_MIN_MS);
            let tenth_ms = refresh_ms / 10;
            now_ms
                .saturating_add(refresh_ms - tenth_ms)
                .saturating_add(rng.u64(0..=2 * tenth_ms))
        });
    }
}
