//! What came in, in order; what is missing, and pulled.
//!
//! Entries are accepted at the next position only. Those that came early wait until a
//! pull has filled the gap before them; those that came again are dropped. So whatever
//! the network does, what leaves here is the timeline: every seq once, in order.
//!
//! A session has one for the user's own timeline, and one for each large conversation.

use seqline_protocol::{
    ClientFrame, ConvId, Entry, RequestId, Seq,
    limits::{INBOX_EARLY_MAX, PAGE_ENTRIES_MAX},
};

use crate::stats::Stats;

/// A pull that is not answered in this time is made again.
const PULL_TIMEOUT_MS: u64 = 15_000;
/// After a pull that the relay refused.
const PULL_RETRY_MS: u64 = 1_000;

/// Positions in one timeline.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Whose timeline it is: a large conversation's, or the user's own.
    conv: Option<ConvId>,
    /// The last accepted seq; what follows is still to come.
    received: Seq,
    /// The newest seq that the relay told of.
    head: Seq,
    /// What came ahead of a gap, in order.
    early: Vec<Entry>,
    /// The relay tells of all that is new beyond the head. It does so once this device has
    /// pulled up to there, or has heard of the head.
    live: bool,
    pull: Pull,
}

/// How much more may be held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Entries that wait for the app.
    pub(crate) entries: usize,
    /// Entries that wait for a gap to be filled.
    pub(crate) early: usize,
}

/// What answers a pull.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) req: RequestId,
    pub(crate) entries: Vec<Entry>,
    pub(crate) head: Seq,
}

#[derive(Debug, Default, Clone, Copy)]
enum Pull {
    #[default]
    None,
    UnderWay {
        req: RequestId,
        limit: usize,
        until_ms: u64,
    },
    Paused {
        until_ms: u64,
    },
}

impl Inbox {
    /// Of the user's own timeline.
    pub(crate) fn new(received: Seq) -> Self {
        Self {
            received,
            ..Self::default()
        }
    }

    /// Of a large conversation.
    pub(crate) fn of_crowd(conv: ConvId, received: Seq) -> Self {
        Self {
            conv: Some(conv),
            ..Self::new(received)
        }
    }

    pub(crate) fn received(&self) -> Seq {
        self.received
    }

    pub(crate) fn head(&self) -> Seq {
        self.head
    }

    /// How many wait for a gap to be filled.
    pub(crate) fn early(&self) -> usize {
        self.early.len()
    }

    /// A connection is welcomed: everything after `received` may be missing.
    pub(crate) fn welcomed(&mut self, head: Seq, live: bool) {
        self.head = head;
        self.live = live;
        self.pull = Pull::None;
    }

    /// The connection is gone, and a pull with it.
    pub(crate) fn connection_lost(&mut self) {
        self.live = false;
        self.pull = Pull::None;
    }

    /// The timeline goes on from `head`; what came before it is not wanted any more.
    pub(crate) fn reset(&mut self, head: Seq) {
        self.received = head;
        self.head = head;
        self.early.clear();
        self.pull = Pull::None;
    }

    /// Nothing is known of what is new: a pull will tell.
    pub(crate) fn look(&mut self) {
        self.live = false;
    }

    /// The relay tells of something new.
    pub(crate) fn notified(&mut self, head: Seq) {
        self.head = self.head.max(head);
    }

    /// Entries were pushed. Gives those that are next in order, as many as there is room
    /// for. What is missing before the others, and what finds no room, will be pulled.
    pub(crate) fn pushed(
        &mut self,
        entries: Vec<Entry>,
        room: Room,
        stats: &mut Stats,
    ) -> Vec<Entry> {
        self.accept(entries, room, stats)
    }

    /// Whether it waits for the answer to this request.
    pub(crate) fn awaits(&self, page: RequestId) -> bool {
        matches!(self.pull, Pull::UnderWay { req, .. } if req == page)
    }

    /// The awaited page came. Gives its entries that are next in order, as many as there
    /// is room for.
    pub(crate) fn paged(
        &mut self,
        page: Page,
        room: Room,
        now_ms: u64,
        stats: &mut Stats,
    ) -> Vec<Entry> {
        self.pull = Pull::None;
        let had_gap = !self.early.is_empty();
        self.head = self.head.max(page.head);
        let accepted = self.accept(page.entries, room, stats);
        if had_gap && self.early.is_empty() {
            stats.gaps_healed += 1;
        }
        self.live |= self.received >= self.head;
        if !self.is_caught_up() && accepted.is_empty() {
            // A relay that has more but gives none: don't ask in a tight circle.
            self.pause(now_ms);
        }
        accepted
    }

    /// The relay refused the pull, or gave nothing for it.
    pub(crate) fn pause(&mut self, now_ms: u64) {
        self.pull = Pull::Paused {
            until_ms: now_ms + PULL_RETRY_MS,
        };
    }

    /// Whether everything that the relay told of is here.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.live && self.received >= self.head
    }

    /// Whether the relay would not give what it told of.
    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.pull, Pull::Paused { .. })
    }

    /// How many entries the pull under way may bring.
    pub(crate) fn asked(&self) -> Option<usize> {
        match self.pull {
            Pull::UnderWay { limit, .. } => Some(limit),
            _ => None,
        }
    }

    /// A pull that was not answered in time is forgotten, and a pause is over.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        if self
            .deadline_ms()
            .is_some_and(|until_ms| until_ms <= now_ms)
        {
            self.pull = Pull::None;
        }
    }

    /// The pull to write, if one is due or wanted for another reason, and there is room for
    /// its answer.
    pub(crate) fn next_pull(
        &mut self,
        room: usize,
        wanted: bool,
        now_ms: u64,
        new_request: &mut dyn FnMut() -> RequestId,
    ) -> Option<ClientFrame> {
        self.expire(now_ms);
        if (self.is_caught_up() && !wanted) || room == 0 || !matches!(self.pull, Pull::None) {
            return None;
        }
        let req = new_request();
        let limit = room.min(PAGE_ENTRIES_MAX);
        self.pull = Pull::UnderWay {
            req,
            limit,
            until_ms: now_ms + PULL_TIMEOUT_MS,
        };
        Some(ClientFrame::Pull {
            req,
            after: self.received,
            limit: u16::try_from(limit).ok(),
            public: None,
            conv: self.conv.clone(),
        })
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        match self.pull {
            Pull::None => None,
            Pull::UnderWay { until_ms, .. } | Pull::Paused { until_ms } => Some(until_ms),
        }
    }

    fn accept(&mut self, entries: Vec<Entry>, room: Room, stats: &mut Stats) -> Vec<Entry> {
        let early_max = self.early.len() + room.early;
        let mut accepted = Vec::new();
        for entry in entries {
            self.head = self.head.max(entry.seq);
            let early = self
                .early
                .binary_search_by_key(&entry.seq, |early| early.seq);
            match early {
                _ if entry.seq <= self.received => stats.duplicates_dropped += 1,
                Ok(_) => stats.duplicates_dropped += 1,
                Err(_) if entry.seq == self.received.next() && accepted.len() < room.entries => {
                    self.received = entry.seq;
                    accepted.push(entry);
                    self.accept_early(&mut accepted, room.entries);
                }
                Err(place) if self.early.len() < early_max => self.early.insert(place, entry),
                Err(_) => {}
            }
        }
        self.accept_early(&mut accepted, room.entries);
        accepted
    }

    fn accept_early(&mut self, accepted: &mut Vec<Entry>, room: usize) {
        let contiguous = self
            .early
            .iter()
            .zip(self.received.get() + 1..)
            .take(room.saturating_sub(accepted.len()))
            .take_while(|(entry, next)| entry.seq.get() == *next)
            .count();
        accepted.extend(self.early.drain(..contiguous));
        if let Some(last) = accepted.last() {
            self.received = last.seq;
        }
    }
}

impl Room {
    /// What is left when so many wait already.
    pub(crate) fn left(entries: usize, early: usize) -> Self {
        Self {
            entries,
            early: INBOX_EARLY_MAX.saturating_sub(early),
        }
    }
}
