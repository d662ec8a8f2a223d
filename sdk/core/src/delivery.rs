//! What the app gets, and where the cursor is.
//!
//! Entries of all timelines wait in one line, in the order in which they came. One batch at
//! a time is with the app. A cursor moves when the app has taken an entry, never before; a
//! batch that a handler refused comes again, the refused event first.

use std::collections::VecDeque;

use seqline_protocol::{
    ConvId, Entry, Epoch, Item, Message, MessageHead, Passed, PublicNews, PublicPlace, ResetReason,
    Seq, UserId, limits::INBOX_ENTRIES_MAX,
};

use crate::{
    event::Delivered,
    failure::{Failure, FailureCode},
    input::DeliveryId,
    output::Output,
};

/// Events that a handler gets at once: few enough that a page stays responsive.
const BATCH_MAX: usize = 64;
/// Times that an event is given to a handler that fails.
const ATTEMPTS_MAX: u32 = 4;
/// Pause before the second attempt; doubles.
const RETRY_MS: u64 = 1_000;

/// The way to the app.
#[derive(Debug)]
pub(crate) struct Delivery {
    waiting: VecDeque<Waiting>,
    /// How many of them are of large conversations.
    waiting_of_crowds: usize,
    outstanding: Option<Outstanding>,
    last_id: u32,
    /// Attempts that the event at the front has failed.
    attempts: u32,
    retry_at_ms: Option<u64>,
    cursor: Seq,
    epoch: Option<Epoch>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all of them are entries")]
enum Waiting {
    /// Of a large conversation's timeline, or of the user's own.
    Entry(Option<ConvId>, Entry),
    /// News of the public mailbox, and the place after them.
    Public(Passed<PublicNews>, PublicPlace),
    Reset {
        reason: ResetReason,
        head: Seq,
        epoch: Epoch,
    },
    CrowdReset {
        conv: ConvId,
        reason: ResetReason,
        head: Seq,
    },
}

/// What moved when the app took something.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The cursor of the user's own timeline.
    pub(crate) own: bool,
    /// Where the place in the public mailbox is now.
    pub(crate) public: Option<PublicPlace>,
    /// The app knows that its own timeline was reset.
    pub(crate) reset: bool,
    /// Where large conversations' cursors are now.
    pub(crate) crowds: Vec<(ConvId, Seq)>,
}

/// An entry that is not for the app: read a large conversation after a seq, or no longer.
#[derive(Debug)]
pub(crate) struct CrowdItem {
    pub(crate) conv: ConvId,
    pub(crate) after: Option<Seq>,
}

#[derive(Debug)]
struct Outstanding {
    id: DeliveryId,
    /// How many of `waiting`, from the front, are with the app.
    count: usize,
    /// A reset came meanwhile: what is with the app moves no cursor.
    stale: bool,
}

impl Delivery {
    pub(crate) fn new(epoch: Option<Epoch>, cursor: Seq) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_of_crowds: 0,
            outstanding: None,
            last_id: 0,
            attempts: 0,
            retry_at_ms: None,
            cursor,
            epoch,
        }
    }

    pub(crate) fn cursor(&self) -> Seq {
        self.cursor
    }

    /// The numbering of the cursor; none on a new device.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// A new device starts here.
    pub(crate) fn start(&mut self, epoch: Epoch, cursor: Seq) {
        self.epoch = Some(epoch);
        self.cursor = cursor;
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many more entries of the user's own timeline may wait.
    pub(crate) fn room(&self) -> usize {
        INBOX_ENTRIES_MAX.saturating_sub(self.waiting.len() - self.waiting_of_crowds)
    }

    /// How many more entries of large conversations may wait.
    pub(crate) fn room_of_crowds(&self) -> usize {
        INBOX_ENTRIES_MAX.saturating_sub(self.waiting_of_crowds)
    }

    /// Entries of a large conversation's timeline, or of the user's own.
    pub(crate) fn add_entries(&mut self, conv: Option<&ConvId>, mut entries: Vec<Entry>) {
        if conv.is_some() {
            entries.retain(|entry| !matches!(entry.item, Item::Crowd { .. }));
            self.waiting_of_crowds += entries.len();
        }
        let waiting = entries
            .into_iter()
            .map(|entry| Waiting::Entry(conv.cloned(), entry));
        self.waiting.extend(waiting);
    }

    /// News of the public mailbox, and the place after them.
    pub(crate) fn add_public(&mut self, news: Passed<PublicNews>, place: PublicPlace) {
        self.waiting.push_back(Waiting::Public(news, place));
    }

    /// What waited is of a timeline that cannot be continued.
    pub(crate) fn reset(&mut self, reason: ResetReason, head: Seq, epoch: Epoch) {
        self.waiting
            .retain(|waiting| matches!(waiting, Waiting::Public(..)));
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.stale = true;
            outstanding.count = 0;
        }
        self.attempts = 0;
        self.retry_at_ms = None;
        self.waiting_of_crowds = 0;
        self.waiting.push_front(Waiting::Reset {
            reason,
            head,
            epoch,
        });
    }

    /// A large conversation cannot be continued. What waits of it comes first, as it is in
    /// order.
    pub(crate) fn reset_crowd(&mut self, conv: ConvId, reason: ResetReason, head: Seq) {
        self.waiting_of_crowds += 1;
        self.waiting
            .push_back(Waiting::CrowdReset { conv, reason, head });
    }

    /// The next entry, if it is not for the app and nothing before it is with the app.
    pub(crate) fn next_crowd_item(&mut self) -> Option<CrowdItem> {
        if self.outstanding.is_some() || !self.waiting.front()?.is_crowd_item() {
            return None;
        }
        let Some(Waiting::Entry(
            None,
            Entry {
                seq,
                item: Item::Crowd { conv, after },
            },
        )) = self.waiting.pop_front()
        else {
            return None;
        };
        self.cursor = seq;
        if after.is_none() {
            self.forget(&conv);
        }
        Some(CrowdItem { conv, after })
    }

    /// What waits of a large conversation that was left is not wanted any more.
    fn forget(&mut self, conv: &ConvId) {
        self.waiting.retain(|waiting| waiting.crowd() != Some(conv));
        self.waiting_of_crowds = self
            .waiting
            .iter()
            .filter(|waiting| waiting.crowd().is_some())
            .count();
    }

    /// The next batch for the app, if none is with it.
    pub(crate) fn next_batch(&mut self, user: Option<&UserId>, now_ms: u64) -> Option<Output> {
        if self.outstanding.is_some()
            || self.waiting.is_empty()
            || self.retry_at_ms.is_some_and(|at_ms| now_ms < at_ms)
        {
            return None;
        }
        self.retry_at_ms = None;
        self.last_id = self.last_id.wrapping_add(1);
        let id = DeliveryId(self.last_id);
        let events: Vec<_> = self
            .waiting
            .iter()
            .take(BATCH_MAX)
            .map_while(|waiting| waiting.event(user))
            .collect();
        self.outstanding = Some(Outstanding {
            id,
            count: events.len(),
            stale: false,
        });
        Some(Output::Deliver(id, events))
    }

    /// The app took all of a batch.
    pub(crate) fn taken(&mut self, id: DeliveryId) -> Progress {
        match self.outstanding.take_if(|outstanding| outstanding.id == id) {
            Some(Outstanding { count, .. }) => self.advance(count),
            None => Progress::default(),
        }
    }

    /// A handler failed after the first `taken` events: the rest comes again after a pause.
    /// An event that keeps failing is passed over, and said so.
    pub(crate) fn refused(
        &mut self,
        id: DeliveryId,
        taken: usize,
        now_ms: u64,
    ) -> (Progress, Option<Failure>) {
        let outstanding = self
            .outstanding
            .take_if(|outstanding| outstanding.id == id)
            .filter(|outstanding| !outstanding.stale);
        let Some(outstanding) = outstanding else {
            return Default::default();
        };
        let taken = taken.min(outstanding.count);
        let attempts = if taken == 0 { self.attempts + 1 } else { 1 };
        if attempts < ATTEMPTS_MAX {
            let progress = self.advance(taken);
            self.attempts = attempts;
            self.retry_at_ms = Some(now_ms + (RETRY_MS << (attempts - 1)));
            return (progress, None);
        }
        let message = format!(
            "a handler failed {ATTEMPTS_MAX} times; its event was passed over, and will not come again"
        );
        (
            self.advance(1),
            Some(Failure::new(FailureCode::HandlerFailed, message)),
        )
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.retry_at_ms
    }

    fn advance(&mut self, count: usize) -> Progress {
        let mut progress = Progress::default();
        for waiting in self.waiting.drain(..count) {
            self.attempts = 0;
            match waiting {
                Waiting::Entry(None, entry) => self.cursor = entry.seq,
                Waiting::Public(_, place) => {
                    progress.public = Some(place);
                    continue;
                }
                Waiting::Reset { head, epoch, .. } => {
                    self.cursor = head;
                    self.epoch = Some(epoch);
                    progress.reset = true;
                }
                Waiting::Entry(Some(conv), Entry { seq, .. })
                | Waiting::CrowdReset {
                    conv, head: seq, ..
                } => {
                    self.waiting_of_crowds -= 1;
                    progress.crowds.push((conv, seq));
                    continue;
                }
            }
            progress.own = true;
        }
        progress
    }
}

impl Waiting {
    /// Whose timeline it is of, if of a large conversation's.
    fn crowd(&self) -> Option<&ConvId> {
        match self {
            Self::Entry(conv, _) => conv.as_ref(),
            Self::CrowdReset { conv, .. } => Some(conv),
            _ => None,
        }
    }

    fn is_crowd_item(&self) -> bool {
        matches!(self, Self::Entry(None, entry) if matches!(entry.item, Item::Crowd { .. }))
    }

    /// None if it is not for the app.
    fn event(&self, user: Option<&UserId>) -> Option<Delivered> {
        let reset = |reason: &ResetReason, head: &Seq, conv: Option<&ConvId>| Delivered::Reset {
            reason: *reason,
            head: *head,
            conv: conv.cloned(),
        };
        Some(match self {
            Self::Public(news, _) => Delivered::Public { news: news.clone() },
            Self::Reset { reason, head, .. } => reset(reason, head, None),
            Self::CrowdReset { conv, reason, head } => reset(reason, head, Some(conv)),
            Self::Entry(conv, Entry { seq, item }) => {
                event(*seq, item.clone(), conv.is_some(), user)?
            }
        })
    }
}

fn event(seq: Seq, item: Item, crowd: bool, user: Option<&UserId>) -> Option<Delivered> {
    Some(match item {
        Item::Message(message) => Delivered::Message {
            seq,
            own: is_own(&message, user),
            message,
            crowd,
        },
        Item::Edit(message) => Delivered::Edit {
            seq,
            own: is_own(&message, user),
            message,
            crowd,
        },
        Item::Receipt(receipt) => Delivered::Receipt { seq, receipt },
        Item::Read { conv, conv_seq } => Delivered::Read {
            seq,
            conv,
            conv_seq,
        },
        Item::Recall {
            conv,
            conv_seq,
            msg_id,
            by,
        } => Delivered::Recall {
            seq,
            conv,
            conv_seq,
            msg_id,
            by,
            crowd,
        },
        Item::Delete { conv, conv_seq } => Delivered::Delete {
            seq,
            conv,
            conv_seq,
        },
        Item::Group(change) => Delivered::Group { seq, change, crowd },
        Item::Seen { broadcast, opened } => Delivered::Seen {
            seq,
            broadcast,
            opened,
        },
        Item::Crowd { .. } => return None,
    })
}

fn is_own(message: &Passed<Message>, user: Option<&UserId>) -> bool {
    MessageHead::of(message).is_some_and(|head| Some(&head.sender) == user)
}
