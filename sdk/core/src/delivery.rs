//! What the app gets, and where the cursor is.
//!
//! One batch at a time is with the app. The cursor moves when the app has taken it, never
//! before; a batch that a handler refused comes again, the refused event first.

use std::collections::VecDeque;

use seqline_protocol::{
    BroadcastChange, Entry, Epoch, Item, PubSeq, ResetReason, Seq, UserId,
    limits::INBOX_ENTRIES_MAX,
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
    outstanding: Option<Outstanding>,
    last_id: u32,
    /// Attempts that the event at the front has failed.
    attempts: u32,
    retry_at_ms: Option<u64>,
    cursor: Seq,
    pub_cursor: PubSeq,
    epoch: Option<Epoch>,
}

#[derive(Debug)]
enum Waiting {
    Entry(Entry),
    Broadcast(BroadcastChange),
    Reset {
        reason: ResetReason,
        head: Seq,
        epoch: Epoch,
    },
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
    pub(crate) fn new(epoch: Option<Epoch>, cursor: Seq, pub_cursor: PubSeq) -> Self {
        Self {
            waiting: VecDeque::new(),
            outstanding: None,
            last_id: 0,
            attempts: 0,
            retry_at_ms: None,
            cursor,
            pub_cursor,
            epoch,
        }
    }

    pub(crate) fn cursor(&self) -> Seq {
        self.cursor
    }

    pub(crate) fn pub_cursor(&self) -> PubSeq {
        self.pub_cursor
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

    /// How many more entries may wait.
    pub(crate) fn room(&self) -> usize {
        INBOX_ENTRIES_MAX.saturating_sub(self.waiting.len())
    }

    pub(crate) fn add_entries(&mut self, entries: Vec<Entry>) {
        self.waiting.extend(entries.into_iter().map(Waiting::Entry));
    }

    pub(crate) fn add_broadcasts(&mut self, changes: Vec<BroadcastChange>) {
        self.waiting
            .extend(changes.into_iter().map(Waiting::Broadcast));
    }

    /// What waited is of a timeline that cannot be continued.
    pub(crate) fn reset(&mut self, reason: ResetReason, head: Seq, epoch: Epoch) {
        self.waiting
            .retain(|waiting| matches!(waiting, Waiting::Broadcast(_)));
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.stale = true;
            outstanding.count = 0;
        }
        self.attempts = 0;
        self.retry_at_ms = None;
        self.waiting.push_front(Waiting::Reset {
            reason,
            head,
            epoch,
        });
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
            .map(|waiting| waiting.event(user))
            .collect();
        self.outstanding = Some(Outstanding {
            id,
            count: events.len(),
            stale: false,
        });
        Some(Output::Deliver(id, events))
    }

    /// The app took all of a batch; true if the cursor moved.
    pub(crate) fn taken(&mut self, id: DeliveryId) -> bool {
        match self.outstanding.take_if(|outstanding| outstanding.id == id) {
            Some(Outstanding { count, .. }) => self.advance(count),
            None => false,
        }
    }

    /// A handler failed after the first `taken` events: the rest comes again after a pause.
    /// An event that keeps failing is passed over, and said so.
    pub(crate) fn refused(
        &mut self,
        id: DeliveryId,
        taken: usize,
        now_ms: u64,
    ) -> (bool, Option<Failure>) {
        let Some(outstanding) = self.outstanding.take_if(|outstanding| outstanding.id == id) else {
            return (false, None);
        };
        if outstanding.stale {
            return (false, None);
        }
        let mut moved = self.advance(taken.min(outstanding.count));
        self.attempts += 1;
        if self.attempts < ATTEMPTS_MAX {
            self.retry_at_ms = Some(now_ms + (RETRY_MS << (self.attempts - 1)));
            return (moved, None);
        }
        moved |= self.advance(1);
        let message = format!("a handler failed {ATTEMPTS_MAX} times; its event was passed over");
        (
            moved,
            Some(Failure::new(FailureCode::HandlerFailed, message)),
        )
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.retry_at_ms
    }

    /// The public mailbox was looked through up to here, and nothing of it waits.
    pub(crate) fn pass_public(&mut self, pub_received: PubSeq) -> bool {
        let passed = self.waiting.is_empty() && pub_received > self.pub_cursor;
        if passed {
            self.pub_cursor = pub_received;
        }
        passed
    }

    fn advance(&mut self, count: usize) -> bool {
        for waiting in self.waiting.drain(..count) {
            self.attempts = 0;
            match waiting {
                Waiting::Entry(entry) => self.cursor = entry.seq,
                Waiting::Broadcast(change) => self.pub_cursor = change.pub_seq,
                Waiting::Reset { head, epoch, .. } => {
                    self.cursor = head;
                    self.epoch = Some(epoch);
                }
            }
        }
        count > 0
    }
}

impl Waiting {
    fn event(&self, user: Option<&UserId>) -> Delivered {
        match self {
            Self::Broadcast(change) => Delivered::Broadcast(change.clone()),
            Self::Reset { reason, head, .. } => Delivered::Reset {
                reason: *reason,
                head: *head,
            },
            Self::Entry(Entry { seq, item }) => match item {
                Item::Message(message) => Delivered::Message {
                    seq: *seq,
                    own: Some(&message.sender) == user,
                    message: message.clone(),
                },
                Item::Receipt(receipt) => Delivered::Receipt {
                    seq: *seq,
                    receipt: receipt.clone(),
                },
                Item::Read { conv, conv_seq } => Delivered::Read {
                    seq: *seq,
                    conv: conv.clone(),
                    conv_seq: *conv_seq,
                },
                Item::Recall {
                    conv,
                    conv_seq,
                    msg_id,
                    by,
                } => Delivered::Recall {
                    seq: *seq,
                    conv: conv.clone(),
                    conv_seq: *conv_seq,
                    msg_id: *msg_id,
                    by: by.clone(),
                },
            },
        }
    }
}
