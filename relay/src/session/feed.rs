//! Whether a device is handed entries as they are committed, or told to pull.
//!
//! ```text
//!            a page reaches the head
//!   Behind ───────────────────────────▶ Live
//!          ◀───────────────────────────
//!            a gap, too much unacknowledged, or a slow socket: one notify
//! ```
//!
//! The device also pulls by itself from behind what it was handed: in a crowd's
//! timeline, where the relay learns its place by that only. Then it is not pushed what
//! it would have to put aside, but hears of the next commit, in case it stops half way.
//!
//! Going live is safe however the page and the commits overlap: commits that came
//! while the page was read have raised `head`, so the page does not reach it; commits
//! that come later but are in the page already are not beyond `handed`.
//!
//! A device that is live and pulls from the head is answered without a look at the database.
//! Nothing can be missed: the session was listed with the hub before its position was read,
//! so every commit since is told to it, or marked as missed; all it was told of was handed
//! over, since `handed` is `head`; and one that it is not told of yet will be handed over when
//! it is, since the session stays live. The page is the one that the database would have given
//! a moment earlier. (This rests on a hub that loses nothing. Hints of other relays' commits can
//! be lost: where relays share a database, every pull looks there.)

use seqline_protocol::{Seq, limits::PUSH_WINDOW};

/// One device's place in a timeline.
#[derive(Debug)]
pub(super) struct Feed {
    /// The newest seq known.
    head: Seq,
    /// Everything up to here was handed to the device, or it had it when it came.
    handed: Seq,
    /// Everything up to here was taken by its app.
    acked: Seq,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Is handed what is committed.
    Live,
    /// Pulls from behind by itself, and is told of the next commit.
    Pulling,
    /// Knows that it must pull.
    Behind,
}

/// What to do about a commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Hand over what comes after this seq.
    PushAfter(Seq),
    /// Tell the device the head, once.
    Notify(Seq),
    /// It has it, or knows that it must pull.
    Nothing,
}

impl Feed {
    /// Before the device's place is known: only gathers the head.
    pub(super) fn closed() -> Self {
        Self {
            head: Seq::ZERO,
            handed: Seq::ZERO,
            acked: Seq::ZERO,
            state: State::Behind,
        }
    }

    /// The newest seq known.
    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// Learns of a head.
    pub(super) fn raise_head(&mut self, head: Seq) {
        self.head = self.head.max(head);
    }

    /// The device goes on from here.
    pub(super) fn open(&mut self, cursor: Seq) {
        self.handed = cursor;
        self.acked = cursor;
        self.state = if cursor == self.head {
            State::Live
        } else {
            State::Behind
        };
    }

    /// Entries from `first` to `last` were committed.
    pub(super) fn committed(&mut self, first: Seq, last: Seq, is_slow: bool) -> Reaction {
        self.raise_head(last);
        if self.state == State::Behind || last <= self.handed {
            return Reaction::Nothing;
        }
        if self.state == State::Pulling {
            return self.fall_behind();
        }
        let unacked = last.get() - self.acked.get();
        if is_slow || first > self.handed.next() || unacked > PUSH_WINDOW as u64 {
            return self.fall_behind();
        }
        let after = self.handed;
        self.handed = last;
        Reaction::PushAfter(after)
    }

    /// Entries up to `head` were committed, and are not at hand.
    pub(super) fn missed(&mut self, head: Seq) -> Reaction {
        self.raise_head(head);
        if self.state != State::Behind && self.head > self.handed {
            self.fall_behind()
        } else {
            Reaction::Nothing
        }
    }

    /// Whether there is nothing after this seq, as far as anyone can know.
    pub(super) fn is_current(&self, after: Seq) -> bool {
        self.state == State::Live && after == self.head && self.handed == self.head
    }

    /// The device has everything up to here. Whether that is more than this session handed it.
    pub(super) fn has(&mut self, seq: Seq) -> bool {
        let is_more = seq > self.handed && seq <= self.head;
        if is_more {
            self.handed = seq;
        }
        is_more
    }

    /// The device asks for what comes after this seq.
    pub(super) fn asked(&mut self, after: Seq) {
        if self.state == State::Live && after < self.handed {
            self.state = State::Pulling;
        }
    }

    /// The device is handed a page that ends at `last`, read when the head was `head`.
    /// Returns the head to tell.
    pub(super) fn paged(&mut self, last: Seq, head: Seq) -> Seq {
        self.raise_head(head);
        self.handed = self.handed.max(last);
        if last == self.head {
            self.state = State::Live;
        }
        self.head
    }

    /// The device's app took everything up to the cursor. Returns how much of that it
    /// can have from here.
    pub(super) fn acked(&mut self, cursor: Seq) -> Seq {
        let cursor = cursor.min(self.handed);
        self.acked = self.acked.max(cursor);
        cursor
    }

    fn fall_behind(&mut self) -> Reaction {
        self.state = State::Behind;
        Reaction::Notify(self.head)
    }
}
