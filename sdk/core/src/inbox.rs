//! What came in, in order; what is missing, and pulled.
//!
//! Entries are accepted at the next position only. Those that came early wait until a
//! pull has filled the gap before them; those that came again are dropped. So whatever
//! the network does, what leaves here is the timeline: every seq once, in order.

use seqline_protocol::{
    ClientFrame, Entry, PubSeq, RequestId, Seq,
    limits::{INBOX_EARLY_MAX, PAGE_ENTRIES_MAX},
};

use crate::stats::Stats;

/// A pull that is not answered in this time is made again.
const PULL_TIMEOUT_MS: u64 = 15_000;
/// After a pull that the relay refused.
const PULL_RETRY_MS: u64 = 1_000;

/// Positions in one timeline and in the public mailbox.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The last accepted seq; what follows is still to come.
    received: Seq,
    /// The newest seq that the relay told of.
    head: Seq,
    /// What came ahead of a gap, in order.
    early: Vec<Entry>,
    pub_received: PubSeq,
    pub_head: PubSeq,
    /// The relay pushes only to a device that has pulled up to the head.
    live: bool,
    pull: Pull,
}

/// What answers a pull.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) req: RequestId,
    pub(crate) entries: Vec<Entry>,
    pub(crate) head: Seq,
    pub(crate) pub_cursor: Option<PubSeq>,
    pub(crate) pub_head: Option<PubSeq>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Pull {
    #[default]
    None,
    UnderWay {
        req: RequestId,
        until_ms: u64,
    },
    Paused {
        until_ms: u64,
    },
}

impl Inbox {
    pub(crate) fn new(received: Seq, pub_received: PubSeq) -> Self {
        Self {
            received,
            pub_received,
            ..Self::default()
        }
    }

    pub(crate) fn head(&self) -> Seq {
        self.head
    }

    pub(crate) fn pub_received(&self) -> PubSeq {
        self.pub_received
    }

    /// A connection is welcomed: everything after `received` may be missing.
    pub(crate) fn welcomed(&mut self, cursor: Seq, head: Seq, pub_head: PubSeq) {
        self.head = head;
        self.pub_head = pub_head;
        self.live = cursor == head;
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

    /// The relay tells of something new.
    pub(crate) fn notified(&mut self, head: Seq, pub_head: PubSeq) {
        self.pub_head = self.pub_head.max(pub_head);
        self.head = self.head.max(head);
    }

    /// Entries were pushed. Gives those that are next in order, at most `room`. What is
    /// missing before the others, and what finds no room, will be pulled.
    pub(crate) fn pushed(
        &mut self,
        entries: Vec<Entry>,
        room: usize,
        stats: &mut Stats,
    ) -> Vec<Entry> {
        self.accept(entries, room, stats)
    }

    /// A page came. Gives its entries that are next in order, at most `room`; none if it
    /// answers no pull of ours.
    pub(crate) fn paged(
        &mut self,
        page: Page,
        room: usize,
        now_ms: u64,
        stats: &mut Stats,
    ) -> Option<Vec<Entry>> {
        if !matches!(self.pull, Pull::UnderWay { req, .. } if req == page.req) {
            return None;
        }
        self.pull = Pull::None;
        let had_gap = !self.early.is_empty();
        self.head = self.head.max(page.head);
        let accepted = self.accept(page.entries, room, stats);
        if had_gap && self.early.is_empty() {
            stats.gaps_healed += 1;
        }
        let pub_before = self.pub_received;
        self.pub_received = pub_before.max(page.pub_cursor.unwrap_or_default());
        self.pub_head = self.pub_head.max(page.pub_head.unwrap_or_default());
        self.live |= self.received >= self.head;
        if !self.is_caught_up() && accepted.is_empty() && self.pub_received == pub_before {
            // A relay that has more but gives none: don't ask in a tight circle.
            self.pull = Pull::Paused {
                until_ms: now_ms + PULL_RETRY_MS,
            };
        }
        Some(accepted)
    }

    /// The relay refused a request; true if it was the pull.
    pub(crate) fn pull_refused(&mut self, req: RequestId, now_ms: u64) -> bool {
        let ours = matches!(self.pull, Pull::UnderWay { req: asked, .. } if asked == req);
        if ours {
            self.pull = Pull::Paused {
                until_ms: now_ms + PULL_RETRY_MS,
            };
        }
        ours
    }

    /// Whether everything that the relay told of is here.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.live && self.received >= self.head && self.pub_received >= self.pub_head
    }

    /// The pull to write, if one is due and there is room for its answer.
    pub(crate) fn next_pull(
        &mut self,
        room: usize,
        now_ms: u64,
        new_request: impl FnOnce() -> RequestId,
    ) -> Option<ClientFrame> {
        if self.is_caught_up() || room == 0 {
            return None;
        }
        match self.pull {
            Pull::UnderWay { until_ms, .. } | Pull::Paused { until_ms } if now_ms < until_ms => {
                return None;
            }
            _ => {}
        }
        let req = new_request();
        self.pull = Pull::UnderWay {
            req,
            until_ms: now_ms + PULL_TIMEOUT_MS,
        };
        let limit = u16::try_from(room.min(PAGE_ENTRIES_MAX)).ok();
        Some(ClientFrame::Pull {
            req,
            after: self.received,
            limit,
            pub_after: Some(self.pub_received),
        })
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        match self.pull {
            Pull::None => None,
            Pull::UnderWay { until_ms, .. } | Pull::Paused { until_ms } => Some(until_ms),
        }
    }

    fn accept(&mut self, entries: Vec<Entry>, room: usize, stats: &mut Stats) -> Vec<Entry> {
        let mut accepted = Vec::new();
        for entry in entries {
            self.head = self.head.max(entry.seq);
            let early = self
                .early
                .binary_search_by_key(&entry.seq, |early| early.seq);
            match early {
                _ if entry.seq <= self.received => stats.duplicates_dropped += 1,
                Ok(_) => stats.duplicates_dropped += 1,
                Err(_) if entry.seq == self.received.next() && accepted.len() < room => {
                    self.received = entry.seq;
                    accepted.push(entry);
                    self.accept_early(&mut accepted, room);
                }
                Err(place) if self.early.len() < INBOX_EARLY_MAX => {
                    self.early.insert(place, entry);
                }
                Err(_) => {}
            }
        }
        self.accept_early(&mut accepted, room);
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
